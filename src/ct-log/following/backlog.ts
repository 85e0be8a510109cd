import type { CtLogClient } from '../client/ct-log-client.js';
import type { Clock } from '../../kernel/clock.js';
import type { LogReporter } from '../reporting/log-reporter.js';
import type { LogStatus } from '../reporting/log-status.js';
import { MAX_PIECE } from '../verification/entry-publisher.js';

/** A log that keeps up has at most this much to fetch: the growth of a busy log between two polls. */
const PAGES_BEHIND = 4;
const ENTRIES_BEHIND = 2048;
/** Shortest time over which rates are measured. */
const WINDOW_MS = 60_000;
/** A log falls behind if it grew by more entries than were delivered, in this many windows in a row. */
const WINDOWS = 3;
/** Weight of the newest window in the rates. */
const SMOOTHING = 0.5;
const FALLING_BEHIND = 'CT_FALLING_BEHIND';
/** Deliveries may make up for at most this time after the event loop was busy, milliseconds. */
const BURST_MS = 1000;

export interface BacklogOptions {
  readonly client: Pick<CtLogClient, 'pageSize'>;
  readonly status: LogStatus;
  readonly reporter: LogReporter;
  readonly clock: Pick<Clock, 'now'>;
}

/** Backlog measures how fast a log grows and how fast its entries are delivered, and reports a log that falls behind. */
export class Backlog {
  /** The state at the start of the window. */
  private began: { readonly at: number; readonly treeSize: number; readonly next: number } | undefined;
  /** Number of windows in a row in which the log grew by more entries than were delivered. */
  private windows = 0;

  constructor(private readonly options: BacklogOptions) {
    options.status.usualLag = this.usualLag;
  }

  /** Whether there is more to fetch than for a log that keeps up. @param next index of the entry to fetch next. */
  isLarge(treeSize: number, next: number): boolean {
    return treeSize - next > this.usualLag;
  }

  private get usualLag(): number {
    const { pageSize = MAX_PIECE } = this.options.client;
    return Math.max(PAGES_BEHIND * pageSize, ENTRIES_BEHIND);
  }

  /** Must be called with every head. */
  observe(treeSize: number, next: number): void {
    const { clock, reporter, status } = this.options;
    const wasFallingBehind = status.fallingBehind;
    status.usualLag = this.usualLag;
    status.fallingBehind = this.measure(clock.now(), treeSize, next);
    if (status.fallingBehind === wasFallingBehind) return;
    if (!status.fallingBehind) return reporter.settled(FALLING_BEHIND);
    const [grows, delivered] = [status.growthRate, status.deliveryRate].map((rate) => (rate ?? 0).toFixed(1));
    reporter.note(
      FALLING_BEHIND,
      `it grows by ${grows} entries/s and only ${delivered}/s arrive; it is ${status.lag} entries behind`,
    );
  }

  /** @returns whether the log falls behind. */
  private measure(at: number, treeSize: number, next: number): boolean {
    const { status } = this.options;
    const { began } = this;
    if (began === undefined || treeSize < began.treeSize) {
      this.began = { at, treeSize, next };
      return status.fallingBehind;
    }
    const isBehind = this.isLarge(treeSize, next);
    if (at - began.at < WINDOW_MS) return status.fallingBehind && isBehind;
    const seconds = (at - began.at) / 1000;
    const grown = (treeSize - began.treeSize) / seconds;
    const delivered = (next - began.next) / seconds;
    status.growthRate = smooth(status.growthRate, grown);
    status.deliveryRate = smooth(status.deliveryRate, delivered);
    this.windows = isBehind && delivered < grown ? this.windows + 1 : 0;
    this.began = { at, treeSize, next };
    return isBehind && (this.windows >= WINDOWS || (status.fallingBehind && this.windows > 0));
  }
}

function smooth(old: number | undefined, value: number): number {
  return old === undefined ? value : old + SMOOTHING * (value - old);
}

/** CatchUpRate limits the rate at which all logs with a backlog together catch up. */
export class CatchUpRate {
  private free = -Infinity;

  /** @param entriesPerSecond 0 means no limit. */
  constructor(
    private readonly entriesPerSecond: number,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Milliseconds to wait before the next request, after `entries` were delivered. */
  pauseAfter(entries: number): number {
    if (this.entriesPerSecond === 0) return 0;
    const now = this.clock.now();
    this.free = Math.max(this.free, now - BURST_MS) + (entries / this.entriesPerSecond) * 1000;
    return Math.max(0, this.free - now);
  }
}
