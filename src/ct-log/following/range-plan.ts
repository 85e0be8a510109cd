import type { CtLogClient } from '../client/ct-log-client.js';

/**
 * A failing log, and one that has not delivered yet, is asked for little: what it holds of the bound over all logs
 * while it hangs is missing to the others.
 */
const MAX_UNPROVEN_BATCH = 32;
/** So many ranges later a request beyond the page can show whether pages have grown. */
const RANGES_PER_PROBE = 64;

export interface RangePlanOptions {
  readonly client: Pick<CtLogClient, 'pageSize'>;
  /** Most entries of this log that are requested and not yet delivered. */
  readonly maxBatch: number;
}

/** Where the requests for entries of one log end: at the end of a page or tile, once its size is known. */
export class RangePlan {
  private sinceProbe = 0;

  constructor(private readonly options: RangePlanOptions) {}

  /** Whether the next request should go beyond its page; nothing may be under way behind it. */
  get isProbeDue(): boolean {
    return this.sinceProbe >= RANGES_PER_PROBE;
  }

  /** A range is asked for. */
  opened(): void {
    this.sinceProbe++;
  }

  /** Where the page or tile of an entry ends. */
  boundary(index: number): number {
    return this.options.client.pageSize === undefined ? index + MAX_UNPROVEN_BATCH : this.pageEnd(index);
  }

  /** The same, or less, if that is more than may be requested. */
  pageEnd(index: number): number {
    const { client, maxBatch } = this.options;
    const size = client.pageSize ?? maxBatch;
    const piece = Math.min(size, maxBatch);
    const offset = index % size;
    return index - offset + Math.min(size, offset - (offset % piece) + piece);
  }

  /**
   * The end of a range with nothing before it: whole pages while there are more of them; else as far as there is anything.
   * @param hasAnswered whether the log answers.
   */
  endOfFirst(next: number, treeSize: number, hasAnswered: boolean): number {
    const { client, maxBatch } = this.options;
    if (!hasAnswered) return Math.min(treeSize, next + Math.min(maxBatch, MAX_UNPROVEN_BATCH));
    const pageEnd = this.pageEnd(next);
    if (client.pageSize !== undefined && pageEnd < treeSize && !this.isProbeDue) return pageEnd;
    this.sinceProbe = 0;
    return Math.min(treeSize, next + maxBatch);
  }
}
