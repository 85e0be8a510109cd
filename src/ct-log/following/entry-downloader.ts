import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { isRateLimited } from '../client/ct-log-error.js';
import type { EntryDelivery } from '../verification/entry-delivery.js';
import type { Load, Urgency } from '../scheduling/flight-budget.js';
import { RangePlan, type RangePlanOptions } from './range-plan.js';
import { RangeRequest, type RangeRequestOptions } from './range-request.js';

/** Maximum memory of the ranges of one log before they are delivered, octets. A single range may take more. */
const MAX_BYTES = 16 * 1024 * 1024;
/** After this many failures in a row of the first range, the later ranges are dropped. */
const FAILURES_TO_DROP = 2;
/** A log that requests a longer pause keeps no memory during the pause. */
const LONG_PAUSE_MS = 5000;
/** Ranges per concurrent request, including ranges that have arrived and wait for an earlier range. */
const RANGES_PER_REQUEST = 2;

export interface EntryDownloaderOptions extends RangeRequestOptions, RangePlanOptions {
  readonly client: Pick<CtLogClient, 'pageSize' | 'getEntries'>;
  readonly delivery: Pick<EntryDelivery, 'wantedIndex' | 'deliver'>;
  /** Maximum number of concurrent requests for entries of this log. */
  readonly maxParallel: number;
}

/**
 * EntryDownloader fetches the entries that the delivery wants next and delivers them in index order. While there is a backlog, it
 * requests several pages or tiles at a time. While the delivery is busy, it requests more entries only up to the limits.
 */
export class EntryDownloader {
  private readonly plan: RangePlan;
  /** Consecutive ranges. The first one begins at the index that the delivery wants. */
  private readonly ranges: RangeRequest[] = [];
  private treeSize = 0;
  /** Number of requests that may be under way at a time; grows in fractions. */
  private parallel = 1;
  /** Failures in a row of the first range. */
  private failures = 0;
  private failedIndex: number | undefined;

  /** @param signal ends every request. */
  constructor(
    private readonly options: EntryDownloaderOptions,
    private readonly signal: AbortSignal,
  ) {
    this.plan = new RangePlan(options);
    signal.addEventListener('abort', () => this.ranges.forEach((range) => range.end()), { once: true });
  }

  /**
   * Waits for the next range below the size of `head` and delivers it.
   * @param hasAnswered whether the last request for entries succeeded. If not, few entries are requested.
   * @throws what {@link CtLogClient.getEntries} and the delivery throw.
   */
  async step({ treeSize }: Pick<SignedTreeHead, 'treeSize'>, hasAnswered: boolean): Promise<void> {
    this.treeSize = treeSize;
    this.failedIndex = undefined;
    const { wantedIndex = treeSize } = this.options.delivery;
    if (wantedIndex >= treeSize) return;
    const first = this.openFirst(wantedIndex, hasAnswered);
    this.openMore();
    await first.settled;
    const { outcome } = first;
    if (outcome === undefined) return;
    if ('batch' in outcome) return this.deliver(first, outcome.batch);
    this.noteFailure(first, outcome.error);
    throw outcome.error;
  }

  /** The first index of the range whose download failed in the last step; undefined if no download failed. */
  get failedFrom(): number | undefined {
    return this.failedIndex;
  }

  /** The end of the page or tile that contains the entry to fetch next. */
  get pageBoundary(): number {
    return this.plan.boundary(this.options.delivery.wantedIndex ?? 0);
  }

  /** Drops all ranges. The next step begins at the index that the delivery wants. */
  restart(): void {
    this.dropFrom(0);
  }

  private openFirst(wantedIndex: number, hasAnswered: boolean): RangeRequest {
    if (this.ranges.length > 0 && this.ranges[0].from !== wantedIndex) this.restart();
    this.retryFailed();
    const [first] = this.ranges;
    if (first === undefined) {
      const end = this.plan.endOfFirst(wantedIndex, this.treeSize, hasAnswered);
      return this.open(wantedIndex, this.affordableEnd(wantedIndex, end));
    }
    // It waited for memory before it became the first range: later ranges must not keep the memory from it.
    if (first.isWaitingForRoom) this.dropFrom(1);
    return first;
  }

  /** Requests the first range again if it failed and, when the log answers again, the later ranges that failed. */
  private retryFailed(): void {
    for (const range of this.ranges.filter(hasFailed)) {
      const isWanted = range === this.ranges[0] || (this.failures === 0 && this.underWay < this.parallel);
      if (isWanted) this.request(range);
    }
  }

