/** Shortest pause of a growing log and, if it grows slowly, the longest. */
const BUSY_PAUSE_MS = 1000;
const GROWING_PAUSE_MS = 2000;
/** After growth at this many polls in a row, the log grows steadily: pauses become longer, so that each poll finds more entries. */
const STEADY_POLLS = 3;
const STEADY_PAUSE_MS = 2750;
/** Each poll without growth lengthens the next pause by this factor. */
const IDLE_FACTOR = 1.5;
/** After this time without growth, the longest pause is stretched. */
const IDLE_AFTER_MS = 60_000;
const IDLE_STRETCH = 1.8;
/** Weight of the newest observation in the growth rate. */
const SMOOTHING = 0.3;
/** Pause between two requests for entries of a page that is not full. */
const PARTIAL_PAGE_PAUSE_MS = 1500;
/** Longest time that entries wait for their tile to be full, until the next poll of a busy log. */
const LONGEST_WAIT_MS = 1250;

/**
 * PollSchedule says when to request the next tree head: for a busy log when its next page or tile is probably full, for an idle
 * log after `maxPauseMs`.
 */
export class PollSchedule {
  private size: number | undefined;
  private at = 0;
  /** Entries per millisecond, smoothed. */
  private rate = 0;
  private pauseMs: number;
  /** Number of polls in a row that found growth. */
  private grownPolls = 0;
  private grownAt = 0;

  constructor(private readonly maxPauseMs: number) {
    this.pauseMs = Math.min(GROWING_PAUSE_MS, maxPauseMs);
  }

  /** Entries per millisecond, smoothed. */
  get growth(): number {
    return this.rate;
  }

  /** Notes that the tree had `size` entries at `now`. */
  observe(size: number, now: number): void {
    const grown = this.size === undefined ? 0 : size - this.size;
    const elapsed = now - this.at;
    if (this.size !== undefined && elapsed > 0) this.rate += SMOOTHING * (grown / elapsed - this.rate);
    if (grown > 0 || this.size === undefined) this.grownAt = now;
    this.grownPolls = grown > 0 ? this.grownPolls + 1 : 0;
    const growingPause = this.grownPolls >= STEADY_POLLS ? STEADY_PAUSE_MS : GROWING_PAUSE_MS;
    this.pauseMs =
      grown > 0
        ? Math.min(growingPause, this.maxPauseMs)
        : Math.min(this.longestPause(now), this.pauseMs * IDLE_FACTOR);
    this.size = size;
    this.at = now;
  }

  private longestPause(now: number): number {
    return now - this.grownAt >= IDLE_AFTER_MS ? IDLE_STRETCH * this.maxPauseMs : this.maxPauseMs;
  }

  /** Milliseconds from the last observation to the next request. @param missing number of entries until a page or tile is full. */
  pause(missing: number): number {
    if (this.rate <= 0) return this.pauseMs;
    return Math.min(this.pauseMs, Math.max(BUSY_PAUSE_MS, missing / this.rate));
  }
}

/** Decides when to fetch the entries of a page or tile that is not full yet. */
export class PartialPages {
  private fetchedAt = -Infinity;
  private waitingSince: number | undefined;

  /**
   * @param areReread whether each request fetches the whole page, as with tiles.
   * @param maxPauseMs maximum pause.
   */
  constructor(
    private readonly areReread: boolean,
    private readonly maxPauseMs: number,
  ) {}

  /** Notes a request. @param at when it was sent; -Infinity if the log has more entries already. */
  fetched(at: number): void {
    this.fetchedAt = at;
    this.waitingSince = undefined;
  }

  /**
   * Called while there are entries to fetch from a page that is not full.
   * @param missing number of entries until the page is full.
   * @param rate growth of the log, entries per millisecond.
   * @returns the time of the next request.
   */
  due(now: number, missing: number, rate: number): number {
    this.waitingSince ??= now;
    const due = this.fetchedAt + Math.min(PARTIAL_PAGE_PAUSE_MS, this.maxPauseMs);
    const latest = this.waitingSince + Math.min(LONGEST_WAIT_MS, this.maxPauseMs);
    const isSoonFull = this.areReread && rate > 0 && now + missing / rate <= latest;
    return isSoonFull ? Math.max(due, latest) : due;
  }
}
