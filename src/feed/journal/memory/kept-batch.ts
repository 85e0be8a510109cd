import type { EntryBatch } from '../../../certificate/entry-batch.js';
import { PackedRows } from '../../../certificate/packed-rows.js';
import type { BlockMemory, MemoryRange } from './block-memory.js';

/**
 * KeptBatch is a copy of a batch. It holds nothing of the memory of the page or tile but the octets of the entries; the issuers of a
 * tile are shared with it.
 */
export class KeptBatch {
  /** Octets of memory of the copy, issuers included. */
  readonly size: number;
  private readonly batch: EntryBatch;
  private readonly range: MemoryRange;

  constructor(
    batch: EntryBatch,
    private readonly memory: BlockMemory,
  ) {
    const rows = new PackedRows(batch);
    this.range = memory.take(rows.length);
    const { bytes } = this.range;
    rows.copyTo(bytes, 0);
    const { table } = rows;
    const timestamps = batch.timestamps.slice();
    this.batch = { ...batch, bytes, table, timestamps };
    this.size = bytes.length + table.byteLength + timestamps.byteLength + batch.issuers.bytes;
  }

  /** Number of entries. */
  get count(): number {
    return this.batch.count;
  }

  /** Returns a batch that stays unchanged after {@link free}. */
  read(): EntryBatch {
    return { ...this.batch, bytes: Buffer.from(this.range.bytes) };
  }

  free(): void {
    this.memory.free(this.range);
  }
}
