import { ENTRY_COLUMNS, type EntryBatch } from './entry-batch.js';

/** Everything of an {@link EntryBatch} that is not a row. */
export type EntryBatchHead = Omit<EntryBatch, 'count' | 'table' | 'timestamps'>;

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
  constructor(capacity = 256) {
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
  build(head: EntryBatchHead): EntryBatch {
    const table = this.table.subarray(0, this.rows * ENTRY_COLUMNS);
    return batchOf(head, this.rows, table, this.timestamps.subarray(0, this.rows));
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
 * same memory.
 */
export function sliceEntryBatch(batch: EntryBatch, from: number, to: number): EntryBatch {
  const start = Math.min(Math.max(from, 0), batch.count);
  const end = Math.min(Math.max(to, start), batch.count);
  const firstIndex = batch.firstIndex + start;
  const { source, bytes, seen, issuers } = batch;
  return batchOf(
    { source, firstIndex, bytes, seen, issuers },
    end - start,
    batch.table.subarray(start * ENTRY_COLUMNS, end * ENTRY_COLUMNS),
    batch.timestamps.subarray(start, end),
  );
}

/** Every batch has the same keys in the same order, so that the code that reads them stays monomorphic. */
function batchOf(
  { source, firstIndex, bytes, seen, issuers }: EntryBatchHead,
  count: number,
  table: Uint32Array,
  timestamps: Float64Array,
): EntryBatch {
  return { source, firstIndex, count, bytes, table, timestamps, seen, issuers };
}
