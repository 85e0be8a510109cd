/** What {@link ProblemLog} writes to; Nest's `Logger` fits. */
export interface ProblemLogTarget {
  log(message: string, fields: object): void;
  warn(message: string, fields: object): void;
}

export interface ProblemLogOptions {
  /** Milliseconds, monotonic: after a wall clock that was set back a day no problem would show for that day. */
  readonly now?: () => number;
  /** Milliseconds between two lines about one problem. */
  readonly interval?: number;
  /** Problems told one by one. One that was not reported for an interval makes room for another. */
  readonly capacity?: number;
}

interface OpenProblem {
  message: string;
  readonly since: number;
  count: number;
  lastReport: number;
  lastLine: number;
  countAtLastLine: number;
}

/** Key of all problems for which there is no room: forgetting open ones would let each be told anew, without end. */
const OTHERS = '\0others';

/** Logs each problem once, then how often it came again: a failing log gives a line a minute, not thousands. */
export class ProblemLog {
  readonly #open = new Map<string, OpenProblem>();
  readonly #now: () => number;
  readonly #interval: number;
  readonly #capacity: number;

  constructor(
    private readonly target: ProblemLogTarget,
    options: ProblemLogOptions = {},
  ) {
    this.#now = options.now ?? (() => performance.now());
    this.#interval = options.interval ?? 60_000;
    this.#capacity = options.capacity ?? 1000;
  }

  /** @param key what makes two reports the same problem, for example the log's URL and the error code */
  report(key: string, message: string, fields: object = {}): void {
    const now = this.#now();
    const problem = this.#open.get(key);
    if (!problem) {
      if (key !== OTHERS && this.#isFull(now))
        return this.report(OTHERS, 'more problems than are told one by one', { last: message });
      const first = { message, since: now, count: 1, lastReport: now, lastLine: now, countAtLastLine: 1 };
      this.#remember(key, first);
      this.target.warn(message, fields);
      return;
    }
    problem.count++;
    problem.lastReport = now;
    problem.message = message;
    this.#remember(key, problem);
    if (now - problem.lastLine < this.#interval) return;
    this.target.warn(`${message} (again, ${times(problem.count - problem.countAtLastLine)})`, {
      ...fields,
      count: problem.count,
      for: duration(now - problem.since),
    });
    problem.lastLine = now;
    problem.countAtLastLine = problem.count;
  }

  /** Says once that a reported problem is over; does nothing for others. */
  resolved(key: string): void {
    const problem = this.#open.get(key);
    if (!problem) return;
    this.#open.delete(key);
    this.target.log(`resolved: ${problem.message}`, {
      count: problem.count,
      after: duration(this.#now() - problem.since),
    });
  }

  /** The subject of the problem is gone: nothing more is said of it. */
  forget(key: string): void {
    this.#open.delete(key);
  }

  get #room(): number {
    return this.#capacity + (this.#open.has(OTHERS) ? 1 : 0);
  }

  /** Whether there is no room for another problem, nor one that has gone quiet. The first is the one reported longest ago. */
  #isFull(now: number): boolean {
    if (this.#open.size < this.#room) return false;
    const [oldest] = this.#open.values();
    return now - oldest.lastReport < this.#interval;
  }

  #remember(key: string, problem: OpenProblem): void {
    this.#open.delete(key);
    this.#open.set(key, problem);
    if (this.#open.size > this.#room) this.#open.delete(this.#open.keys().next().value as string);
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** `0s`, `42s`, `3m5s`, `2h0m` */
function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}m${seconds % 60}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}
