import type { LogStatus } from '../reporting/log-status.js';

const ENTRIES_PER_LINE = 1000;
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 10_000;

/** ProgressLog writes a line every 1,000 entries, at most once a second; every 10 s for fewer entries; none without entries. */
export class ProgressLog {
  private entries = 0;
  private total = 0;
  private at: number;

  constructor(
    private readonly write: (message: string, fields: object) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.at = now();
  }

  add(entries: number): void {
    this.entries += entries;
    this.total += entries;
  }

  /** Must be called about every second. */
  tick(followed: readonly LogStatus[]): void {
    const elapsed = this.now() - this.at;
    if (this.entries === 0) {
      if (elapsed >= LONGEST_PAUSE_MS) this.at = this.now();
      return;
    }
    if (elapsed < SHORTEST_PAUSE_MS || (this.entries < ENTRIES_PER_LINE && elapsed < LONGEST_PAUSE_MS))
      return;
    const rate = Math.round(this.entries / (elapsed / 1000));
    const lag = followed.reduce((sum, status) => sum + status.lag, 0);
    const failing = followed.filter(({ state }) => state === 'failing').length;
    this.write(
      `${this.total} entries from ${followed.length} ${followed.length === 1 ? 'log' : 'logs'}, ${rate}/s`,
      {
        entries: this.entries,
        lag,
        ...(failing === 0 ? {} : { failing }),
      },
    );
    this.entries = 0;
    this.at = this.now();
  }
}
