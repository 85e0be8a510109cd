/** A time before which something that failed is not tried again, twice as far away after each failure. */
export class GrowingPause {
  private until = -Infinity;
  private pauseMs: number;

  constructor(
    private readonly firstMs: number,
    private readonly longestMs: number,
  ) {
    this.pauseMs = firstMs;
  }

  /** @param now milliseconds, monotonic. */
  isOver(now: number): boolean {
    return now >= this.until;
  }

  /** It failed. @param leastMs what the other side asked for. */
  grow(now: number, leastMs = 0): void {
    this.until = now + Math.max(this.pauseMs, leastMs);
    this.pauseMs = Math.min(this.pauseMs * 2, this.longestMs);
  }

  reset(): void {
    this.until = -Infinity;
    this.pauseMs = this.firstMs;
  }
}
