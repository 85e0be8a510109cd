/** Seconds over which a rate is an average: as much as they allow may come at once. */
const BURST_SECONDS = 10;

/** What one client may do: a token bucket. */
export class Allowance {
  /** Units that it can have at once: one at least, or nobody could ever take it. */
  readonly most: number;
  private left: number;

  /**
   * @param perSecond units per second, on average over ten seconds; 0 = no limit.
   * @param extra units that may come at once on top.
   * @param since milliseconds, monotonic.
   */
  constructor(
    private readonly perSecond: number,
    extra: number,
    private since: number,
  ) {
    this.most = perSecond === 0 ? Infinity : Math.max(1, perSecond * BURST_SECONDS) + extra;
    this.left = this.most;
  }

  /** Takes units, also those that it does not have. @returns whether it had them. */
  take(units: number, now: number): boolean {
    this.left = Math.min(this.most, this.left + ((now - this.since) / 1000) * this.perSecond) - units;
    this.since = now;
    return this.left >= 0;
  }
}
