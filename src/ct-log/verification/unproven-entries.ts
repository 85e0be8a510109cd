import type { LogStats } from '../reporting/log-stats.js';

/** Counts entries of one log that were streamed and are left unproven, as verification goes on behind them. */
export class UnprovenEntries {
  /** Entries behind the last proof that were never streamed. */
  private skipped = 0;

  constructor(private readonly stats: LogStats) {}

  /** Entries were left out, which is written down elsewhere. */
  skip(count: number): void {
    this.skipped += count;
  }

  /** Everything so far is proven. */
  proven(): void {
    this.skipped = 0;
  }

  /** Everything behind the last proof stays unproven: [from, to). */
  leave(from: number, to: number): void {
    this.stats.unverifiedEntries += Math.max(0, to - from - this.skipped);
  }
}
