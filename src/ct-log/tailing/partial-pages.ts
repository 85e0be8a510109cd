/** Entries that do not fill a page or tile yet are fetched this long after the last fetch, not at every poll. */
const PAUSE_MS = 2000;

/** When to fetch a page or tile that is not full yet. */
export class PartialPages {
  private readonly pauseMs: number;
  private fetchedAt = -Infinity;

  constructor(pollIntervalMs: number) {
    this.pauseMs = Math.min(PAUSE_MS, pollIntervalMs);
  }

  fetched(at: number): void {
    this.fetchedAt = at;
  }

  due(_waiting: number): number {
    return this.fetchedAt + this.pauseMs;
  }
}
