/** Indices of one log over all runs of the server. */
interface LogTally {
  /** Every index below this one was received in some run. */
  seen: number;
  /** The next run must not begin below this index, because it was saved or there was enough time to save it. */
  floor: number;
  repeated: number;
}

/** Indices of one log that one run of the server streamed. */
export interface RunOfLog {
  readonly first: number;
  /** Index after the last entry. */
  readonly end: number;
  /** Index after the last entry that arrived early enough before the kill to have been saved. */
  readonly savedAtLeast: number;
}

/** Adds up the runs of a server that is killed repeatedly, and reports lost entries and wrongly repeated entries. */
export class CrashTally {
  readonly mistakes: string[] = [];
  private readonly logs = new Map<string, LogTally>();

  /** @param starts index of the first entry to stream, by log */
  constructor(starts: ReadonlyMap<string, number>) {
    for (const [url, start] of starts) this.logs.set(url, { seen: start, floor: start, repeated: 0 });
  }

  /** @param logs ranges that the run streamed; logs without entries are absent */
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

  /** Returns the index after the last entry of the range that was received without gaps. */
  seen(url: string): number {
    return this.of(url).seen;
  }

  /** Number of repetitions of entries that were streamed in more than one run. */
  get repeated(): number {
    return [...this.logs.values()].reduce((sum, { repeated }) => sum + repeated, 0);
  }

  private of(url: string): LogTally {
    const tally = this.logs.get(url);
    if (!tally) throw new RangeError(`${url} is not a log of the test`);
    return tally;
  }
}
