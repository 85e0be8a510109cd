import { abortControllerForMany } from '../../kernel/abort-controller.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { isRateLimited } from '../client/ct-log-error.js';
import { Alarm } from '../../kernel/alarm.js';
import { Backoff } from './backoff.js';
import type { CatchUpRate } from './catch-up-rate.js';
import { EntryDownloader } from './entry-downloader.js';
import { HeadPoller } from './head-poller.js';
import type { Findings } from '../verification/findings.js';
import type { LogStats } from '../reporting/log-stats.js';
import { FollowRate } from './follow-rate.js';
import { PartialPages } from './partial-pages.js';
import type { RangeRequestOptions } from './range-request.js';
import { MAX_SLICE } from '../verification/max-slice.js';
import { UnavailableRanges, type UnavailableRangesOptions } from './unavailable-ranges.js';

/** Timers may fire a little early. */
const TIMER_SLACK_MS = 10;
/** While there is a backlog, the head is asked for now and then only: the lag is measured against it. */
const BACKLOG_POLL_MS = 30_000;
/** What a busy log may have grown by between two polls. A log with more to fetch than that is behind. */
const PAGES_BEHIND = 4;
const ENTRIES_BEHIND = 2048;
const FALLING_BEHIND = 'CT_FALLING_BEHIND';
/** First questions of all logs are spread over this time. */
const START_SPREAD_MS = 2000;

export interface LogTailerOptions extends UnavailableRangesOptions, RangeRequestOptions {
  readonly stats: LogStats;
  readonly findings: Findings;
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
  private readonly tellBackoff: Backoff;
  private readonly entriesBackoff: Backoff;
  private readonly headAlarm: Alarm;
  private readonly entriesAlarm: Alarm;
  /** The head that the delivery was told of last. */
  private told: SignedTreeHead | undefined;
  /** The delivery wants to hear of the same head again. */
  private isWaitedFor = false;
  /** The log asked not to be asked before that time. */
  private quietUntil = 0;
  private running: Promise<unknown> | undefined;

  constructor(private readonly options: LogTailerOptions) {
    const { clock } = options;
    this.heads = new HeadPoller(options);
    this.downloader = new EntryDownloader(options, this.controller.signal);
    this.partialPages = new PartialPages(options.rereadsPages, options.pollIntervalMs);
    this.unavailable = new UnavailableRanges(options, this.downloader, this.controller.signal);
    this.rate = new FollowRate(options.stats);
    this.headBackoff = new Backoff(() => clock.random());
    this.tellBackoff = new Backoff(() => clock.random());
    this.entriesBackoff = new Backoff(() => clock.random());
    this.headAlarm = new Alarm(clock);
    this.entriesAlarm = new Alarm(clock);
  }

  /** Follows the log until {@link stop}; may be called once. */
  start(): void {
    this.running ??= Promise.all([this.followHeads(), this.followEntries()]);
  }

  /** Stops fetching; resolves when what is being delivered is delivered. */
  async stop(): Promise<void> {
    this.controller.abort();
    this.headAlarm.ring();
    this.entriesAlarm.ring();
    await this.running;
    this.downloader.restart();
    this.options.stats.state = 'stopped';
  }

  private get isStopped(): boolean {
    return this.controller.signal.aborted;
  }

