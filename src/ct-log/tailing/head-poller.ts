import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { isStale } from '../verification/tree-head-checks.js';
import type { Clock } from './clock.js';
import type { LogProblems } from './log-problems.js';
import type { LogStats } from './log-stats.js';
import { PollSchedule } from './poll-schedule.js';

const OLDER_HEAD = 'CT_TREE_HEAD_OLDER';
const STALE_HEAD = 'CT_TREE_HEAD_STALE';
const REPLACED_HEAD = 'CT_TREE_HEAD_REPLACED';
/** A tree that nobody signed is forgotten when so many heads in a row, for so long, say that it is smaller. */
const SMALLER_TO_BELIEVE = 10;
const SMALLER_FOR_MS = 5 * 60_000;

export interface HeadPollerOptions {
  readonly client: CtLogClient;
  readonly stats: LogStats;
  readonly problems: LogProblems;
  readonly clock: Clock;
  /** Longest pause between two questions for a tree head, milliseconds. */
  readonly pollIntervalMs: number;
  /** Whether heads are checked against the key of the log. */
  readonly isSigned: boolean;
  /** Maximum merge delay, seconds; undefined = unknown, or the log is read-only and keeps its last head. */
  readonly mmd?: number;
}

/** Asks one log for its tree heads and keeps the newest that it can believe. */
export class HeadPoller {
  private readonly schedule: PollSchedule;
  private known: SignedTreeHead | undefined;
  /** Since when all heads were smaller, and how many. */
  private smallerSince = 0;
  private smaller = 0;
  /** {@link Clock.now} of the last question. */
  askedAt = 0;

  constructor(private readonly options: HeadPollerOptions) {
    this.schedule = new PollSchedule(options.pollIntervalMs);
  }

  /** The newest head that was accepted. */
  get head(): SignedTreeHead | undefined {
    return this.known;
  }

  /** Entries per millisecond that the log grows by. */
  get growth(): number {
    return this.schedule.growth;
  }

  /** When to ask again, on {@link Clock.now}. @param missing entries to a full page or tile. */
  due(missing: number): number {
    return this.askedAt + this.schedule.pause(missing);
  }

  /** One question. @throws what {@link CtLogClient.getTreeHead} throws. */
  async ask(signal: AbortSignal): Promise<void> {
    const { client, clock, stats } = this.options;
    this.askedAt = clock.now();
    const head = await client.getTreeHead(signal);
    const { known } = this;
    if (head === known) stats.unchangedHeads++;
    else if (known !== undefined && isOlder(head, known) && !this.isReplaced(head, known)) {
      this.ignoreOlder(head, known);
    } else {
      this.known = head;
      stats.countHead(head);
    }
    this.checkAge();
    if (head.treeSize >= (known?.treeSize ?? 0)) this.smaller = 0;
    this.schedule.observe((this.known ?? head).treeSize, clock.now());
  }

  /** A log has to sign at least once in its maximum merge delay (RFC 6962, 3.5). */
  private checkAge(): void {
    const { clock, mmd, problems } = this.options;
    const { known } = this;
    if (known === undefined) return;
    if (!isStale(known, mmd, clock.wallTime())) return problems.settled(STALE_HEAD);
    const signed = new Date(known.timestamp).toISOString();
    problems.note(STALE_HEAD, `its newest tree head is of ${signed}, older than its maximum merge delay`);
  }

  /** Without a key a head may have been anybody's: one that named an absurd size must not be believed for ever. */
  private isReplaced(head: SignedTreeHead, known: SignedTreeHead): boolean {
    const { clock, isSigned, problems } = this.options;
    if (isSigned || head.treeSize >= known.treeSize) return false;
    if (this.smaller++ === 0) this.smallerSince = clock.now();
    const isBelieved =
      this.smaller >= SMALLER_TO_BELIEVE && clock.now() - this.smallerSince >= SMALLER_FOR_MS;
    if (!isBelieved) return false;
    this.smaller = 0;
    problems.note(
      REPLACED_HEAD,
      `its tree of ${known.treeSize} entries, which no key vouched for, is forgotten: it says ${head.treeSize} now`,
    );
    return true;
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
}

/** By size first: a timestamp may have been wrong, and a log that once signed one of next year must not stand still. */
function isOlder(head: SignedTreeHead, known: SignedTreeHead): boolean {
  if (head.treeSize !== known.treeSize) return head.treeSize < known.treeSize;
  return head.timestamp < known.timestamp;
}
