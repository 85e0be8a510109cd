/** A log that can grow. */
interface GrowingLog {
  /** @param timestamp returns the timestamp of the n-th new entry, milliseconds since the epoch. */
  append(count: number, timestamp: (n: number) => number): void;
  publish(): unknown;
}

export interface GrowthOptions {
  readonly entriesPerSecond: number;
  /** Milliseconds between published heads. Default 1000. */
  readonly headIntervalMs?: number;
  /** Milliseconds before the first head, which spreads the work of many logs. Default: one interval. */
  readonly phaseMs?: number;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * At each head interval, appends the entries that have become due and publishes a head, like a log that sequences in
 * batches.
 */
export class LogGrowth {
  private timer?: NodeJS.Timeout;
  private rate = 0;
  private startedAt = 0;
  private appended = 0;

  constructor(private readonly log: GrowingLog) {}

  start({ entriesPerSecond, headIntervalMs = 1000, phaseMs = headIntervalMs }: GrowthOptions): void {
    if (!(headIntervalMs > 0 && headIntervalMs <= MAX_TIMER_MS))
      throw new RangeError(`head interval ${headIntervalMs}`);
    if (!(entriesPerSecond >= 0 && Number.isFinite(entriesPerSecond)))
      throw new RangeError(`rate ${entriesPerSecond}`);
    this.stop();
    this.rate = entriesPerSecond;
    this.startedAt = performance.now();
    this.appended = 0;
    const tick = (): void => {
      this.grow();
      const elapsed = performance.now() - this.startedAt - phaseMs;
      this.timer = setTimeout(tick, headIntervalMs - (Math.max(0, elapsed) % headIntervalMs));
    };
    this.timer = setTimeout(tick, phaseMs);
  }

  stop(): void {
    if (!this.timer) return;
    clearTimeout(this.timer);
    delete this.timer;
    this.grow();
  }

  private grow(): void {
    const elapsed = performance.now() - this.startedAt;
    const due = Math.floor((elapsed / 1000) * this.rate) - this.appended;
    const startedAt = Date.now() - elapsed;
    const first = this.appended + 1;
    this.appended += due;
    this.log.append(due, (n) => Math.floor(startedAt + ((first + n) * 1000) / this.rate));
    this.log.publish();
  }
}
