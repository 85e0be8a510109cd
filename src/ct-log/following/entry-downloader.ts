import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { isRateLimited } from '../client/ct-log-error.js';
import type { EntryDelivery } from '../verification/entry-delivery.js';
import type { Load, Urgency } from '../scheduling/flight-budget.js';
import { RangeLoads, type RangeLoadsOptions } from './range-loads.js';
import { RangePlan, type RangePlanOptions } from './range-plan.js';
import { RangeRequest, type RangeRequestOptions } from './range-request.js';
import { ReorderWindow, type WindowSlot } from './reorder-window.js';

/** Of one log, whatever its entries are like. */
const MAX_WINDOW_BYTES = 16 * 1024 * 1024;
/** So often the range that fails is asked for again before what lies behind it is dropped. */
const FAILURES_TO_DROP = 2;
/** A log that asks for a longer pause holds no room meanwhile. */
const LONG_PAUSE_MS = 5000;
/** Ranges that may have arrived behind a slow one, per request under way. */
const WINDOW_PER_REQUEST = 2;

type Slot = WindowSlot<EntryBatch>;

export interface EntryDownloaderOptions extends RangeRequestOptions, RangePlanOptions, RangeLoadsOptions {
  readonly client: CtLogClient;
  readonly delivery: EntryDelivery;
  /** Most requests for entries of this log at the same time. */
  readonly maxParallel: number;
}

/**
 * Fetches what the delivery wants next, several pages or tiles at a time while there is a backlog, and hands it over in
 * index order. While the delivery takes its time, no more is asked for than the window holds.
 */
export class EntryDownloader {
  private readonly window: ReorderWindow<EntryBatch>;
  private readonly plan: RangePlan;
  private readonly loads: RangeLoads;
  private readonly requests = new Map<Slot, RangeRequest>();
  private head: SignedTreeHead | undefined;
  /** Requests that may be under way at a time, those that are, and those of them that wait to go out. */
  private parallel = 1;
  private underWay = 0;
  private waiting = 0;
  /** Those that wait for room. */
  private readonly roomless = new Set<Slot>();
  private failures = 0;
  private failedIndex: number | undefined;

  /** @param signal ends every request. */
  constructor(
    private readonly options: EntryDownloaderOptions,
    private readonly signal: AbortSignal,
  ) {
    this.window = new ReorderWindow({ maxEntries: options.maxBatch, maxBytes: MAX_WINDOW_BYTES });
    this.plan = new RangePlan(options);
    this.loads = new RangeLoads(options);
    const giveUp = (): void => this.requests.forEach((request) => request.end());
    signal.addEventListener('abort', giveUp, { once: true });
  }

  /**
   * Waits for the next range below the size of `head` and delivers it.
   * @param hasAnswered whether the log answers; else it is asked for little.
   * @throws what {@link CtLogClient.getEntries} and the delivery throw.
   */
  async step(head: SignedTreeHead, hasAnswered: boolean): Promise<void> {
    this.head = head;
    this.failedIndex = undefined;
    if (!this.openFirst(head, hasAnswered)) return;
    await this.window.settled();
    const slot = this.window.first;
    if (slot?.result === undefined) return;
    if ('error' in slot.result) {
      const { error } = slot.result;
      this.noteFailure(slot, error);
      throw error;
    }
    await this.deliver(slot, slot.result.value);
  }

  /** The first index of the range whose download failed in the last step; undefined when it was the delivery. */
  get failedFrom(): number | undefined {
    return this.failedIndex;
  }

  /** Where the page or tile of the entry wanted next ends. */
  get pageBoundary(): number {
    return this.plan.boundary(this.options.delivery.wantedIndex ?? 0);
  }

  /** Drops everything that is under way or waits; the next step begins at the index that the delivery wants. */
  restart(): void {
    this.drop(0);
  }

  private openFirst(head: SignedTreeHead, hasAnswered: boolean): boolean {
    const { wantedIndex: next } = this.options.delivery;
    if (next === undefined || next >= head.treeSize) return false;
    if (this.window.first !== undefined && this.window.first.from !== next) this.restart();
    this.retryFailed();
    const { first } = this.window;
    // It waited for room before it was the first: what lies behind it must not keep the room from it.
    if (first !== undefined && this.roomless.has(first)) this.drop(1);
    if (first === undefined)
      this.open(next, this.affordableEnd(next, this.plan.endOfFirst(next, head.treeSize, hasAnswered)));
    this.openMore();
    return true;
  }

  /**
   * The range that failed in the last step; once the log answers again also those behind it: the pause that their
   * failures asked for is over.
   */
  private retryFailed(): void {
    for (const slot of this.window.failed()) {
      const isWanted = slot === this.window.first || (this.failures === 0 && this.underWay < this.parallel);
      if (isWanted) this.request(slot);
    }
  }

