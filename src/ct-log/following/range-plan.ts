import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import type { CtLogClient } from '../client/ct-log-client.js';
import type { Load } from '../scheduling/flight-budget.js';

/**
 * Most entries that are requested of a log that is failing or has not delivered yet: while it hangs, the other logs miss the
 * memory that it holds.
 */
const MAX_UNANSWERED_BATCH = 32;
/** After so many ranges, a request beyond the end of a page shows whether pages have grown. */
const RANGES_PER_PROBE = 64;
/** What an entry takes until the first batch has come: as much as an entry of a decoded get-entries page. */
const FIRST_GUESS_BYTES = 4096;
/** Weight of the newest batch in the mean size of an entry. */
const SMOOTHING = 0.2;

export interface RangePlanOptions {
  readonly client: CtLogClient;
  /** Most entries of this log that are requested and not yet delivered. */
  readonly maxBatch: number;
  /** Whether each request fetches the whole page, as with tiles. */
  readonly rereadsPages: boolean;
}

/** Where the requests for entries of one log end, and what their answers are expected to take. */
export class RangePlan {
  private sinceProbe = 0;
  private bytesPerEntry = FIRST_GUESS_BYTES;

  constructor(private readonly options: RangePlanOptions) {}

  /** Whether the next request goes beyond its page. Nothing may be under way after it. */
  get isProbeDue(): boolean {
    return this.sinceProbe >= RANGES_PER_PROBE;
  }

  /** A range is requested. */
  opened(): void {
    this.sinceProbe++;
  }

  /** Where the page or tile of an entry ends. */
  boundary(index: number): number {
    return this.options.client.pageSize === undefined ? index + MAX_UNANSWERED_BATCH : this.pageEnd(index);
  }

  /** Where the page or tile of an entry ends, or the part of it that may be requested at once. */
  pageEnd(index: number): number {
    const { client, maxBatch } = this.options;
    const size = client.pageSize ?? maxBatch;
    const piece = Math.min(size, maxBatch);
    const offset = index % size;
    return index - offset + Math.min(size, offset - (offset % piece) + piece);
  }

  /**
   * The end of a range with nothing before it: of the page if the tree covers it, else of the tree.
   * @param hasAnswered whether the last request for entries succeeded.
   */
  endOfFirst(next: number, treeSize: number, hasAnswered: boolean): number {
    const { client, maxBatch } = this.options;
    if (!hasAnswered) return Math.min(treeSize, next + Math.min(maxBatch, MAX_UNANSWERED_BATCH));
    const pageEnd = this.pageEnd(next);
    if (client.pageSize !== undefined && pageEnd < treeSize && !this.isProbeDue) return pageEnd;
    this.sinceProbe = 0;
    return Math.min(treeSize, next + maxBatch);
  }

  /** What the answer for the entries [from, to) is expected to take, by the size of earlier entries. */
  load(from: number, to: number, treeSize: number): Load {
    const entries = to - from;
    const fetched = this.options.rereadsPages ? this.width(from, treeSize) : entries;
    return { entries, bytes: Math.ceil(fetched * this.bytesPerEntry) };
  }

  /** Most entries that take no more than `load`; at least one. */
  entriesWithin({ entries, bytes }: Load): number {
    return Math.max(1, Math.min(entries, Math.floor(bytes / this.bytesPerEntry)));
  }

  /** Learns the size of an entry. A batch of a tile keeps the entries before and after it in memory, too. */
  observe(batch: EntryBatch, treeSize: number): void {
    const width = batch.issuers === undefined ? 0 : this.width(batch.firstIndex, treeSize);
    const entries = Math.max(batch.count, width);
    this.bytesPerEntry += SMOOTHING * (memoryOf(batch) / entries - this.bytesPerEntry);
  }

  /** The number of entries in the page or tile of an entry, as far as the tree covers it. */
  private width(index: number, treeSize: number): number {
    const { pageSize = 1 } = this.options.client;
    const start = index - (index % pageSize);
    return Math.min(start + pageSize, Math.max(treeSize, index + 1)) - start;
  }
}
