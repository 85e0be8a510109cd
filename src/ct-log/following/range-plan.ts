import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import type { CtLogClient } from '../client/ct-log-client.js';
import type { Load } from '../scheduling/flight-budget.js';

/**
 * Maximum number of entries in a request to a log that fails or has not delivered yet. If it hangs, the memory for its answer is
 * not available to other logs.
 */
const MAX_UNANSWERED_BATCH = 32;
/** After this many ranges, a request beyond the end of a page shows whether pages have grown. */
const RANGES_PER_PROBE = 64;
/** Assumed size of an entry before the first batch arrives: that of an entry in a decoded get-entries page. */
const FIRST_GUESS_BYTES = 4096;
/** Weight of the newest batch in the mean size of an entry. */
const SMOOTHING = 0.2;

export interface RangePlanOptions {
  readonly client: Pick<CtLogClient, 'pageSize'>;
  /** Maximum number of entries of this log that are requested and not yet delivered. */
  readonly maxBatch: number;
  /** Whether each request fetches the whole page, as with tiles. */
  readonly rereadsPages: boolean;
}

/** RangePlan decides where requests for entries of one log end, and estimates the size of the answers. */
export class RangePlan {
  private sinceProbe = 0;
  private bytesPerEntry = FIRST_GUESS_BYTES;

  constructor(private readonly options: RangePlanOptions) {}

  /** Whether the next request goes beyond its page. No later range may be under way then. */
  get isProbeDue(): boolean {
    return this.sinceProbe >= RANGES_PER_PROBE;
  }

  /** Notes that a range is requested. */
  opened(): void {
    this.sinceProbe++;
  }

  /** The end of the page or tile of an entry. */
  boundary(index: number): number {
    return this.options.client.pageSize === undefined ? index + MAX_UNANSWERED_BATCH : this.pageEnd(index);
  }

  /** The end of the page or tile of an entry, or of the part of it that one request may fetch. */
  pageEnd(index: number): number {
    const { client, maxBatch } = this.options;
    const size = client.pageSize ?? maxBatch;
    const piece = Math.min(size, maxBatch);
    const offset = index % size;
    return index - offset + Math.min(size, offset - (offset % piece) + piece);
  }

  /**
   * The end of a range without earlier ranges: the end of the page if the tree covers it, else the end of the tree.
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

  /** Estimates the size of the answer for the entries [from, to) from the size of earlier entries. */
  load(from: number, to: number, treeSize: number): Load {
    const entries = to - from;
    const fetched = this.options.rereadsPages ? this.width(from, treeSize) : entries;
    return { entries, bytes: Math.ceil(fetched * this.bytesPerEntry) };
  }

  /** The number of entries that fit into `load`; at least one. */
  entriesWithin({ entries, bytes }: Load): number {
    return Math.max(1, Math.min(entries, Math.floor(bytes / this.bytesPerEntry)));
  }

  /** Updates the mean size of an entry. A batch of a data tile keeps the entries before and after it in memory, too. */
  observe(batch: EntryBatch, treeSize: number): void {
    const { encoding, firstIndex, count } = batch;
    const entries = encoding === 'data-tile' ? Math.max(count, this.width(firstIndex, treeSize)) : count;
    this.bytesPerEntry += SMOOTHING * (memoryOf(batch) / entries - this.bytesPerEntry);
  }

  /** The number of entries in the page or tile of an entry, as far as the tree covers it. */
  private width(index: number, treeSize: number): number {
    const { pageSize = 1 } = this.options.client;
    const start = index - (index % pageSize);
    return Math.min(start + pageSize, Math.max(treeSize, index + 1)) - start;
  }
}
