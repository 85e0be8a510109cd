import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { CtMalformedError, isRateLimited } from '../ct-log-error.js';
import type { EntryDelivery } from './entry-delivery.js';
import type { FlightBudget, Lease } from './flight-budget.js';
import { ReorderWindow, type WindowSlot } from './reorder-window.js';

/**
 * A failing log, and one that has not delivered yet, is asked for little: what it holds of the bound over all logs
 * while it hangs is missing to the others.
 */
const MAX_UNPROVEN_BATCH = 32;
/** Of one entry, until some have come: what a get-entries page takes decoded. */
const FIRST_GUESS_BYTES = 4096;
/** Weight of the newest batch in the mean size of an entry. */
const SMOOTHING = 0.2;
/** Of one log, whatever its entries are like. */
const MAX_WINDOW_BYTES = 16 * 1024 * 1024;
/** The window runs empty every so many ranges, so that a request beyond the page can show whether pages have grown. */
const RANGES_PER_PROBE = 64;
/** So often the range that fails is asked for again before what lies behind it is dropped. */
const FAILURES_TO_DROP = 2;

/** Ranges that may have arrived behind a slow one, per request under way. */
const WINDOW_PER_REQUEST = 2;

type Slot = WindowSlot<EntryBatch>;

export interface EntryDownloaderOptions {
  readonly client: CtLogClient;
  readonly delivery: EntryDelivery;
  /** Over all logs: what is requested and not yet delivered. */
  readonly budget: FlightBudget;
  /** Most entries of this log that are requested and not yet delivered. */
  readonly maxBatch: number;
  /** Most requests for entries of this log at the same time. */
  readonly maxParallel: number;
}

/**
 * Fetches what the delivery wants next, several pages or tiles at a time while there is a backlog, and hands it over in
 * index order. While the delivery takes its time, no more is asked for than the window holds.
 */
export class EntryDownloader {
  private readonly window: ReorderWindow<EntryBatch>;
  private readonly leases = new Map<Slot, Lease>();
  private controller = new AbortController();
  private head: SignedTreeHead | undefined;
  /** Requests that may be under way at a time, and those that are. */
  private parallel = 1;
  private underWay = 0;
  private failures = 0;
  private failedIndex: number | undefined;
  private rangesSinceProbe = 0;
  private bytesPerEntry = FIRST_GUESS_BYTES;

  /** @param signal ends every request. */
  constructor(
    private readonly options: EntryDownloaderOptions,
    private readonly signal: AbortSignal,
  ) {
    this.window = new ReorderWindow({ maxEntries: options.maxBatch, maxBytes: MAX_WINDOW_BYTES });
    signal.addEventListener('abort', () => this.controller.abort(), { once: true });
  }

  /**
   * Waits for the next range below the size of `head` and delivers it.
   * @param isProven whether the log answers; else it is asked for little.
   * @throws what {@link CtLogClient.getEntries} and the delivery throw.
   */
  async step(head: SignedTreeHead, isProven: boolean): Promise<void> {
    this.head = head;
    this.failedIndex = undefined;
    if (!(await this.openFirst(head, isProven))) return;
    await this.window.settled();
    const slot = this.window.first;
    if (slot?.result === undefined) return;
    if ('error' in slot.result) {
      this.noteFailure(slot);
      throw slot.result.error;
    }
    await this.deliver(slot, slot.result.value);
  }

  /** The first index of the range whose download failed in the last step; undefined when it was the delivery. */
  get failedFrom(): number | undefined {
    return this.failedIndex;
  }

  /** Where the page or tile of the entry wanted next ends. */
  get pageBoundary(): number {
    const { next = 0 } = this.options.delivery;
    return this.options.client.pageSize === undefined ? next + MAX_UNPROVEN_BATCH : this.pageEnd(next);
  }

  /** Drops everything that is under way or waits; the next step begins at the index that the delivery wants. */
  restart(): void {
    this.controller.abort();
    this.controller = new AbortController();
    this.drop(0);
  }

