import { ENTRY_COLUMNS, type EntryBatch, type EntryEncoding } from './entry-batch.js';
import type { EntryVerification } from './certificate-message.js';
import { NO_ISSUERS } from './issuer-map.js';

/**
 * The members of an {@link EntryBatch} that the decoder of its entries does not know. The default for `issuers` is an empty map, for
 * `verification` it is `off`.
 */
export type EntryBatchHead = Pick<EntryBatch, 'source' | 'firstIndex' | 'bytes' | 'seen'> &
  Partial<Pick<EntryBatch, 'issuers' | 'verification'>>;

/**
 * Collects the rows of one {@link EntryBatch}. The decoders of `src/ct-log` locate the parts of an entry and write their
 * offsets directly into {@link table}. The builder itself parses nothing.
 */
export class EntryBatchBuilder {
  /** Growing replaces this array, so read the property again after every {@link add}. */
  table: Uint32Array;
  private timestamps: Float64Array;
  private rows = 0;

  /** @param capacity expected number of rows; the builder grows if there are more. */
  constructor(
    private readonly encoding: EntryEncoding,
    capacity = 256,
  ) {
    const rows = Math.max(1, capacity);
    this.table = new Uint32Array(rows * ENTRY_COLUMNS);
    this.timestamps = new Float64Array(rows);
  }

  get count(): number {
    return this.rows;
  }

  /**
   * Appends a row of zeros (x509_entry, all parts empty, no problem).
   * @param timestamp TimestampedEntry.timestamp in milliseconds; 0 if it could not be read.
   * @returns `row`, the index of the first column of the row: write to `table[row + EntryColumn.X]`.
   */
  add(timestamp: number): number {
    if (this.rows === this.timestamps.length) this.grow();
    this.timestamps[this.rows] = timestamp;
    return this.rows++ * ENTRY_COLUMNS;
  }

  /** Returns the finished batch. The builder must not be used afterwards. */
  build(head: EntryBatchHead): EntryBatch {
    const { source, firstIndex, bytes, seen, issuers = NO_ISSUERS, verification = 'off' } = head;
    const { encoding, rows: count } = this;
    const table = this.table.subarray(0, count * ENTRY_COLUMNS);
    const timestamps = this.timestamps.subarray(0, count);
    return { source, encoding, firstIndex, count, bytes, table, timestamps, seen, issuers, verification };
  }

  private grow(): void {
    const table = new Uint32Array(this.table.length * 2);
    table.set(this.table);
    this.table = table;
    const timestamps = new Float64Array(this.timestamps.length * 2);
    timestamps.set(this.timestamps);
    this.timestamps = timestamps;
  }
}

/**
 * Returns entries `from` (inclusive) to `to` (exclusive) of a batch, counted from its first entry, as views on the same
 * memory. Every batch has the same keys in the same order, so that the code that reads batches stays monomorphic.
 */
export function sliceEntryBatch(batch: EntryBatch, from: number, to: number): EntryBatch {
  const start = Math.min(Math.max(from, 0), batch.count);
  const end = Math.min(Math.max(to, start), batch.count);
  return {
    source: batch.source,
    encoding: batch.encoding,
    firstIndex: batch.firstIndex + start,
    count: end - start,
    bytes: batch.bytes,
    table: batch.table.subarray(start * ENTRY_COLUMNS, end * ENTRY_COLUMNS),
    timestamps: batch.timestamps.subarray(start, end),
    seen: batch.seen,
    issuers: batch.issuers,
    verification: batch.verification,
  };
}

/** Returns the batch with another {@link EntryBatch.verification}, as a view on the same memory. */
export function withVerification(batch: EntryBatch, verification: EntryVerification): EntryBatch {
  if (batch.verification === verification) return batch;
  const { source, encoding, firstIndex, count, bytes, table, timestamps, seen, issuers } = batch;
  return { source, encoding, firstIndex, count, bytes, table, timestamps, seen, issuers, verification };
}
