import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import type { Clock } from './clock.js';
import type { LogProblems } from './log-problems.js';
import type { LogStats } from './log-stats.js';
import { PollSchedule } from './poll-schedule.js';

const OLDER_HEAD = 'CT_TREE_HEAD_OLDER';

export interface HeadPollerOptions {
  readonly client: CtLogClient;
  readonly stats: LogStats;
  readonly problems: LogProblems;
  readonly clock: Clock;
  /** Longest pause between two questions for a tree head, milliseconds. */
  readonly pollIntervalMs: number;
}

/** Asks one log for its tree heads and keeps the newest that it can believe. */
export class HeadPoller {
  private readonly schedule: PollSchedule;
  private known: SignedTreeHead | undefined;
  /** {@link Clock.now} of the last question. */
  askedAt = 0;

  constructor(private readonly options: HeadPollerOptions) {
    this.schedule = new PollSchedule(options.pollIntervalMs);
  }

  /** The newest head that was accepted. */
  get head(): SignedTreeHead | undefined {
    return this.known;
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
    else if (known !== undefined && isOlder(head, known)) this.ignoreOlder(head, known);
    else {
      this.known = head;
      stats.countHead(head);
    }
    this.schedule.observe((this.known ?? head).treeSize, clock.now());
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
