import { ENTRY_COLUMNS, type EntryBatch, type EntryEncoding } from './entry-batch.js';
import { NO_ISSUERS } from './issuer-map.js';

/** What the decoder of entries does not know of their {@link EntryBatch}. No issuers: an empty map. */
export type EntryBatchHead = Pick<EntryBatch, 'source' | 'firstIndex' | 'bytes' | 'seen'> &
  Partial<Pick<EntryBatch, 'issuers'>>;

/**
 * Collects the rows of one {@link EntryBatch}. The decoders of `src/ct-log` locate the parts of an entry
 * and write their offsets straight into {@link table}; nothing is parsed here.
 */
export class EntryBatchBuilder {
  /** Replaced when it grows: read it again after every {@link add}. */
  table: Uint32Array;
  private timestamps: Float64Array;
  private rows = 0;

  /** @param capacity number of rows expected; more are possible. */
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
   * @param timestamp TimestampedEntry.timestamp, milliseconds; 0 when it could not be read.
   * @returns position of the row's first column: write `table[row + EntryColumn.X]`.
   */
  add(timestamp: number): number {
    if (this.rows === this.timestamps.length) this.grow();
    this.timestamps[this.rows] = timestamp;
    return this.rows++ * ENTRY_COLUMNS;
  }

  /** The finished batch; the builder must not be used afterwards. */
  build({ source, firstIndex, bytes, seen, issuers = NO_ISSUERS }: EntryBatchHead): EntryBatch {
    const { encoding, rows: count } = this;
    const table = this.table.subarray(0, count * ENTRY_COLUMNS);
    const timestamps = this.timestamps.subarray(0, count);
    return { source, encoding, firstIndex, count, bytes, table, timestamps, seen, issuers };
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
 * Entries `from` (inclusive) to `to` (exclusive) of a batch, counted from its first entry, as views on the
 * same memory. Every batch has the same keys in the same order, so that the code that reads them stays monomorphic.
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
  };
}