  /**
   * Ranges behind the first one: full pages only, as many as the log has earned and the bounds allow. One at a time waits
   * to go out, so that there are more under way only if the answers take their time.
   */
  private openMore(): void {
    const { client } = this.options;
    if (client.pageSize === undefined || this.failures > 0 || this.head === undefined) return;
    const parallel = Math.floor(this.parallel);
    for (;;) {
      const { end } = this.window;
      const isEnough =
        this.waiting > 0 ||
        parallel < 2 ||
        this.underWay >= parallel ||
        this.window.count >= WINDOW_PER_REQUEST * parallel;
      if (end === undefined || isEnough || this.plan.isProbeDue) return;
      const to = this.plan.pageEnd(end);
      const load = this.load(end, to);
      if (to > this.head.treeSize || !this.window.fits(load.entries, load.bytes)) return;
      this.open(end, to);
    }
  }

  /** Where a range ends for which there is room at once: other logs may have filled what all have in common. */
  private affordableEnd(from: number, to: number): number {
    const { requests, rereadsPages } = this.options;
    // Less of a page that comes as a whole takes no less room.
    if (rereadsPages || requests.admits(this.load(from, to), requests.isBacklog ? 'behind' : 'live'))
      return to;
    return Math.min(to, from + this.loads.entriesIn(requests.guaranteed));
  }

  private load(from: number, to: number): Load {
    return this.loads.of(from, to, this.head?.treeSize ?? 0);
  }

  private open(from: number, to: number): void {
    const slot = this.window.reserve(from, to, this.load(from, to).bytes);
    this.plan.opened();
    this.request(slot);
  }

  private request(slot: Slot): void {
    this.window.retry(slot, slot.from);
    this.underWay++;
    this.waiting++;
    let isWaiting = true;
    const noLongerWaits = (): void => {
      if (isWaiting) this.waiting--;
      isWaiting = false;
    };
    void this.download(slot, noLongerWaits).finally(() => {
      noLongerWaits();
      this.underWay--;
      if (!this.signal.aborted) this.openMore();
    });
  }

  private async download(slot: Slot, noLongerWaits: () => void): Promise<void> {
    const { from, to } = slot;
    const request = this.requests.get(slot) ?? new RangeRequest(this.options);
    this.requests.set(slot, request);
    const admission = {
      load: this.load(from, Math.min(to, from + (this.options.client.pageSize ?? Infinity))),
      urgency: () => this.urgency(slot),
      onNoRoom: () => {
        this.roomless.add(slot);
        // What lies behind the first range must not keep the room from it.
        if (slot === this.window.first) this.drop(1);
      },
      admitted: () => {
        this.roomless.delete(slot);
        noLongerWaits();
        this.openMore();
      },
    };
    try {
      const batch = await request.fetch({ from, to, treeSize: this.head?.treeSize ?? to }, admission);
      this.window.put(slot, batch, memoryOf(batch));
    } catch (error) {
      if (this.window.has(slot) && !isRateLimited(error)) this.parallel = 1;
      this.window.fail(slot, error);
    } finally {
      this.roomless.delete(slot);
    }
  }

  private urgency(slot: Slot): Urgency {
    if (slot !== this.window.first) return 'ahead';
    return this.options.requests.isBacklog ? 'behind' : 'live';
  }

  private async deliver(slot: Slot, batch: EntryBatch): Promise<void> {
    const { delivery } = this.options;
    this.failures = 0;
    this.loads.observe(batch, this.head?.treeSize ?? 0);
    const end = batch.firstIndex + batch.count;
    try {
      await delivery.deliver(batch, this.signal);
    } catch (error) {
      this.restart();
      throw error;
    }
    if (delivery.wantedIndex !== end) this.restart();
    else if (end < slot.to && this.window.count > 1) {
      this.window.retry(slot, end);
      this.request(slot);
    } else {
      this.release(this.window.shift());
      this.raiseParallelism();
    }
  }

  /** One more request at a time for every round of them that went well, if there is that much to do. */
  private raiseParallelism(): void {
    const { client, delivery, maxParallel } = this.options;
    const backlog = (this.head?.treeSize ?? 0) - (delivery.wantedIndex ?? 0);
    const pages = Math.floor(backlog / (client.pageSize ?? Infinity));
    this.parallel = Math.max(1, Math.min(maxParallel, pages, this.parallel + 1 / this.parallel));
  }

  private noteFailure(slot: Slot, error: unknown): void {
    this.failedIndex = slot.from;
    this.failures++;
    if (this.failures >= FAILURES_TO_DROP || wantsLongPause(error)) this.restart();
  }

  private drop(kept: number): void {
    for (const slot of this.window.truncate(kept)) this.release(slot);
  }

  /** The range is delivered, or not wanted any more. */
  private release(slot: Slot | undefined): void {
    if (slot === undefined) return;
    this.requests.get(slot)?.end();
    this.requests.delete(slot);
  }
}

function wantsLongPause(error: unknown): boolean {
  return isRateLimited(error) && (error.retryAfterMs ?? 0) > LONG_PAUSE_MS;
}
