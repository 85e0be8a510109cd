import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import type { EntryDelivery } from './entry-delivery.js';
import { EntryDownloader } from './entry-downloader.js';
import { HeadPoller } from './head-poller.js';
import type { LogProblems } from './log-problems.js';
import type { LogStats } from './log-stats.js';
import { MAX_SLICE } from './plain-delivery.js';
import type { WeightedSemaphore } from './weighted-semaphore.js';

/** Entries that do not fill a page or tile yet are fetched this long after the last fetch, not at every poll. */
const PARTIAL_PAUSE_MS = 2000;
/** Timers may fire a little early. */
const TIMER_SLACK_MS = 10;
/** Also while there is a backlog, the head is asked for now and then: the lag is measured against it. */
const MAX_HEAD_AGE_MS = 30_000;
/** A newer head may name what is there where the old one named what is gone, as with partial tiles. */
const MAX_HEAD_AGE_WHILE_FAILING_MS = 2000;
/** First questions of all logs are spread over this time. */
const START_SPREAD_MS = 2000;

export interface LogTailerOptions {
  readonly client: CtLogClient;
  readonly delivery: EntryDelivery;
  readonly stats: LogStats;
  readonly problems: LogProblems;
  readonly clock: Clock;
  /** Over all logs: entries requested and not yet delivered. */
  readonly inFlight: WeightedSemaphore;
  /** Most entries asked for at once. */
  readonly maxBatch: number;
  /** Longest pause between two questions for a tree head, milliseconds. */
  readonly pollIntervalMs: number;
}

/** Follows one log: polls for tree heads, downloads what they cover and delivers it strictly in index order. */
export class LogTailer {
  private readonly controller = new AbortController();
  private readonly heads: HeadPoller;
  private readonly downloader: EntryDownloader;
  private readonly headBackoff: Backoff;
  private readonly entriesBackoff: Backoff;
  private readonly partialPauseMs: number;
  private isHeadTurn = false;
  /** The head that the delivery was told of last. */
  private told: SignedTreeHead | undefined;
  /** When the page that is not full yet was fetched. */
  private pauseFrom = -Infinity;
  private running: Promise<void> | undefined;

  constructor(private readonly options: LogTailerOptions) {
    const { clock, pollIntervalMs } = options;
    this.heads = new HeadPoller(options);
    this.downloader = new EntryDownloader(options);
    this.partialPauseMs = Math.min(PARTIAL_PAUSE_MS, pollIntervalMs);
    this.headBackoff = new Backoff(() => clock.random());
    this.entriesBackoff = new Backoff(() => clock.random());
  }

  /** Follows the log until {@link stop}; may be called once. */
  start(): void {
    this.running ??= this.run();
  }

  /** Stops fetching; resolves when what had arrived is delivered. */
  async stop(): Promise<void> {
    this.controller.abort();
    await this.running;
    this.options.stats.state = 'stopped';
  }

  private get isStopped(): boolean {
    return this.controller.signal.aborted;
  }

  private get next(): number | undefined {
    return this.options.delivery.next;
  }

  private async run(): Promise<void> {
    const { clock, pollIntervalMs } = this.options;
    await this.sleep(clock.random() * Math.min(START_SPREAD_MS, pollIntervalMs));
    while (!this.isStopped) {
      this.isHeadTurn = this.isHeadWanted();
      if (this.isHeadTurn) {
        await this.waitForPoll();
        await this.attempt(this.headBackoff, () => this.askForHead());
      } else await this.attempt(this.entriesBackoff, () => this.fetchEntries());
    }
  }

  /** Runs one request; after a failure waits as long as the log needs. */
  private async attempt(backoff: Backoff, request: () => Promise<void>): Promise<void> {
    if (this.isStopped) return;
    const { problems, stats } = this.options;
    try {
      await request();
    } catch (error) {
      if (this.isStopped) return;
      stats.state = 'failing';
      problems.report(error);
      await this.sleep(backoff.next(error));
      if (!this.isStopped) stats.retries++;
      return;
    }
    backoff.reset();
    this.noteSuccess();
  }

  private noteSuccess(): void {
    // A log that hands out heads but no entries goes on failing.
    if (this.headBackoff.isFailing || this.entriesBackoff.isFailing) return;
    this.options.stats.state = 'following';
    this.options.problems.resolved();
  }

  private isHeadWanted(): boolean {
    if (this.heads.head === undefined || !this.isFetchDue()) return true;
    // A log whose heads are broken still hands out the entries of the last good one.
    if (this.isHeadTurn) return false;
    const { clock, pollIntervalMs } = this.options;
    const maxAge = this.entriesBackoff.isFailing
      ? MAX_HEAD_AGE_WHILE_FAILING_MS
      : Math.max(MAX_HEAD_AGE_MS, pollIntervalMs);
    return clock.now() - this.heads.askedAt > maxAge;
  }

  private isFetchDue(): boolean {
    const { next } = this;
    const { head } = this.heads;
    if (head === undefined || next === undefined || next >= head.treeSize) return false;
    if (this.missingToFullPage(next) <= 0) return true;
    return this.options.clock.now() - this.pauseFrom >= this.partialPauseMs - TIMER_SLACK_MS;
  }

  /** Entries that the tree has to grow by until the page or tile of `next` is full; <= 0 when it is. */
  private missingToFullPage(next: number): number {
    const size = this.options.client.pageSize ?? MAX_SLICE;
    return next - (next % size) + size - (this.heads.head?.treeSize ?? next);
  }

  private async waitForPoll(): Promise<void> {
    const { next } = this;
    const { head } = this.heads;
    if (head === undefined || next === undefined || this.isFetchDue()) return;
    let due = this.heads.due(this.missingToFullPage(next));
    if (next < head.treeSize) due = Math.min(due, this.pauseFrom + this.partialPauseMs);
    await this.sleep(due - this.options.clock.now());
  }

  private async askForHead(): Promise<void> {
    await this.heads.ask(this.controller.signal);
    const { head } = this.heads;
    if (head === undefined || head === this.told) return;
    if (this.told === undefined) this.checkPosition(head);
    await this.options.delivery.onHead(head, this.controller.signal);
    this.told = head;
  }

  private checkPosition(head: SignedTreeHead): void {
    const { next } = this;
    if (next === undefined || next <= head.treeSize) return;
    this.options.problems.note(
      'CT_POSITION_AHEAD',
      `the saved position ${next} is beyond the tree of ${head.treeSize} entries; waiting for it to grow`,
    );
  }

  private async fetchEntries(): Promise<void> {
    const { clock, stats } = this.options;
    const { told } = this;
    if (told === undefined) return;
    const isProven = !this.entriesBackoff.isFailing && stats.entries > 0;
    const startedAt = clock.now();
    await this.downloader.fetchNext(told, isProven, this.controller.signal);
    this.pauseFrom = this.isShort(told) ? -Infinity : startedAt;
  }

  /** Whether an answer ended between page ends and before the head: the rest is there already, so nothing is waited for. */
  private isShort(head: SignedTreeHead): boolean {
    const { next } = this;
    return (
      next !== undefined && next < head.treeSize && next % (this.options.client.pageSize ?? MAX_SLICE) !== 0
    );
  }

  private async sleep(ms: number): Promise<void> {
    if (ms > 0 && !this.isStopped) await this.options.clock.sleep(ms, this.controller.signal);
  }
}
