/** Receives the lines of a {@link ProblemLog}. Nest's `Logger` implements it. */
export interface ProblemLogTarget {
  log(message: string, fields: object): void;
  warn(message: string, fields: object): void;
}

export interface ProblemLogOptions {
  /** Returns monotonic milliseconds. If the wall clock were used and set back by a day, no problem would be logged for a day. */
  readonly now?: () => number;
  /** Calls back after a pause. @returns a function that cancels the call. Default: a timer that does not keep the process running. */
  readonly after?: (ms: number, callback: () => void) => () => void;
  /** Milliseconds between two lines about one problem, and without a report before the line that it is resolved. */
  readonly interval?: number;
  /** Number of problems with lines of their own. A problem that was not reported for an interval makes room for another. */
  readonly capacity?: number;
}

interface OpenProblem {
  message: string;
  /** The messages that had a line, without their numbers. */
  readonly shapes: Set<string>;
  readonly since: number;
  count: number;
  lastReport: number;
  lastLine: number;
  countAtLastLine: number;
  /** When it was resolved, if it was not reported since; then `cancel` ends the wait for the line. */
  resolvedAt: number | undefined;
  cancel: () => void;
}

/** Most different messages about one problem that are logged at once. */
const MAX_SHAPES = 8;
const MAX_SHAPE = 200;

/** Key of all problems without lines of their own. If open ones were forgotten instead, each would be logged as new again and again. */
const OTHERS = '\0others';

/**
 * Logs each problem once, and then how often it recurred: a failing log causes one line a minute, not thousands. A problem that comes and
 * goes stays the same problem, until it was not reported for a minute. Another message about it is logged at once, for a few messages.
 */
export class ProblemLog {
  readonly #open = new Map<string, OpenProblem>();
  readonly #now: () => number;
  readonly #after: (ms: number, callback: () => void) => () => void;
  readonly #interval: number;
  readonly #capacity: number;

  constructor(
    private readonly target: ProblemLogTarget,
    options: ProblemLogOptions = {},
  ) {
    this.#now = options.now ?? (() => performance.now());
    this.#after = options.after ?? afterTimeout;
    this.#interval = options.interval ?? 60_000;
    this.#capacity = options.capacity ?? 1000;
  }

  /** @param key identifies the problem, for example the URL of the log and the error code */
  report(key: string, message: string, fields: object = {}): void {
    const now = this.#now();
    const problem = this.#open.get(key);
    if (!problem) {
      if (key !== OTHERS && this.#isFull(now))
        return this.report(OTHERS, 'too many different problems to log each one', { last: message });
      this.#remember(key, {
        message,
        shapes: new Set([shapeOf(message)]),
        since: now,
        count: 1,
        lastReport: now,
        lastLine: now,
        countAtLastLine: 1,
        resolvedAt: undefined,
        cancel: () => undefined,
      });
      this.target.warn(message, fields);
      return;
    }
    problem.cancel();
    problem.resolvedAt = undefined;
    problem.count++;
    problem.lastReport = now;
    problem.message = message;
    this.#remember(key, problem);
    const { shapes } = problem;
    const isNew = shapes.size < MAX_SHAPES && !shapes.has(shapeOf(message));
    if (isNew) shapes.add(shapeOf(message));
    else if (now - problem.lastLine < this.#interval) return;
    this.target.warn(`${message} (again, ${times(problem.count - problem.countAtLastLine)})`, {
      ...fields,
      count: problem.count,
      for: duration(now - problem.since),
    });
    problem.lastLine = now;
    problem.countAtLastLine = problem.count;
  }

  /** Logs that a reported problem is resolved, if it is not reported again within the interval. Does nothing for unknown problems. */
  resolved(key: string): void {
    const problem = this.#open.get(key);
    if (problem === undefined || problem.resolvedAt !== undefined) return;
    problem.resolvedAt = this.#now();
    problem.cancel = this.#after(this.#interval, () => this.#logResolved(key, problem));
  }

  /** Forgets a problem whose subject no longer exists, without logging that it is resolved. */
  forget(key: string): void {
    this.#open.get(key)?.cancel();
    this.#open.delete(key);
  }

  #logResolved(key: string, { message, count, since, resolvedAt = since }: OpenProblem): void {
    this.#open.delete(key);
    this.target.log(`resolved: ${message}`, { count, after: duration(resolvedAt - since) });
  }

  get #room(): number {
    return this.#capacity + (this.#open.has(OTHERS) ? 1 : 0);
  }

  /** Reports whether all places are taken by problems reported within the interval. The map begins with the least recent problem. */
  #isFull(now: number): boolean {
    if (this.#open.size < this.#room) return false;
    const [oldest] = this.#open.values();
    return now - oldest.lastReport < this.#interval;
  }

  #remember(key: string, problem: OpenProblem): void {
    this.#open.delete(key);
    this.#open.set(key, problem);
    if (this.#open.size > this.#room) this.forget(this.#open.keys().next().value as string);
  }
}

function afterTimeout(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  timer.unref();
  return () => clearTimeout(timer);
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

function shapeOf(message: string): string {
  return message.slice(0, MAX_SHAPE).replaceAll(/\d+/g, '#');
}
