/** Seconds over which a rate is an average: as much as they allow may come at once. */
const BURST_SECONDS = 10;
/** Milliseconds that sums of fractions may be off by. */
const ROUNDING = 0.01;
/** Keys remembered. Beyond them the half not used since is forgotten at once, and with it what those had used up. */
const MAX_KEYS = 20_000;

/**
 * A token bucket per key in the form of the generic cell rate algorithm (ITU-T I.371, annex A): of each key one
 * number is kept, the time at which its bucket will be full again.
 */
export class RateLimiter {
  private recent = new Map<string, number>();
  /** Those not used since there were as many recent ones. Two maps, as the oldest key of a single one is costly to find. */
  private older: ReadonlyMap<string, number> = new Map();
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

  /** Number of keys remembered; one that was used lately may count twice. */
  get size(): number {
    return this.recent.size + this.older.size;
  }

  /** Takes one unit. @returns 0, or the seconds after which there will be one, and then nothing is taken. */
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
