import type { Clock } from './clock.js';

/** How fast all logs that are behind may catch up together. */
export class CatchUpRate {
  private free = -Infinity;

  /** @param entriesPerSecond 0 = without bound. */
  constructor(
    private readonly entriesPerSecond: number,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Milliseconds to wait before more is asked for, now that `entries` were delivered. */
  pauseAfter(entries: number): number {
    if (this.entriesPerSecond === 0) return 0;
    const now = this.clock.now();
    this.free = Math.max(this.free, now) + (entries / this.entriesPerSecond) * 1000;
    return this.free - now;
  }
}
