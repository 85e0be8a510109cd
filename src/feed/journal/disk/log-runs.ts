/** Consecutive `next` entries of one log: indices `from` (inclusive) to `end` (exclusive). */
export interface LogRun {
  readonly from: number;
  readonly end: number;
  /** Whether the log started over before this run: it does not continue a run of an earlier segment. */
  readonly isNew: boolean;
}

type SavedRuns = Record<string, readonly [from: number, end: number, isNew: 0 | 1]>;

/** LogRuns holds the newest run of each log, by URL. Entries before the run may or may not be in the journal. */
export class LogRuns {
  private readonly runs = new Map<string, LogRun>();

  /** @param saved what {@link format} returned. */
  static parse(saved: SavedRuns): LogRuns {
    const result = new LogRuns();
    for (const [log, [from, end, isNew]] of Object.entries(saved))
      result.runs.set(log, { from, end, isNew: isNew === 1 });
    return result;
  }

  format(): SavedRuns {
    const saved = [...this.runs].map(
      ([log, { from, end, isNew }]) => [log, [from, end, isNew ? 1 : 0]] as const,
    );
    return Object.fromEntries(saved);
  }

  /** Returns undefined when no entry of the log is known. */
  get(log: string): LogRun | undefined {
    const run = this.runs.get(log);
    return run === undefined || run.from === run.end ? undefined : run;
  }

  /**
   * Adds entries `from` to `end` (exclusive). They extend the run if they touch it, else they begin a new one. If `from` equals
   * `end`, the log starts over.
   */
  add(log: string, from: number, end: number): void {
    if (from === end) {
      this.runs.set(log, { from: 0, end: 0, isNew: true });
      return;
    }
    const { isNew = false } = this.runs.get(log) ?? {};
    const run = this.get(log);
    const isTouching = run !== undefined && from <= run.end && end >= run.from;
    const united = isTouching
      ? { from: Math.min(from, run.from), end: Math.max(end, run.end) }
      : { from, end };
    this.runs.set(log, { ...united, isNew });
  }

  /** Adds the runs of a later segment. */
  addAll(later: LogRuns): void {
    for (const [log, run] of later.runs) {
      if (run.isNew) this.runs.set(log, run);
      else this.add(log, run.from, run.end);
    }
  }
}
