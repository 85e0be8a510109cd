import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, sleepOn } from '../../src/kernel/clock.js';

/** Number of turns of the event loop after which everything that does not depend on time has run. */
const TURNS = 12;

/** A clock whose time advances only while all code waits, and then at once, up to a moment that the test sets. */
export class VirtualClock implements Clock {
  time = 0;
  /** The duration of every {@link sleep}. */
  readonly sleeps: number[] = [];
  private readonly timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  /**
   * @param turns number of turns of the event loop between two moments; fewer are enough for code that does not yield
   * to it.
   */
  constructor(
    private readonly randomValue = 0.5,
    private readonly turns = TURNS,
  ) {}

  now(): number {
    return this.time;
  }

  wallTime(): number {
    return 1_763_795_400_000 + this.time;
  }

  random(): number {
    return this.randomValue;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + Math.max(0, ms), callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    return sleepOn(this, ms, signal);
  }

  /** Advances the time to `time`. Resolves when all code waits for a later moment. */
  async runUntil(time: number): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < this.turns; turn++) await nextTurn();
      const next = this.earliest();
      if (next === undefined || next.at > time) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    this.time = time;
  }

  private earliest(): { readonly at: number; readonly callback: () => void } | undefined {
    let first: { readonly at: number; readonly callback: () => void } | undefined;
    for (const timer of this.timers) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  }
}
