/** A pause of at least `from` ends at a multiple of `step`, milliseconds. */
const STEPS = [
  { from: 4000, step: 500 },
  { from: 1000, step: 250 },
] as const;
/** Timers may fire a little early. */
const SLACK_MS = 2;

/**
 * Ends long pauses together, a little late and never early. At a few requests per second, waking up is most of the cost of
 * a request, so several logs are polled at each wake-up.
 */
export class SharedWakes {
  private readonly callbacks = new Map<number, Set<() => void>>();
  private timer: NodeJS.Timeout | undefined;
  private next = Infinity;

  /** @param now monotonic milliseconds. */
  constructor(private readonly now: () => number) {}

  /** Calls back after `ms`, late by at most a quarter of `ms` or 500 ms. @returns a function that cancels the call. */
  after(ms: number, callback: () => void): () => void {
    const step = STEPS.find(({ from }) => ms >= from)?.step;
    if (step === undefined) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    }
    const at = Math.ceil((this.now() + ms) / step) * step;
    // A new function, since the same callback may wait twice.
    const wake = (): void => callback();
    const wakes = this.at(at).add(wake);
    if (at < this.next) this.schedule();
    return () => {
      if (wakes.delete(wake) && wakes.size === 0) this.forget(at, wakes);
    };
  }

  private at(time: number): Set<() => void> {
    let wakes = this.callbacks.get(time);
    if (wakes === undefined) this.callbacks.set(time, (wakes = new Set()));
    return wakes;
  }

  private forget(at: number, wakes: Set<() => void>): void {
    if (this.callbacks.get(at) !== wakes) return;
    this.callbacks.delete(at);
    if (at === this.next) this.schedule();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.next = Math.min(...this.callbacks.keys());
    if (this.next === Infinity) return;
    this.timer = setTimeout(() => this.fire(), Math.max(0, Math.ceil(this.next - this.now())));
  }

  private fire(): void {
    const now = this.now() + SLACK_MS;
    const due = [...this.callbacks].filter(([at]) => at <= now);
    for (const [at] of due) this.callbacks.delete(at);
    this.schedule();
    for (const [, wakes] of due) for (const wake of wakes) if (wakes.delete(wake)) wake();
  }
}
