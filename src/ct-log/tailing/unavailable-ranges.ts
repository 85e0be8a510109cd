import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { isRateLimited } from '../ct-log-error.js';
import type { Clock } from './clock.js';
import type { EntryDelivery } from './entry-delivery.js';
import type { EntryDownloader } from './entry-downloader.js';
import type { LogProblems } from './log-problems.js';

/** Entries that are asked for to see whether the log delivers at all. */
const PROBE = 32;

export interface UnavailableRangesOptions {
  readonly client: CtLogClient;
  readonly delivery: EntryDelivery;
  readonly problems: LogProblems;
  readonly clock: Clock;
  /** When a range that cannot be had is given up for the time being: after both. */
  readonly gapAfter: { readonly tries: number; readonly minutes: number };
  /** Writes down that entries are missing. */
  readonly addGap: (gap: { from: number; to: number; reason: string }) => void;
}

/**
 * Decides when the entries wanted next become a gap: after enough tries and minutes in vain, if the log hands out what
 * lies behind them. What is refused for the rate, or by the delivery, never does.
 */
export class UnavailableRanges {
  private index = -1;
  private tries = 0;
  private since = 0;

  constructor(
    private readonly options: UnavailableRangesOptions,
    private readonly downloader: EntryDownloader,
    private readonly signal: AbortSignal,
  ) {}

  /** The download of the first range failed with `error`. */
  async failed(error: unknown, head: SignedTreeHead): Promise<void> {
    const { addGap, clock, delivery, gapAfter, problems } = this.options;
    const from = this.downloader.failedFrom;
    if (from === undefined || from !== delivery.next || isRateLimited(error)) return;
    this.count(from, clock.now());
    if (this.tries < gapAfter.tries || clock.now() - this.since < gapAfter.minutes * 60_000) return;
    const to = this.downloader.pageBoundary;
    if (!(await this.isServed(to, head)) || this.signal.aborted) return;
    this.downloader.restart();
    await delivery.settle?.(this.signal);
    if (delivery.next !== from || this.signal.aborted) return;
    // What was streamed before it was asked for once more is not missing.
    const first = Math.max(from, delivery.streamed ?? from);
    if (first < to)
      addGap({ from: first, to, reason: error instanceof Error ? error.message : String(error) });
    await delivery.skipTo(to, this.signal);
    if (first < to)
      problems.note(
        'CT_GAP',
        `entries ${first} to ${to - 1} cannot be had and are left out for the time being`,
      );
  }

  private count(from: number, now: number): void {
    if (from !== this.index) {
      this.index = from;
      this.tries = 0;
      this.since = now;
    }
    this.tries++;
  }

  private async isServed(index: number, { treeSize }: SignedTreeHead): Promise<boolean> {
    const end = Math.min(treeSize, index + PROBE);
    if (index >= end) return false;
    return this.options.client.getEntries(index, end, treeSize, this.signal).then(
      (batch) => batch.firstIndex === index && batch.count > 0,
      () => false,
    );
  }
}
