import { abortControllerForMany } from '../../kernel/abort-controller.js';
import { Backoff } from '../../kernel/backoff.js';
import { TRACE_CHANNELS, type TraceContext, traced } from '../../kernel/trace-channels.js';
import { WaitQueue } from '../../kernel/wait-queue.js';
import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { CtLogError, isRateLimited } from '../client/ct-log-error.js';
import type { LogCounters } from '../reporting/log-counters.js';
import type { LogReporter } from '../reporting/log-reporter.js';
import type { LogStatus } from '../reporting/log-status.js';
import type { EntryDelivery } from '../verification/entry-delivery.js';
import { MAX_PIECE } from '../verification/entry-publisher.js';
import { Backlog, type CatchUpRate } from './backlog.js';
import { EntryDownloader, type EntryDownloaderOptions } from './entry-downloader.js';
import { HeadPoller } from './head-poller.js';
import { PartialPages } from './poll-schedule.js';
import { UnavailableRanges, type UnavailableRangesOptions } from './unavailable-ranges.js';

/** Timers may fire a little early. */
const TIMER_SLACK_MS = 10;
/** While there is a backlog, heads are requested rarely: they only serve to measure the lag. */
const BACKLOG_POLL_MS = 30_000;
/** Pauses after failures. */
const PAUSES = { firstMs: 1000, longestMs: 60_000, jitter: 1, leastMs: 100, retryAfter: 'replaces' } as const;
const POSITION_AHEAD = 'CT_POSITION_AHEAD';
/** The first requests to all logs are spread over this time. */
const START_SPREAD_MS = 2000;

export interface LogTailerOptions extends UnavailableRangesOptions, EntryDownloaderOptions {
  readonly client: CtLogClient;
  readonly delivery: EntryDelivery;
  readonly reporter: LogReporter;
  readonly counters: LogCounters;
  readonly status: LogStatus;
  readonly catchUp: CatchUpRate;
  /** Longest pause between two requests for a tree head, milliseconds. */
  readonly pollIntervalMs: number;
  /** Whether heads are checked against the key of the log. */
  readonly isSigned: boolean;
  /** Maximum merge delay, seconds; undefined = unknown, or the log is read-only. */
  readonly mmd?: number;
  /** Called when the saved position cannot belong to this log. The caller must stop the tailer and follow the log anew. */
  readonly startOver: () => void;
}

/**
 * LogTailer follows one log with two loops: one requests tree heads, the other downloads the entries that they cover and
 * delivers them strictly in index order. Neither loop waits for the other.
 */
export class LogTailer {
  private readonly controller = abortControllerForMany();
  private readonly heads: HeadPoller;
  private readonly downloader: EntryDownloader;
  private readonly partialPages: PartialPages;
  private readonly unavailable: UnavailableRanges;
  private readonly backlog: Backlog;
  private readonly headBackoff: Backoff;
  private readonly deliverHeadBackoff: Backoff;
  private readonly entriesBackoff: Backoff;
  /** Where each loop waits for its next turn. */
  private readonly headAlarm = new WaitQueue();
  private readonly entriesAlarm = new WaitQueue();
  /** The last head that was delivered. */
  private deliveredHead: SignedTreeHead | undefined;
  /** Whether the delivery wants the same head again. */
  private mustRedeliverHead = false;
  /** Whether entries of the log were delivered. */
  private hasDelivered = false;
  /** No request is sent before this time: the log requested the pause. */
  private quietUntil = 0;
  private running: Promise<unknown> | undefined;

  constructor(private readonly options: LogTailerOptions) {
    const { clock } = options;
    this.heads = new HeadPoller(options);
    this.downloader = new EntryDownloader(options, this.controller.signal);
    this.partialPages = new PartialPages(options.rereadsPages, options.pollIntervalMs);
    this.unavailable = new UnavailableRanges(options, this.downloader, this.controller.signal);
    this.backlog = new Backlog(options);
    this.headBackoff = new Backoff(PAUSES, clock);
    this.deliverHeadBackoff = new Backoff(PAUSES, clock);
    this.entriesBackoff = new Backoff(PAUSES, clock);
  }

  /** Follows the log until {@link stop}. May be called only once. */
  start(): void {
    this.running ??= Promise.all([this.followHeads(), this.followEntries()]);
  }