  private async openFirst(head: SignedTreeHead, isProven: boolean): Promise<boolean> {
    const { next } = this.options.delivery;
    if (next === undefined || next >= head.treeSize) return false;
    if (this.window.first !== undefined && this.window.first.from !== next) this.restart();
    this.retryFailed();
    if (this.window.first === undefined) {
      const to = this.endOfFirst(next, head.treeSize, isProven);
      const entries = Math.min(to - next, this.options.client.pageSize ?? to - next);
      const lease = await this.options.budget.acquire(this.load(entries), this.signal);
      if (lease === undefined) return false;
      this.open(next, to, lease);
    }
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

  /** Whole pages while there are more of them; else as far as there is anything. */
  private endOfFirst(next: number, treeSize: number, isProven: boolean): number {
    const { client, maxBatch } = this.options;
    if (!isProven) return Math.min(treeSize, next + Math.min(maxBatch, MAX_UNPROVEN_BATCH));
    const pageEnd = this.pageEnd(next);
    const isProbe = this.rangesSinceProbe >= RANGES_PER_PROBE;
    if (client.pageSize !== undefined && pageEnd < treeSize && !isProbe) return pageEnd;
    this.rangesSinceProbe = 0;
    return Math.min(treeSize, next + maxBatch);
  }

  /** Ranges behind the first one: full pages only, as many as the log has earned and the bounds allow. */
  private openMore(): void {
    const { client, budget } = this.options;
    if (client.pageSize === undefined || this.failures > 0 || this.head === undefined) return;
    const parallel = Math.floor(this.parallel);
    for (;;) {
      const { end } = this.window;
      const isEnough =
        parallel < 2 || this.underWay >= parallel || this.window.count >= WINDOW_PER_REQUEST * parallel;
      if (end === undefined || isEnough || this.rangesSinceProbe >= RANGES_PER_PROBE) return;
      const to = this.pageEnd(end);
      const load = this.load(to - end);
      if (to > this.head.treeSize || !this.window.fits(load.entries, load.bytes)) return;
      const lease = budget.tryAcquire(load);
      if (lease === undefined) return;
      this.open(end, to, lease);
    }
  }

  private pageEnd(index: number): number {
    const { client, maxBatch } = this.options;
    const size = client.pageSize ?? maxBatch;
    const piece = Math.min(size, maxBatch);
    const offset = index % size;
    return index - offset + Math.min(size, offset - (offset % piece) + piece);
  }

  private load(entries: number): { entries: number; bytes: number } {
    return { entries, bytes: Math.ceil(entries * this.bytesPerEntry) };
  }

  private open(from: number, to: number, lease: Lease): void {
    const slot = this.window.reserve(from, to, this.load(to - from).bytes);
    this.rangesSinceProbe++;
    this.leases.set(slot, lease);
    this.request(slot);
  }

  private request(slot: Slot): void {
    this.window.retry(slot, slot.from);
    this.underWay++;
    void this.download(slot).finally(() => {
      this.underWay--;
      if (!this.signal.aborted) this.openMore();
    });
  }

  private async download(slot: Slot): Promise<void> {
    const { from, to } = slot;
    try {
      const treeSize = this.head?.treeSize ?? to;
      const batch = await this.options.client.getEntries(from, to, treeSize, this.controller.signal);
      if (batch.firstIndex !== from || batch.count < 1 || batch.count > to - from) {
        throw new CtMalformedError('PAGE', `entries ${from} to ${to} were asked for, others came`);
      }
      this.leases.get(slot)?.resize(batch.bytes.length);
      this.window.put(slot, batch, batch.bytes.length);
    } catch (error) {
      if (this.window.has(slot) && !isRateLimited(error)) this.parallel = 1;
      this.window.fail(slot, error);
    }
  }

  private async deliver(slot: Slot, batch: EntryBatch): Promise<void> {
    const { delivery } = this.options;
    this.failures = 0;
    this.bytesPerEntry += SMOOTHING * (batch.bytes.length / batch.count - this.bytesPerEntry);
    const end = batch.firstIndex + batch.count;
    try {
      await delivery.deliver(batch, this.signal);
    } catch (error) {
      this.restart();
      throw error;
    }
    if (delivery.next !== end) this.restart();
    else if (end < slot.to && this.window.count > 1) {
      this.window.retry(slot, end);
      this.request(slot);
    } else {
      this.release(this.window.shift());
      this.earn();
    }
  }

  /** One more request at a time for every round of them that went well, if there is that much to do. */
  private earn(): void {
    const { client, delivery, maxParallel } = this.options;
    const backlog = (this.head?.treeSize ?? 0) - (delivery.next ?? 0);
    const pages = Math.floor(backlog / (client.pageSize ?? Infinity));
    this.parallel = Math.max(1, Math.min(maxParallel, pages, this.parallel + 1 / this.parallel));
  }

  private noteFailure(slot: Slot): void {
    this.failedIndex = slot.from;
    this.failures++;
    if (this.failures >= FAILURES_TO_DROP) this.drop(0);
  }

  private drop(kept: number): void {
    for (const slot of this.window.truncate(kept)) this.release(slot);
  }

  private release(slot: Slot | undefined): void {
    if (slot === undefined) return;
    this.leases.get(slot)?.release();
    this.leases.delete(slot);
  }
}
