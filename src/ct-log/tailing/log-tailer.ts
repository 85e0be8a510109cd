import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { CtMalformedError } from '../ct-log-error.js';
import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import type { LogProblems } from './log-problems.js';
import type { LogStats } from './log-stats.js';
import { PollSchedule } from './poll-schedule.js';
import type { WeightedSemaphore } from './weighted-semaphore.js';

/** About 3 ms of work for the outputs; sockets and other logs get their turn in between. */
const MAX_SLICE = 256;
/** Entries that do not fill a page or tile yet are fetched this long after the last fetch, not at every poll. */
const PARTIAL_PAUSE_MS = 2000;
/** Timers may fire a little early. */
const TIMER_SLACK_MS = 10;
/**
 * A failing log, and one that has not delivered yet, is asked for little: what it holds of the bound over all logs
 * while it hangs is missing to the others.
 */
const MAX_UNPROVEN_BATCH = 32;
/** Also while there is a backlog, the head is asked for now and then: the lag is measured against it. */
const MAX_HEAD_AGE_MS = 30_000;
/** A newer head may name what is there where the old one named what is gone, as with partial tiles. */
const MAX_HEAD_AGE_WHILE_FAILING_MS = 2000;
const OLDER_HEAD = 'CT_TREE_HEAD_OLDER';
/** First questions of all logs are spread over this time. */
const START_SPREAD_MS = 2000;

export interface LogTailerOptions {
  readonly client: CtLogClient;
  readonly stats: LogStats;
  readonly problems: LogProblems;
  readonly clock: Clock;
  /** Over all logs: entries requested and not yet published. */
  readonly inFlight: WeightedSemaphore;
  /** Most entries asked for at once. */
  readonly maxBatch: number;
  /** Longest pause between two questions for a tree head, milliseconds. */
  readonly pollIntervalMs: number;
  /** Next index to fetch; undefined = the head that the log has at the first answer. */
  readonly start: number | undefined;
  /** Hands entries to every output before it returns. */
  readonly publish: (batch: EntryBatch) => void;
  /** Called after `publish` returned, and once when a log without position got its first. */
  readonly onPosition: (next: number) => void;
}

/**
 * Follows one log: polls for tree heads, fetches what they cover and publishes it strictly in index order, each
 * index once. Whatever the log answers, the position moves only behind a published entry.
 */
