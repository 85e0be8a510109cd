import { messageOf } from '../../kernel/certstream-error.js';
import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { CtLogError, CtNoRoomError, isRateLimited } from '../client/ct-log-error.js';
import type { Clock } from '../../kernel/clock.js';
import type { EntryDelivery } from '../verification/entry-delivery.js';
import type { EntryDownloader } from './entry-downloader.js';
import type { LogReporter } from '../reporting/log-reporter.js';

/** Tries before each further gap of one outage: the first gap has shown that the log does not recover soon. */
const FURTHER_TRIES = 2;
/** After this many gaps in one outage, one try is enough. */
const MANY_GAPS = 8;
/** After a further gap, this many entries are tried one by one. Those that fail become part of the gap. */
const LOOK_AHEAD = 16;
/** To find an entry that the log serves, this many places after the range are tried, each twice as far away as the last. */
const PLACES = 20;
/** After the log served a later entry, it is not tried again for this time. */
const SERVED_MS = 300_000;
/** An outage is over after this time without a failure, which is longer than the longest pause of a failing log. */
const OUTAGE_OVER_MS = 300_000;

export interface UnavailableRangesOptions {
  readonly client: Pick<CtLogClient, 'getEntries'>;
  readonly delivery: Omit<EntryDelivery, 'onHead' | 'deliver'>;
  readonly reporter: Pick<LogReporter, 'note'>;
  readonly clock: Clock;
  /** An unavailable range is left out for now after this many tries and minutes. */
  readonly gapAfter: { readonly tries: number; readonly minutes: number };
  /** Records that entries are missing. `to` is exclusive. */
  readonly addGap: (gap: { from: number; to: number; reason: string }) => void;
}

/** An outage lasts from the first failure until an entry after all failed ranges is wanted, or no request has failed for a while. */
interface Outage {
  readonly since: number;
  /** The last failure. */
  at: number;
  /** The end of all ranges that failed, exclusive. */
  end: number;
  gaps: number;
}

/**
 * UnavailableRanges decides when the entries to fetch next become a gap: after enough tries and minutes without success, if
 * they cannot be requested in smaller pieces and the log serves a later entry. A refusal for the rate or by the delivery, or a
 * lack of memory in this server, never causes a gap.
 */
export class UnavailableRanges {
  private index = -1;
  private tries = 0;
  private outage: Outage = { since: 0, at: -Infinity, end: -1, gaps: 0 };
  private place = 0;
  /** The last entry after the range that the log served, and when. */
  private served = { index: -1, at: -Infinity };

  constructor(
    private readonly options: UnavailableRangesOptions,
    private readonly downloader: EntryDownloader,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Must be called when a step of the downloader failed with `error`.
   * @returns whether the next request is for other entries and needs no long pause.
   */
  async failed(error: unknown, head: SignedTreeHead): Promise<boolean> {
    const { clock, delivery, gapAfter } = this.options;
    const from = this.downloader.failedFrom;
    if (from === undefined || from !== delivery.wantedIndex) return false;
    const { to, next } = (error instanceof CtLogError ? error.entries : undefined) ?? {
      to: this.downloader.pageBoundary,
      next: 'least',
    };
    if (isRateLimited(error) || error instanceof CtNoRoomError) return next === 'less';
    this.observe(from, to, clock.now());
    if (next !== 'least') return next === 'less';
    this.tries = from === this.index ? this.tries + 1 : 1;
    this.index = from;
    const { since, gaps } = this.outage;
    const tries = gaps === 0 ? gapAfter.tries : gaps < MANY_GAPS ? FURTHER_TRIES : 1;
    if (this.tries < Math.min(tries, gapAfter.tries) || clock.now() - since < gapAfter.minutes * 60_000)
      return false;
    if (!(await this.isServedAfter(from, to, head)) || this.signal.aborted) return false;
    const end = gaps > 0 && to === from + 1 ? await this.endOfUnserved(to, head) : to;
    return this.leaveOut(from, end, messageOf(error));
  }

  private observe(from: number, to: number, now: number): void {
    const { outage } = this;
    if (from > outage.end || now - outage.at > OUTAGE_OVER_MS)
      this.outage = { since: now, at: now, end: to, gaps: 0 };
    else {
      outage.end = Math.max(outage.end, to);
      outage.at = now;
    }
  }

  private async leaveOut(from: number, to: number, reason: string): Promise<boolean> {
    const { addGap, delivery, reporter } = this.options;
    this.downloader.restart();
    await delivery.flushBeforeGap?.(this.signal);
    if (delivery.wantedIndex !== from || this.signal.aborted) return false;
    // Entries that were streamed before they were fetched again are not missing.
    const first = Math.max(from, delivery.streamedIndex ?? from);
    if (first < to) addGap({ from: first, to, reason });
    await delivery.skipTo(to, this.signal);
    this.outage.gaps++;
    const which = to - first === 1 ? `entry ${first}` : `entries ${first} to ${to - 1}`;
    const verb = to - first === 1 ? 'is' : 'are';
    if (first < to) reporter.note('CT_GAP', `${which} ${verb} unavailable and left out for now`);
    return true;
  }

  /** Requests the entry after the range, and one that lies farther away at each call. */
  private async isServedAfter(from: number, to: number, { treeSize }: SignedTreeHead): Promise<boolean> {
    const now = this.options.clock.now();
    if (this.served.index > from && now - this.served.at < SERVED_MS) return true;
    const farther = to + (to - from) * (2 ** (this.place++ % PLACES) - 1);
    for (const index of new Set([to, this.downloader.pageBoundary, farther])) {
      if (index < to || index >= treeSize || this.signal.aborted) continue;
      if (!(await this.isServed(index, treeSize))) continue;
      this.served = { index, at: now };
      return true;
    }
    return false;
  }

  /** The first index from `from` on whose entry the log serves or was not tried. */
  private async endOfUnserved(from: number, { treeSize }: SignedTreeHead): Promise<number> {
    const end = Math.min(from + LOOK_AHEAD, this.served.index, treeSize);
    for (let index = from; index < end; index++) {
      const failure = await this.options.client.getEntries(index, index + 1, treeSize, this.signal).then(
        () => undefined,
        (error: unknown) => error,
      );
      const isUnserved = failure instanceof CtLogError && failure.entries?.next === 'least';
      if (!isUnserved || isRateLimited(failure)) return index;
    }
    return Math.max(from, end);
  }

  private isServed(index: number, treeSize: number): Promise<boolean> {
    return this.options.client.getEntries(index, index + 1, treeSize, this.signal).then(
      (batch) => batch.firstIndex === index && batch.count > 0,
      () => false,
    );
  }
}
