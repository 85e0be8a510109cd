import type { Clock } from '../../kernel/clock.js';

/** Milliseconds of the rate that may be made up for, after an event loop that was busy with something else. */
const BURST_MS = 1000;

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
    this.free = Math.max(this.free, now - BURST_MS) + (entries / this.entriesPerSecond) * 1000;
    return Math.max(0, this.free - now);
  }
}