  /** Stops fetching. Resolves when the delivery under way has ended. */
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
    while (await this.isDue(this.headAlarm, () => this.headDue()))
      await this.attempt(this.headBackoff, () => this.requestHead());
  }

  private async followEntries(): Promise<void> {
    while (await this.isDue(this.entriesAlarm, () => this.entriesDue())) {
      if (this.hasHeadToDeliver) await this.attempt(this.deliverHeadBackoff, () => this.deliverHead());
      else await this.attempt(this.entriesBackoff, () => this.advance());
    }
  }

  /** Waits until `due`, which is computed again after each alarm. @returns false when the tailer is stopped. */
  private async isDue(alarm: WaitQueue, due: () => number): Promise<boolean> {
    const { clock } = this.options;
    while (!this.isStopped) {
      const pause = due() - clock.now();
      if (pause <= TIMER_SLACK_MS) return true;
      await alarm.waitFor(pause, clock, this.controller.signal);
    }
    return false;
  }

  private headDue(): number {
    const { head, requestedAt } = this.heads;
    if (head === undefined) return this.quietUntil;
    const due =
      this.isBehind(head) && !this.entriesBackoff.isFailing
        ? requestedAt + Math.max(BACKLOG_POLL_MS, this.options.pollIntervalMs)
        : this.heads.due(this.pageSize - (head.treeSize % this.pageSize));
    return Math.max(due, this.quietUntil);
  }

  private get hasHeadToDeliver(): boolean {
    return this.heads.head !== this.deliveredHead || this.mustRedeliverHead;
  }

  private async requestHead(): Promise<void> {
    const { delivery } = this.options;
    const head = await this.heads.request(this.controller.signal);
    if (this.heads.denies(delivery.wantedIndex ?? 0)) return this.options.startOver();
    if (delivery.wantedIndex !== undefined) this.backlog.observe(head.treeSize, delivery.wantedIndex);
    this.mustRedeliverHead = delivery.wantsEveryHead === true;
    if (this.hasHeadToDeliver) this.entriesAlarm.wakeAll();
  }

  private entriesDue(): number {
    const { head } = this.heads;
    const { wantedIndex } = this.options.delivery;
    if (head === undefined) return Infinity;
    if (this.hasHeadToDeliver) return 0;
    if (wantedIndex === undefined || wantedIndex >= head.treeSize) return Infinity;
    const missing = wantedIndex - (wantedIndex % this.pageSize) + this.pageSize - head.treeSize;
    if (missing <= 0) return this.quietUntil;
    const due = this.partialPages.due(this.options.clock.now(), missing, this.heads.growth);
    return Math.max(due, this.quietUntil);
  }

  private async deliverHead(): Promise<void> {
    const { delivery, reporter } = this.options;
    const { head } = this.heads;
    if (head === undefined) return;
    if (this.deliveredHead === undefined && this.isBeyond(head)) {
      reporter.note(
        POSITION_AHEAD,
        `the saved position ${delivery.wantedIndex} is beyond the tree of ${head.treeSize} entries; waiting for it to grow`,
      );
    }
    const about = (): TraceContext => ({
      'certstream.log': this.options.url ?? '',
      'certstream.tree_size': head.treeSize,
    });
    await traced(TRACE_CHANNELS.verify, about, () => delivery.onHead(head, this.controller.signal));
    this.deliveredHead = head;
    this.mustRedeliverHead = false;
  }

  private async advance(): Promise<void> {
    const { deliveredHead: head } = this;
    if (head === undefined) return;
    const { catchUp, clock, delivery, requests } = this.options;
    const hasAnswered = !this.entriesBackoff.isFailing && this.hasDelivered;
    const requestedAt = clock.now();
    const from = delivery.wantedIndex;
    const isBacklog = this.isBehind(head);
    requests.isBacklog = isBacklog;
    try {
      await this.downloader.step(head, hasAnswered);
    } catch (error) {
      if (!this.isStopped && (await this.unavailable.failed(error, head))) this.entriesBackoff.reset();
      throw error;
    }
    const { wantedIndex = 0 } = delivery;
    if (wantedIndex !== from) this.hasDelivered = true;
    if (isBacklog) await this.sleep(catchUp.pauseAfter(Math.max(0, wantedIndex - (from ?? wantedIndex))));
    // After a short answer, the log can serve the rest at once.
    const isShort = wantedIndex < head.treeSize && wantedIndex % this.pageSize !== 0;
    this.partialPages.fetched(isShort ? -Infinity : requestedAt);
    if (wantedIndex >= head.treeSize) this.headAlarm.wakeAll();
  }

  /** Runs one request or delivery. After a failure, pauses for as long as the log needs. */
  private async attempt(backoff: Backoff, action: () => Promise<void>): Promise<void> {
    const { clock, counters, reporter } = this.options;
    try {
      await action();
    } catch (error) {
      if (this.isStopped) return;
      reporter.report(error);
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
    const { headBackoff, deliverHeadBackoff, entriesBackoff, deliveredHead } = this;
    // A log that serves heads but no entries is still failing.
    const isFailing = [headBackoff, deliverHeadBackoff, entriesBackoff].some((backoff) => backoff.isFailing);
    if (isFailing || deliveredHead === undefined) return;
    const { clock, reporter, status } = this.options;
    if (this.isBeyond(deliveredHead)) return status.fail(POSITION_AHEAD, clock.wallTime());
    status.follow();
    reporter.recovered();
  }

  private get pageSize(): number {
    return this.options.client.pageSize ?? MAX_PIECE;
  }

  private isBehind({ treeSize }: SignedTreeHead): boolean {
    return this.backlog.isLarge(treeSize, this.options.delivery.wantedIndex ?? treeSize);
  }

  /** Whether the saved position is beyond the tree: nothing is streamed until the tree has grown past it. */
  private isBeyond(head: SignedTreeHead): boolean {
    return (this.options.delivery.wantedIndex ?? 0) > head.treeSize;
  }

  private async sleep(ms: number): Promise<void> {
    if (ms > 0 && !this.isStopped) await this.options.clock.sleep(ms, this.controller.signal);
  }
}
