/** What is known of one log over all runs of the server; indices. */
interface LogTally {
  /** Every index below it was received in some run. */
  seen: number;
  /** The next run may not begin below it: it was saved, or had time enough to be. */
  floor: number;
  repeated: number;
}

/** What one run of the server brought of one log. */
export interface RunOfLog {
  readonly first: number;
  /** Behind the last index. */
  readonly end: number;
  /** Behind the last index that had come so long before the kill that it must have been saved. */
  readonly savedAtLeast: number;
}

/** Adds up runs of a server that is killed again and again, and names what was lost or came twice too often. */
export class CrashTally {
  readonly mistakes: string[] = [];
  private readonly logs = new Map<string, LogTally>();

  /** @param starts index of the first entry to be streamed, by log. */
  constructor(starts: ReadonlyMap<string, number>) {
    for (const [url, start] of starts) this.logs.set(url, { seen: start, floor: start, repeated: 0 });
  }

  /** Logs of which the run brought nothing are left out. */
  add(run: number, logs: ReadonlyMap<string, RunOfLog>): void {
    for (const [url, { first, end, savedAtLeast }] of logs) {
      const tally = this.of(url);
      if (first > tally.seen) this.mistakes.push(`run ${run}: ${url} lost ${tally.seen} to ${first - 1}`);
      if (first < tally.floor)
        this.mistakes.push(`run ${run}: ${url} began at ${first}, although ${tally.floor} was saved`);
      tally.repeated += Math.max(0, Math.min(end, tally.seen) - first);
      tally.seen = Math.max(tally.seen, end);
      tally.floor = Math.max(tally.floor, first, savedAtLeast);
    }
  }

  /** Behind the last index that was received in an unbroken row. */
  seen(url: string): number {
    return this.of(url).seen;
  }

  /** Entries that came in more than one run, counted each time. */
  get repeated(): number {
    return [...this.logs.values()].reduce((sum, { repeated }) => sum + repeated, 0);
  }

  private of(url: string): LogTally {
    const tally = this.logs.get(url);
    if (!tally) throw new RangeError(`nobody follows ${url}`);
    return tally;
  }
}
