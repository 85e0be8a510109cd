/** A growing log is asked this often at most and, if it grows slowly, at least. */
const BUSY_PAUSE_MS = 1000;
const GROWING_PAUSE_MS = 2000;
/** One that had something new so often in a row is sure to have more, and is asked for more at a time. */
const STEADY_POLLS = 3;
const STEADY_PAUSE_MS = 2750;
/** Each poll without growth makes the next pause this much longer. */
const IDLE_FACTOR = 1.5;
/** A log that has not grown for so long is asked less often than the longest pause says. */
const IDLE_AFTER_MS = 60_000;
const IDLE_STRETCH = 1.8;
/** Weight of the newest observation in the growth rate. */
const SMOOTHING = 0.3;

/**
 * When to ask a log for its tree head again: a busy one when its next full page or tile is likely there, an idle
 * one after `maxPauseMs`.
 */
export class PollSchedule {
  private size: number | undefined;
  private at = 0;
  /** Entries per millisecond, smoothed. */
  private rate = 0;
  private pauseMs: number;
  /** In a row, with growth. */
  private grownPolls = 0;
  private grownAt = 0;

  constructor(private readonly maxPauseMs: number) {
    this.pauseMs = Math.min(GROWING_PAUSE_MS, maxPauseMs);
  }

  /** Entries per millisecond, smoothed. */
  get growth(): number {
    return this.rate;
  }

  /** The tree had `size` entries at `now`. */
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

  /** Milliseconds from the last observation to the next question. @param missing entries to a full page or tile. */
  pause(missing: number): number {
    if (this.rate <= 0) return this.pauseMs;
    return Math.min(this.pauseMs, Math.max(BUSY_PAUSE_MS, missing / this.rate));
  }
}
