import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import type { CtLogClient } from '../client/ct-log-client.js';
import type { Load } from '../scheduling/flight-budget.js';

/** Of one entry, until some have come: what a get-entries page takes decoded. */
const FIRST_GUESS_BYTES = 4096;
/** Weight of the newest batch in the mean size of an entry. */
const SMOOTHING = 0.2;

export interface RangeLoadsOptions {
  readonly client: Pick<CtLogClient, 'pageSize'>;
  /** Whether the whole page comes with any part of it, as tiles do. */
  readonly rereadsPages: boolean;
}

/** What ranges of one log are expected to take, by what its entries took so far. */
export class RangeLoads {
  private bytesPerEntry = FIRST_GUESS_BYTES;

  constructor(private readonly options: RangeLoadsOptions) {}

  /** Of the entries [from, to). */
  of(from: number, to: number, treeSize: number): Load {
    const entries = to - from;
    const coming = this.options.rereadsPages ? this.width(from, treeSize) : entries;
    return { entries, bytes: Math.ceil(coming * this.bytesPerEntry) };
  }

  /** Most entries that take no more than `load`, one at least. */
  entriesIn({ entries, bytes }: Load): number {
    return Math.max(1, Math.min(entries, Math.floor(bytes / this.bytesPerEntry)));
  }

  /** Of a tile, the entries before and behind the batch are in memory, too. */
  observe(batch: EntryBatch, treeSize: number): void {
    const width = batch.issuers === undefined ? 0 : this.width(batch.firstIndex, treeSize);
    const entries = Math.max(batch.count, width);
    this.bytesPerEntry += SMOOTHING * (memoryOf(batch) / entries - this.bytesPerEntry);
  }

  /** Entries of the page or tile of an entry, as far as there are any. */
  private width(index: number, treeSize: number): number {
    const { pageSize = 1 } = this.options.client;
    const start = index - (index % pageSize);
    return Math.min(start + pageSize, Math.max(treeSize, index + 1)) - start;
  }
}