  private async followHeads(): Promise<void> {
    const { clock, pollIntervalMs } = this.options;
    await this.sleep(clock.random() * Math.min(START_SPREAD_MS, pollIntervalMs));
    while (!this.isStopped) {
      const pause = this.headDue() - clock.now();
      if (pause > TIMER_SLACK_MS) await this.headAlarm.wait(pause);
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

  private get hasToTell(): boolean {
    return this.heads.head !== this.told || this.isWaitedFor;
  }

  private async askForHead(): Promise<void> {
    await this.heads.ask(this.controller.signal);
    if (this.heads.denies(this.options.delivery.next ?? 0)) return this.options.startOver();
    this.observeRate();
    this.isWaitedFor = this.options.delivery.isUnsettled === true;
    if (this.hasToTell) this.entriesAlarm.ring();
  }

  private async followEntries(): Promise<void> {
    while (!this.isStopped) {
      const pause = this.entriesDue() - this.options.clock.now();
      if (pause > TIMER_SLACK_MS) await this.entriesAlarm.wait(pause);
      else if (this.hasToTell) await this.attempt(this.tellBackoff, () => this.tell());
      else await this.attempt(this.entriesBackoff, () => this.advance());
    }
  }

  private entriesDue(): number {
    const { head } = this.heads;
    const { next } = this.options.delivery;
    if (head === undefined) return Infinity;
    if (this.hasToTell) return 0;
    if (next === undefined || next >= head.treeSize) return Infinity;
    const missing = next - (next % this.pageSize) + this.pageSize - head.treeSize;
    if (missing <= 0) return this.quietUntil;
    return Math.max(
      this.partialPages.due(this.options.clock.now(), missing, this.heads.growth),
      this.quietUntil,
    );
  }

  private async advance(): Promise<void> {
    const { told: head } = this;
    if (head === undefined) return;
    const { clock, delivery, stats } = this.options;
    const isProven = !this.entriesBackoff.isFailing && stats.entries > 0;
    const startedAt = clock.now();
    const from = delivery.next;
    const isBacklog = this.isBehind(head);
    this.options.requests.isBacklog = isBacklog;
    try {
      await this.downloader.step(head, isProven);
    } catch (error) {
      if (!this.isStopped && (await this.unavailable.failed(error, head))) this.entriesBackoff.reset();
      throw error;
    }
    const { next = 0 } = delivery;
    if (isBacklog) await this.sleep(this.options.catchUp.pauseAfter(Math.max(0, next - (from ?? next))));
    // A short answer: the rest is there already, so nothing is waited for.
    const isShort = next < head.treeSize && next % this.pageSize !== 0;
    this.partialPages.fetched(isShort ? -Infinity : startedAt);
    if (next >= head.treeSize) this.headAlarm.ring();
  }

  private observeRate(): void {
    const { clock, delivery, problems, stats } = this.options;
    const { head } = this.heads;
    if (head === undefined || delivery.next === undefined) return;
    if (!this.rate.observe(clock.now(), head.treeSize, delivery.next, this.isBehind(head))) return;
    if (!stats.fallingBehind) return problems.settled(FALLING_BEHIND);
    const [grows, delivered] = [stats.growthRate, stats.deliveryRate].map((rate) => (rate ?? 0).toFixed(1));
    problems.note(
      FALLING_BEHIND,
      `it grows by ${grows} entries/s and only ${delivered}/s can be had; ${stats.lag} entries behind`,
    );
  }

  private async tell(): Promise<void> {
    const { delivery, problems } = this.options;
    const { head } = this.heads;
    if (head === undefined) return;
    if (this.told === undefined && this.isBeyond(head)) {
      problems.note(
        'CT_POSITION_AHEAD',
        `the saved position ${delivery.next} is beyond the tree of ${head.treeSize} entries; waiting for it to grow`,
      );
    }
    await delivery.onHead(head, this.controller.signal);
    this.told = head;
    this.isWaitedFor = false;
  }

  /** Runs one request; after a failure waits as long as the log needs. */
  private async attempt(backoff: Backoff, request: () => Promise<void>): Promise<void> {
    const { clock, problems, stats } = this.options;
    try {
      await request();
    } catch (error) {
      if (this.isStopped) return;
      if (problems.report(error)) stats.state = 'failing';
      const pause = backoff.next(error);
      if (isRateLimited(error)) this.quietUntil = Math.max(this.quietUntil, clock.now() + pause);
      await this.sleep(pause);
      if (!this.isStopped) stats.retries++;
      return;
    }
    backoff.reset();
    this.noteSuccess();
  }

  private noteSuccess(): void {
    // A log that hands out heads but no entries goes on failing.
    const isFailing = [this.headBackoff, this.tellBackoff, this.entriesBackoff].some((b) => b.isFailing);
    if (isFailing || this.told === undefined) return;
    const isBeyond = this.isBeyond(this.told);
    this.options.stats.state = isBeyond ? 'failing' : 'following';
    if (!isBeyond) this.options.problems.resolved();
  }

  private get pageSize(): number {
    return this.options.client.pageSize ?? MAX_SLICE;
  }

  private isBehind(head: SignedTreeHead): boolean {
    const backlog = head.treeSize - (this.options.delivery.next ?? head.treeSize);
    return backlog > Math.max(PAGES_BEHIND * this.pageSize, ENTRIES_BEHIND);
  }

  /** A saved position that is not of this tree: nothing is streamed until the tree has grown past it. */
  private isBeyond(head: SignedTreeHead): boolean {
    return (this.options.delivery.next ?? 0) > head.treeSize;
  }

  private async sleep(ms: number): Promise<void> {
    if (ms > 0 && !this.isStopped) await this.options.clock.sleep(ms, this.controller.signal);
  }
}
