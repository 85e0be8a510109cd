import { abortControllerForMany } from '../../kernel/abort-controller.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CtLogError, isRateLimited } from '../client/ct-log-error.js';
import { Backoff } from '../../kernel/backoff.js';
import { WaitQueue } from '../../kernel/wait-queue.js';
import type { CatchUpRate } from './catch-up-rate.js';
import { EntryDownloader } from './entry-downloader.js';
import { HeadPoller } from './head-poller.js';
import type { LogCounters } from '../reporting/log-counters.js';
import type { LogStatus } from '../reporting/log-status.js';
import { FollowRate } from './follow-rate.js';
import { PartialPages } from './partial-pages.js';
import type { RangeRequestOptions } from './range-request.js';
import { MAX_PIECE } from '../verification/entry-publisher.js';
import { UnavailableRanges, type UnavailableRangesOptions } from './unavailable-ranges.js';

/** Timers may fire a little early. */
const TIMER_SLACK_MS = 10;
/** While there is a backlog, the head is asked for now and then only: the lag is measured against it. */
const BACKLOG_POLL_MS = 30_000;
/** What a busy log may have grown by between two polls. A log with more to fetch than that is behind. */
const PAGES_BEHIND = 4;
const ENTRIES_BEHIND = 2048;
const FALLING_BEHIND = 'CT_FALLING_BEHIND';
/** Between tries. */
const PAUSES = { firstMs: 1000, longestMs: 60_000, jitter: 1, leastMs: 100, retryAfter: 'replaces' } as const;
/** First questions of all logs are spread over this time. */
const START_SPREAD_MS = 2000;

export interface LogTailerOptions extends UnavailableRangesOptions, RangeRequestOptions {
  readonly counters: LogCounters;
  readonly status: LogStatus;
  readonly catchUp: CatchUpRate;
  /** Most entries of this log that are requested and not yet delivered. */
  readonly maxBatch: number;
  /** Most requests for entries at the same time. */
  readonly maxParallel: number;
  /** Longest pause between two questions for a tree head, milliseconds. */
  readonly pollIntervalMs: number;
  /** Whether heads are checked against the key of the log. */
  readonly isSigned: boolean;
  /** Maximum merge delay, seconds; undefined = unknown, or the log is read-only. */
  readonly mmd?: number;
  /** The position is not of this log: it is to be followed as if it were new. Ends with {@link LogTailer.stop}. */
  readonly startOver: () => void;
  /** Whether a page that is not full comes as a whole each time, as tiles do. */
  readonly rereadsPages: boolean;
}

/**
 * Follows one log with two loops: one asks for tree heads, the other downloads what they cover and delivers it
 * strictly in index order. Neither waits for the other.
 */
export class LogTailer {
  private readonly controller = abortControllerForMany();
  private readonly heads: HeadPoller;
  private readonly downloader: EntryDownloader;
  private readonly partialPages: PartialPages;
  private readonly unavailable: UnavailableRanges;
  private readonly rate: FollowRate;
  private readonly headBackoff: Backoff;
  private readonly deliverHeadBackoff: Backoff;
  private readonly entriesBackoff: Backoff;
  /** Where each loop waits for its next turn. */
  private readonly headAlarm = new WaitQueue();
  private readonly entriesAlarm = new WaitQueue();
  /** The head that the delivery got last. */
  private deliveredHead: SignedTreeHead | undefined;
  /** The delivery wants the same head again. */
  private mustRedeliverHead = false;
  /** Entries of the log were delivered. */
  private hasDelivered = false;
  /** The log asked not to be asked before that time. */
  private quietUntil = 0;
  private running: Promise<unknown> | undefined;

  constructor(private readonly options: LogTailerOptions) {
    const { clock } = options;
    this.heads = new HeadPoller(options);
    this.downloader = new EntryDownloader(options, this.controller.signal);
    this.partialPages = new PartialPages(options.rereadsPages, options.pollIntervalMs);
    this.unavailable = new UnavailableRanges(options, this.downloader, this.controller.signal);
    this.rate = new FollowRate(options.status);
    this.headBackoff = new Backoff(PAUSES, clock);
    this.deliverHeadBackoff = new Backoff(PAUSES, clock);
    this.entriesBackoff = new Backoff(PAUSES, clock);
  }

  /** Follows the log until {@link stop}; may be called once. */
  start(): void {
    this.running ??= Promise.all([this.followHeads(), this.followEntries()]);
  }

  /** Stops fetching; resolves when what is being delivered is delivered. */
  async stop(): Promise<void> {
    this.controller.abort();
    await this.running;
    this.downloader.restart();
    this.options.status.state = 'stopped';
  }

  private get isStopped(): boolean {
    return this.controller.signal.aborted;
  }

  private async followHeads(): Promise<void> {
    const { clock, pollIntervalMs } = this.options;
    await this.sleep(clock.random() * Math.min(START_SPREAD_MS, pollIntervalMs));
    while (!this.isStopped) {
      const pause = this.headDue() - clock.now();
      if (pause > TIMER_SLACK_MS) await this.headAlarm.waitFor(pause, clock, this.controller.signal);
      else await this.attempt(this.headBackoff, () => this.askForHead());
    }
  }

  private headDue(): number {
    const { head, askedAt } = this.heads;
    if (head === undefined) return this.quietUntil;
    const due =
      this.isBehind(head) && !this.entriesBackoff.isFailing
        ? askedAt + Math.max(BACKLOG_POLL_MS, this.options.pollIntervalMs)
        : this.heads.due(this.pageSize - (head.treeSize % this.pageSize));
    return Math.max(due, this.quietUntil);
  }

  private get hasHeadToDeliver(): boolean {
    return this.heads.head !== this.deliveredHead || this.mustRedeliverHead;
  }

