/** A rate is an average over this number of seconds. The units of all these seconds may come at once. */
const BURST_SECONDS = 10;
/** Largest rounding error of a sum of fractions, in milliseconds. */
const ROUNDING = 0.01;
/** Largest number of keys. Above it, the least recently used half is forgotten, so these keys have full buckets again. */
const MAX_KEYS = 20_000;

/**
 * Limits a rate with one token bucket per key. It uses the generic cell rate algorithm (ITU-T I.371, annex A) and stores one number
 * per key: the time at which the bucket will be full again.
 */
export class RateLimiter {
  private recent = new Map<string, number>();
  /** Keys that were used before `recent` was last emptied. Two maps, since finding the oldest key of one map is expensive. */
  private older: ReadonlyMap<string, number> = new Map();
  /** Milliseconds in which a bucket gains one unit; 0 = no limit. */
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
    // A bucket holds at least one unit: otherwise no unit could ever be taken.
    this.tolerance = Math.max(BURST_SECONDS * 1000, this.interval);
  }

  /** Number of stored keys. A key that is in both maps counts twice. */
  get size(): number {
    return this.recent.size + this.older.size;
  }

  /** Takes one unit and returns 0. If there is no unit, takes nothing and returns the seconds until there is one. */
  take(key: string): number {
    if (this.interval === 0) return 0;
    const now = this.clock();
    const before = Math.max(now, this.recent.get(key) ?? this.older.get(key) ?? now);
    const wait = before + this.interval - now - this.tolerance;
    const isOver = wait > ROUNDING;
    this.remember(key, isOver ? before : before + this.interval);
    return isOver ? Math.max(1, Math.ceil((wait - ROUNDING) / 1000)) : 0;
  }

  private remember(key: string, fullAt: number): void {
    this.recent.set(key, fullAt);
    if (this.recent.size < MAX_KEYS / 2) return;
    this.older = this.recent;
    this.recent = new Map();
  }
}
