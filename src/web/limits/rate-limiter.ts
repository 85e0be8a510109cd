/** Seconds over which a rate is an average: as much as they allow may come at once. */
const BURST_SECONDS = 10;
/** Milliseconds that sums of fractions may be off by. */
const ROUNDING = 0.01;
/** Keys remembered; the one used longest ago goes first. What it had used up is then forgotten. */
const MAX_KEYS = 20_000;

/**
 * A token bucket per key in the form of the generic cell rate algorithm (ITU-T I.371, annex A): of each key one
 * number is kept, the time at which its bucket will be full again.
 */
export class RateLimiter {
  private readonly fullAt = new Map<string, number>();
  /** Milliseconds of one unit. */
  private readonly interval: number;
  private readonly tolerance: number;

  /**
   * @param perSecond units per second; 0 = no limit.
   * @param clock milliseconds, monotonic.
   */
  constructor(
    perSecond: number,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.interval = perSecond === 0 ? 0 : 1000 / perSecond;
    // A bucket holds one unit at least, or nobody could ever take it.
    this.tolerance = Math.max(BURST_SECONDS * 1000, this.interval);
  }

  /** Number of keys remembered. */
  get size(): number {
    return this.fullAt.size;
  }

  /** Takes one unit. @returns 0, or the seconds after which there will be one, and then nothing is taken. */
  take(key: string): number {
    if (this.interval === 0) return 0;
    const now = this.clock();
    const full = Math.max(now, this.fullAt.get(key) ?? now) + this.interval;
    const wait = full - now - this.tolerance;
    if (wait > ROUNDING) return Math.max(1, Math.ceil((wait - ROUNDING) / 1000));
    this.fullAt.delete(key);
    this.fullAt.set(key, full);
    if (this.fullAt.size > MAX_KEYS) this.fullAt.delete(this.fullAt.keys().next().value as string);
    return 0;
  }
}