  private async askForHead(): Promise<void> {
    await this.heads.ask(this.controller.signal);
    if (this.heads.denies(this.options.delivery.wantedIndex ?? 0)) return this.options.startOver();
    this.observeRate();
    this.mustRedeliverHead = this.options.delivery.wantsEveryHead === true;
    if (this.hasHeadToDeliver) this.entriesAlarm.wakeAll();
  }

  private async followEntries(): Promise<void> {
    const { clock } = this.options;
    while (!this.isStopped) {
      const pause = this.entriesDue() - clock.now();
      if (pause > TIMER_SLACK_MS) await this.entriesAlarm.waitFor(pause, clock, this.controller.signal);
      else if (this.hasHeadToDeliver) await this.attempt(this.deliverHeadBackoff, () => this.deliverHead());
      else await this.attempt(this.entriesBackoff, () => this.advance());
    }
  }

  private entriesDue(): number {
    const { head } = this.heads;
    const { wantedIndex: next } = this.options.delivery;
    if (head === undefined) return Infinity;
    if (this.hasHeadToDeliver) return 0;
    if (next === undefined || next >= head.treeSize) return Infinity;
    const missing = next - (next % this.pageSize) + this.pageSize - head.treeSize;
    if (missing <= 0) return this.quietUntil;
    return Math.max(
      this.partialPages.due(this.options.clock.now(), missing, this.heads.growth),
      this.quietUntil,
    );
  }

  private async advance(): Promise<void> {
    const { deliveredHead: head } = this;
    if (head === undefined) return;
    const { clock, delivery } = this.options;
    const hasAnswered = !this.entriesBackoff.isFailing && this.hasDelivered;
    const startedAt = clock.now();
    const from = delivery.wantedIndex;
    const isBacklog = this.isBehind(head);
    this.options.requests.isBacklog = isBacklog;
    try {
      await this.downloader.step(head, hasAnswered);
    } catch (error) {
      if (!this.isStopped && (await this.unavailable.failed(error, head))) this.entriesBackoff.reset();
      throw error;
    }
    const { wantedIndex: next = 0 } = delivery;
    if (next !== from) this.hasDelivered = true;
    if (isBacklog) await this.sleep(this.options.catchUp.pauseAfter(Math.max(0, next - (from ?? next))));
    // A short answer: the rest is there already, so nothing is waited for.
    const isShort = next < head.treeSize && next % this.pageSize !== 0;
    this.partialPages.fetched(isShort ? -Infinity : startedAt);
    if (next >= head.treeSize) this.headAlarm.wakeAll();
  }

  private observeRate(): void {
    const { clock, delivery, reporter, status } = this.options;
    const { head } = this.heads;
    if (head === undefined || delivery.wantedIndex === undefined) return;
    if (!this.rate.observe(clock.now(), head.treeSize, delivery.wantedIndex, this.isBehind(head))) return;
    if (!status.fallingBehind) return reporter.settled(FALLING_BEHIND);
    const [grows, delivered] = [status.growthRate, status.deliveryRate].map((rate) => (rate ?? 0).toFixed(1));
    reporter.note(
      FALLING_BEHIND,
      `it grows by ${grows} entries/s and only ${delivered}/s can be had; ${status.lag} entries behind`,
    );
  }

  private async deliverHead(): Promise<void> {
    const { delivery, reporter } = this.options;
    const { head } = this.heads;
    if (head === undefined) return;
    if (this.deliveredHead === undefined && this.isBeyond(head)) {
      reporter.note(
        'CT_POSITION_AHEAD',
        `the saved position ${delivery.wantedIndex} is beyond the tree of ${head.treeSize} entries; waiting for it to grow`,
      );
    }
    await delivery.onHead(head, this.controller.signal);
    this.deliveredHead = head;
    this.mustRedeliverHead = false;
  }

  /** Runs one request; after a failure waits as long as the log needs. */
  private async attempt(backoff: Backoff, request: () => Promise<void>): Promise<void> {
    const { clock, counters, reporter, status } = this.options;
    try {
      await request();
    } catch (error) {
      if (this.isStopped) return;
      if (reporter.report(error)) status.state = 'failing';
      const pause = backoff.failed(error instanceof CtLogError ? error.retryAfterMs : undefined);
      if (isRateLimited(error)) this.quietUntil = Math.max(this.quietUntil, clock.now() + pause);
      await this.sleep(pause);
      if (!this.isStopped) counters.retries++;
      return;
    }
    backoff.reset();
    this.noteSuccess();
  }

  private noteSuccess(): void {
    // A log that hands out heads but no entries goes on failing.
    const isFailing = [this.headBackoff, this.deliverHeadBackoff, this.entriesBackoff].some(
      (b) => b.isFailing,
    );
    if (isFailing || this.deliveredHead === undefined) return;
    const isBeyond = this.isBeyond(this.deliveredHead);
    this.options.status.state = isBeyond ? 'failing' : 'following';
    if (!isBeyond) this.options.reporter.recovered();
  }

  private get pageSize(): number {
    return this.options.client.pageSize ?? MAX_PIECE;
  }

  private isBehind(head: SignedTreeHead): boolean {
    const backlog = head.treeSize - (this.options.delivery.wantedIndex ?? head.treeSize);
    return backlog > Math.max(PAGES_BEHIND * this.pageSize, ENTRIES_BEHIND);
  }

  /** A saved position that is not of this tree: nothing is streamed until the tree has grown past it. */
  private isBeyond(head: SignedTreeHead): boolean {
    return (this.options.delivery.wantedIndex ?? 0) > head.treeSize;
  }

  private async sleep(ms: number): Promise<void> {
    if (ms > 0 && !this.isStopped) await this.options.clock.sleep(ms, this.controller.signal);
  }
}