export class LogTailer {
  private readonly controller = new AbortController();
  private readonly schedule: PollSchedule;
  private readonly headBackoff: Backoff;
  private readonly entriesBackoff: Backoff;
  private readonly partialPauseMs: number;
  private head: SignedTreeHead | undefined;
  private isHeadTurn = false;
  private headAskedAt = 0;
  /** When the page that is not full yet was fetched. */
  private pauseFrom = -Infinity;
  private next: number | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly options: LogTailerOptions) {
    const { clock, pollIntervalMs, start, stats } = options;
    this.schedule = new PollSchedule(pollIntervalMs);
    this.partialPauseMs = Math.min(PARTIAL_PAUSE_MS, pollIntervalMs);
    this.headBackoff = new Backoff(() => clock.random());
    this.entriesBackoff = new Backoff(() => clock.random());
    this.next = start;
    stats.nextIndex = start;
  }

  /** Follows the log until {@link stop}; may be called once. */
  start(): void {
    this.running ??= this.run();
  }

  /** Stops fetching; resolves when what had arrived is published. */
  async stop(): Promise<void> {
    this.controller.abort();
    await this.running;
    this.options.stats.state = 'stopped';
  }

  private get isStopped(): boolean {
    return this.controller.signal.aborted;
  }

  private async run(): Promise<void> {
    const { clock, pollIntervalMs } = this.options;
    await this.sleep(clock.random() * Math.min(START_SPREAD_MS, pollIntervalMs));
    while (!this.isStopped) {
      this.isHeadTurn = this.isHeadWanted();
      if (this.isHeadTurn) {
        await this.waitForPoll();
        await this.attempt(this.headBackoff, () => this.askForHead());
      } else await this.attempt(this.entriesBackoff, () => this.fetchAndPublish());
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
    if (this.head === undefined || !this.isFetchDue()) return true;
    // A log whose heads are broken still hands out the entries of the last good one.
    if (this.isHeadTurn) return false;
    const { clock, pollIntervalMs } = this.options;
    const maxAge = this.entriesBackoff.isFailing
      ? MAX_HEAD_AGE_WHILE_FAILING_MS
      : Math.max(MAX_HEAD_AGE_MS, pollIntervalMs);
    return clock.now() - this.headAskedAt > maxAge;
  }

  private isFetchDue(): boolean {
    const { next, head } = this;
    if (head === undefined || next === undefined || next >= head.treeSize) return false;
    if (this.missingToFullPage(next) <= 0) return true;
    return this.options.clock.now() - this.pauseFrom >= this.partialPauseMs - TIMER_SLACK_MS;
  }

  /** Entries that the tree has to grow by until the page or tile of `next` is full; <= 0 when it is. */
  private missingToFullPage(next: number): number {
    const size = this.options.client.pageSize ?? MAX_SLICE;
    return next - (next % size) + size - (this.head?.treeSize ?? next);
  }

  private async waitForPoll(): Promise<void> {
    const { next, head } = this;
    if (head === undefined || next === undefined || this.isFetchDue()) return;
    const { clock } = this.options;
    let due = this.headAskedAt + this.schedule.pause(this.missingToFullPage(next));
    if (next < head.treeSize) due = Math.min(due, this.pauseFrom + this.partialPauseMs);
    await this.sleep(due - clock.now());
  }

  private async askForHead(): Promise<void> {
    const { client, clock, problems, stats } = this.options;
    this.headAskedAt = clock.now();
    const head = await client.getTreeHead(this.controller.signal);
    const known = this.head;
    if (known !== undefined && isOlder(head, known)) {
      this.ignoreOlder(head, known);
      this.schedule.observe(known.treeSize, clock.now());
      return;
    }
    this.head = head;
    stats.countHead(head);
    this.schedule.observe(head.treeSize, clock.now());
    if (this.next === undefined) this.moveTo(head.treeSize);
    else if (known === undefined && this.next > head.treeSize) {
      problems.note(
        'CT_POSITION_AHEAD',
        `the saved position ${this.next} is beyond the tree of ${head.treeSize} entries; waiting for it to grow`,
      );
    }
  }

  /** Caches and load-balanced front ends repeat heads of a moment ago; a smaller tree signed later is another matter. */
  private ignoreOlder(head: SignedTreeHead, known: SignedTreeHead): void {
    const { problems } = this.options;
    if (head.timestamp <= known.timestamp) return problems.count(OLDER_HEAD);
    problems.note(
      OLDER_HEAD,
      `the tree shrank from ${known.treeSize} to ${head.treeSize} entries; the smaller head is ignored`,
    );
  }

  private async fetchAndPublish(): Promise<void> {
    const { client, clock, inFlight, stats } = this.options;
    const { next, head } = this;
    if (next === undefined || head === undefined) return;
    const { maxBatch: most } = this.options;
    const isProven = !this.entriesBackoff.isFailing && stats.entries > 0;
    const maxBatch = isProven ? most : Math.min(most, MAX_UNPROVEN_BATCH);
    const end = Math.min(head.treeSize, next + maxBatch);
    const release = await inFlight.acquire(
      Math.min(end - next, client.pageSize ?? maxBatch),
      this.controller.signal,
    );
    if (release === undefined) return;
    try {
      const batch = await client.getEntries(next, end, head.treeSize, this.controller.signal);
      if (batch.firstIndex !== next || batch.count < 1 || batch.count > end - next) {
        throw new CtMalformedError('PAGE', `entries ${next} to ${end} were asked for, others came`);
      }
      this.pauseFrom = this.isShort(next + batch.count, head) ? -Infinity : clock.now();
      await this.publish(batch);
    } finally {
      release();
    }
  }

  /** Whether an answer ended between page ends and before the head: the rest is there already, so nothing is waited for. */
  private isShort(next: number, head: SignedTreeHead): boolean {
    return next < head.treeSize && next % (this.options.client.pageSize ?? MAX_SLICE) !== 0;
  }

  /** Goes on when the tailer is being stopped: what has arrived is published. */
  private async publish(batch: EntryBatch): Promise<void> {
    const { clock, publish, stats } = this.options;
    for (let from = 0; from < batch.count; from += MAX_SLICE) {
      if (from > 0) await yieldToEventLoop();
      const slice = batch.count <= MAX_SLICE ? batch : sliceEntryBatch(batch, from, from + MAX_SLICE);
      publish(slice);
      stats.countEntries(slice.count, clock.wallTime());
      this.moveTo(slice.firstIndex + slice.count);
    }
  }

  private moveTo(next: number): void {
    this.next = next;
    this.options.stats.nextIndex = next;
    this.options.onPosition(next);
  }

  private async sleep(ms: number): Promise<void> {
    if (ms > 0 && !this.isStopped) await this.options.clock.sleep(ms, this.controller.signal);
  }
}

/** By size first: a timestamp may have been wrong, and a log that once signed one of next year must not stand still. */
function isOlder(head: SignedTreeHead, known: SignedTreeHead): boolean {
  if (head.treeSize !== known.treeSize) return head.treeSize < known.treeSize;
  return head.timestamp < known.timestamp;
}