  /**
   * Requests one more full page after the last range, within the limits. Called again when that request is sent. So only one
   * request waits at a time, and several are under way only if the answers are slow.
   */
  private openMore(): void {
    const { ranges, plan } = this;
    const [first] = ranges;
    const end = ranges.at(-1)?.to;
    if (first === undefined || end === undefined || this.options.client.pageSize === undefined) return;
    if (this.failures > 0 || hasFailed(first) || plan.isProbeDue) return;
    const parallel = Math.floor(this.parallel);
    if (parallel < 2 || this.underWay >= parallel || ranges.length >= RANGES_PER_REQUEST * parallel) return;
    const to = plan.pageEnd(end);
    const isWaiting = ranges.some((range) => range.isWaiting);
    if (!isWaiting && to <= this.treeSize && this.fits(this.load(end, to))) this.open(end, to);
  }

  private get underWay(): number {
    return this.ranges.filter(({ outcome }) => outcome === undefined).length;
  }

  private fits(load: Load): boolean {
    let { entries, bytes } = load;
    for (const range of this.ranges) {
      entries += range.to - range.from;
      bytes += range.bytes;
    }
    return entries <= this.options.maxBatch && bytes <= MAX_BYTES;
  }

  /** Shortens a range so that it gets memory at once: other logs may have filled the memory that all logs share. */
  private affordableEnd(from: number, to: number): number {
    const { requests, rereadsPages } = this.options;
    // A part of a page that is fetched as a whole takes as much memory.
    if (rereadsPages || requests.admits(this.load(from, to), requests.isBacklog ? 'behind' : 'live'))
      return to;
    return Math.min(to, from + this.plan.entriesWithin(requests.guaranteed));
  }

  private load(from: number, to: number): Load {
    return this.plan.load(from, to, this.treeSize);
  }

  private open(from: number, to: number): RangeRequest {
    const range = new RangeRequest(this.options, from, to);
    this.ranges.push(range);
    this.plan.opened();
    this.request(range);
    return range;
  }

  private request(range: RangeRequest): void {
    const { from, to } = range;
    const { pageSize = Infinity } = this.options.client;
    range.start(this.treeSize, {
      load: this.load(from, Math.min(to, from + pageSize)),
      urgency: () => this.urgency(range),
      onNoRoom: () => {
        // Later ranges must not keep the memory from the first one.
        if (range === this.ranges[0]) this.dropFrom(1);
      },
      admitted: () => this.openMore(),
    });
    void range.settled.then(() => this.settled(range));
  }

  private settled(range: RangeRequest): void {
    const { outcome } = range;
    const hasError = outcome !== undefined && 'error' in outcome;
    if (hasError && this.ranges.includes(range) && !isRateLimited(outcome.error)) this.parallel = 1;
    if (!this.signal.aborted) this.openMore();
  }

  private urgency(range: RangeRequest): Urgency {
    if (range !== this.ranges[0]) return 'ahead';
    return this.options.requests.isBacklog ? 'behind' : 'live';
  }

  private async deliver(range: RangeRequest, batch: EntryBatch): Promise<void> {
    const { delivery } = this.options;
    this.failures = 0;
    this.plan.observe(batch, this.treeSize);
    const end = batch.firstIndex + batch.count;
    try {
      await delivery.deliver(batch, this.signal);
    } catch (error) {
      this.restart();
      throw error;
    }
    if (delivery.wantedIndex !== end) this.restart();
    else if (end < range.to && this.ranges.length > 1) {
      range.from = end;
      this.request(range);
    } else {
      this.ranges.shift()?.end();
      this.raiseParallelism();
    }
  }

  /** Allows one more request at a time after each round of successful requests, as far as the backlog has pages for them. */
  private raiseParallelism(): void {
    const { client, delivery, maxParallel } = this.options;
    const backlog = this.treeSize - (delivery.wantedIndex ?? 0);
    const pages = Math.floor(backlog / (client.pageSize ?? Infinity));
    this.parallel = Math.max(1, Math.min(maxParallel, pages, this.parallel + 1 / this.parallel));
  }

  private noteFailure({ from }: RangeRequest, error: unknown): void {
    this.failedIndex = from;
    this.failures++;
    const wantsLongPause = isRateLimited(error) && (error.retryAfterMs ?? 0) > LONG_PAUSE_MS;
    if (this.failures >= FAILURES_TO_DROP || wantsLongPause) this.restart();
  }

  private dropFrom(position: number): void {
    for (const range of this.ranges.splice(position)) range.end();
  }
}

function hasFailed({ outcome }: RangeRequest): boolean {
  return outcome !== undefined && 'error' in outcome;
}
