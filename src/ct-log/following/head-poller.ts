import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { isFromFuture, isStale, isTimeReversed, relateHeads } from '../verification/tree-head-checks.js';
import type { Clock } from '../../kernel/clock.js';
import { equivocation } from '../reporting/contradiction.js';
import type { LogCounters } from '../reporting/log-counters.js';
import type { LogReporter } from '../reporting/log-reporter.js';
import type { LogStatus } from '../reporting/log-status.js';
import { PollSchedule } from './poll-schedule.js';

const OLDER_HEAD = 'CT_TREE_HEAD_OLDER';
const STALE_HEAD = 'CT_TREE_HEAD_STALE';
const FUTURE_HEAD = 'CT_TREE_HEAD_FUTURE';
const REVERSED_HEAD = 'CT_TREE_HEAD_REVERSED';
const REPLACED_HEAD = 'CT_TREE_HEAD_REPLACED';
/** Without a key, a smaller tree is believed after this many heads in a row over at least this time. */
const HEADS_TO_BELIEVE = 10;
const BELIEVE_AFTER_MS = 5 * 60_000;

export interface HeadPollerOptions {
  readonly client: CtLogClient;
  readonly counters: LogCounters;
  readonly status: LogStatus;
  readonly reporter: LogReporter;
  readonly clock: Clock;
  /** Longest pause between two requests for a tree head, milliseconds. */
  readonly pollIntervalMs: number;
  /** Whether heads are checked against the key of the log. */
  readonly isSigned: boolean;
  /** Maximum merge delay, seconds; undefined = unknown, or the log is read-only and keeps its last head. */
  readonly mmd?: number;
}

/** HeadPoller requests the tree heads of one log and keeps the newest credible head. */
export class HeadPoller {
  private readonly schedule: PollSchedule;
  private known: SignedTreeHead | undefined;
  private readonly smallerThanKnown = new SmallerTree();
  private readonly smallerThanPosition = new SmallerTree();
  /** Time of the last request, by {@link Clock.now}. */
  requestedAt = 0;

  constructor(private readonly options: HeadPollerOptions) {
    this.schedule = new PollSchedule(options.pollIntervalMs);
  }

  /** The newest accepted head. */
  get head(): SignedTreeHead | undefined {
    return this.known;
  }

  /** Growth of the log, entries per millisecond. */
  get growth(): number {
    return this.schedule.growth;
  }

  /** Time of the next request, by {@link Clock.now}. @param missing number of entries until a page or tile is full. */
  due(missing: number): number {
    return this.requestedAt + this.schedule.pause(missing);
  }

  /** Requests the tree head. @returns {@link head}. @throws what {@link CtLogClient.getTreeHead} throws. */
  async request(signal: AbortSignal): Promise<SignedTreeHead> {
    const { client, clock, counters } = this.options;
    this.requestedAt = clock.now();
    const head = await client.getTreeHead(signal);
    if (head === this.known) counters.unchangedHeads++;
    else this.consider(head);
    this.checkTime();
    const newest = this.known ?? head;
    this.schedule.observe(newest.treeSize, clock.now());
    return newest;
  }

  /**
   * Whether the trees of a log without a key have been smaller than a position for a long time. The position may come from an
   * absurd head. Must be called once after each {@link request}.
   */
  denies(position: number): boolean {
    const { clock, isSigned, reporter } = this.options;
    const { known } = this;
    if (isSigned || known === undefined) return false;
    if (!this.smallerThanPosition.observe(position > known.treeSize, clock.now())) return false;
    reporter.note(
      REPLACED_HEAD,
      `forgot its unverified position ${position}: its tree has ${known.treeSize} entries`,
    );
    return true;
  }

