/** Entries that do not fill a page yet are fetched this long after the last fetch, not at every poll. */
const PAUSE_MS = 1500;
/** Entries may wait this long for their tile, which comes as a whole each time, to be full: until the next poll of a busy log. */
const LONGEST_WAIT_MS = 1250;

/** When to fetch a page or tile that is not full yet. */
export class PartialPages {
  private fetchedAt = -Infinity;
  private waitingSince: number | undefined;

  /**
   * @param areReread whether each fetch brings the whole page again, as with tiles.
   * @param maxPauseMs no pause is longer.
   */
  constructor(
    private readonly areReread: boolean,
    private readonly maxPauseMs: number,
  ) {}

  /** @param at when the request for them went out; -Infinity when there is more to be had at once. */
  fetched(at: number): void {
    this.fetchedAt = at;
    this.waitingSince = undefined;
  }

  /**
   * To be asked when there are entries of a page that is not full.
   * @param missing entries to the full page.
   * @param rate growth, entries per millisecond.
   */
  due(now: number, missing: number, rate: number): number {
    this.waitingSince ??= now;
    const due = this.fetchedAt + Math.min(PAUSE_MS, this.maxPauseMs);
    const latest = this.waitingSince + Math.min(LONGEST_WAIT_MS, this.maxPauseMs);
    const isSoonFull = this.areReread && rate > 0 && now + missing / rate <= latest;
    return isSoonFull ? Math.max(due, latest) : due;
  }
}
