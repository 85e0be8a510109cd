import type { LogStatus } from '../reporting/log-status.js';

/** Rates are measured over windows of this length at least. */
const WINDOW_MS = 60_000;
/** So many windows in a row, in which the log grew more than was delivered, mean falling behind. */
const WINDOWS = 3;
/** Weight of the newest window. */
const SMOOTHING = 0.5;

/** Measures how fast a log grows and how fast its entries are delivered, and whether that is fast enough. */
export class FollowRate {
  private at: number | undefined;
  private treeSize = 0;
  private next = 0;
  private windows = 0;

  constructor(private readonly status: LogStatus) {}

  /**
   * To be called with every head.
   * @param isBehind whether there is more to fetch than a log that keeps up ever has.
   * @returns whether `status.fallingBehind` changed.
   */
  observe(now: number, treeSize: number, next: number, isBehind: boolean): boolean {
    if (this.at === undefined || treeSize < this.treeSize) {
      this.begin(now, treeSize, next);
      return false;
    }
    const seconds = (now - this.at) / 1000;
    if (seconds * 1000 < WINDOW_MS) return this.set(this.status.fallingBehind && isBehind);
    const grown = (treeSize - this.treeSize) / seconds;
    const delivered = (next - this.next) / seconds;
    this.status.growthRate = smooth(this.status.growthRate, grown);
    this.status.deliveryRate = smooth(this.status.deliveryRate, delivered);
    this.windows = isBehind && delivered < grown ? this.windows + 1 : 0;
    this.begin(now, treeSize, next);
    return this.set(isBehind && (this.windows >= WINDOWS || (this.status.fallingBehind && this.windows > 0)));
  }

  private begin(now: number, treeSize: number, next: number): void {
    this.at = now;
    this.treeSize = treeSize;
    this.next = next;
  }

  private set(isFallingBehind: boolean): boolean {
    const isChanged = this.status.fallingBehind !== isFallingBehind;
    this.status.fallingBehind = isFallingBehind;
    return isChanged;
  }
}

function smooth(old: number | undefined, value: number): number {
  return old === undefined ? value : old + SMOOTHING * (value - old);
}