  private consider(head: SignedTreeHead): void {
    const { known } = this;
    if (known === undefined) return this.accept(head);
    if (head.treeSize >= known.treeSize) this.smallerThanKnown.observe(false, this.options.clock.now());
    const { counters, reporter } = this.options;
    switch (relateHeads(known, head)) {
      case 'newer':
        if (isTimeReversed(known, head)) this.noteReversal(known, head);
        return this.accept(head);
      case 'conflicting':
        reporter.contradiction(equivocation(known, head));
        // If entries are verified, they decide between the two heads.
        return head.timestamp < known.timestamp ? reporter.count(OLDER_HEAD) : this.accept(head);
      case 'shrunken':
        return this.isReplaced(head, known) ? this.accept(head) : this.ignoreShrunken(head, known);
      case 'repeated':
        if (this.isReplaced(head, known)) return this.accept(head);
        if (head.treeSize === known.treeSize && head.timestamp === known.timestamp) counters.unchangedHeads++;
        else reporter.count(OLDER_HEAD);
    }
  }

  private accept(head: SignedTreeHead): void {
    this.known = head;
    const { counters, reporter, status } = this.options;
    reporter.treeGrew();
    status.acceptHead(head);
    counters.latency.addHead(head);
  }

  /** A log must sign a head at least once in its maximum merge delay (RFC 6962, 3.5), and not with a time in the future. */
  private checkTime(): void {
    const { clock, mmd, reporter, status } = this.options;
    const { known } = this;
    if (known === undefined) return;
    const now = clock.wallTime();
    status.hasStaleHead = isStale(known, mmd, now);
    if (status.hasStaleHead)
      reporter.note(
        STALE_HEAD,
        `its newest tree head, signed at ${timeOf(known)}, is older than its maximum merge delay`,
      );
    else reporter.settled(STALE_HEAD);
    if (isFromFuture(known, now))
      reporter.note(FUTURE_HEAD, `its tree head was signed at ${timeOf(known)}, which is in the future`);
    else reporter.settled(FUTURE_HEAD);
  }

  /** Without a key, a head may be forged: an absurd size must not be believed for ever. */
  private isReplaced(head: SignedTreeHead, known: SignedTreeHead): boolean {
    const { clock, isSigned, reporter } = this.options;
    if (isSigned || head.treeSize >= known.treeSize) return false;
    if (!this.smallerThanKnown.observe(true, clock.now())) return false;
    reporter.note(
      REPLACED_HEAD,
      `forgot its unverified tree of ${known.treeSize} entries: it now reports ${head.treeSize}`,
    );
    return true;
  }

  /** An append-only log cannot sign a smaller tree later. Without a key, no signature is checked. */
  private ignoreShrunken(head: SignedTreeHead, known: SignedTreeHead): void {
    const { isSigned, reporter } = this.options;
    if (isSigned) reporter.treeShrank(known, head);
    reporter.note(
      OLDER_HEAD,
      `the tree shrank from ${known.treeSize} to ${head.treeSize} entries; the smaller head is ignored`,
    );
  }

  private noteReversal(known: SignedTreeHead, head: SignedTreeHead): void {
    this.options.reporter.note(
      REVERSED_HEAD,
      `its tree of ${head.treeSize} entries was signed at ${timeOf(head)}, before its tree of ${known.treeSize} entries`,
    );
  }
}

function timeOf({ timestamp }: SignedTreeHead): string {
  const time = new Date(timestamp);
  return Number.isNaN(time.getTime()) ? String(timestamp) : time.toISOString();
}

/** Decides when to believe that the tree of a log without a key is smaller than before. */
class SmallerTree {
  private since = 0;
  private heads = 0;

  /** Notes a head. @param now milliseconds, monotonic. @returns whether the smaller tree is believed; then the count starts again. */
  observe(isSmaller: boolean, now: number): boolean {
    if (!isSmaller) {
      this.heads = 0;
      return false;
    }
    if (this.heads++ === 0) this.since = now;
    if (this.heads < HEADS_TO_BELIEVE || now - this.since < BELIEVE_AFTER_MS) return false;
    this.heads = 0;
    return true;
  }
}
