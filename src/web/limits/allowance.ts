/** A rate is an average over this number of seconds. The units of all these seconds may come at once. */
const BURST_SECONDS = 10;

/** Least number of octets that a read is charged with, since a read of one octet costs nearly as much as a larger one. */
export const LEAST_PER_READ = 256;

/** The token bucket of one client. */
export class Allowance {
  /** Largest number of units in the bucket, at least one: otherwise no unit could ever be taken. */
  readonly most: number;
  private left: number;

  /**
   * @param perSecond units per second, on average over ten seconds; 0 = no limit.
   * @param extra units that may come at once in addition to those of ten seconds.
   * @param since time of the last update: milliseconds, monotonic.
   */
  constructor(
    private readonly perSecond: number,
    extra: number,
    private since: number,
  ) {
    this.most = perSecond === 0 ? Infinity : Math.max(1, perSecond * BURST_SECONDS) + extra;
    this.left = this.most;
  }

  /** Takes units. The bucket may go below zero. @returns whether it had enough units. */
  take(units: number, now: number): boolean {
    this.left = Math.min(this.most, this.left + ((now - this.since) / 1000) * this.perSecond) - units;
    this.since = now;
    return this.left >= 0;
  }
}
