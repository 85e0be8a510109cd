import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, sleepOn } from '../../src/kernel/clock.js';

/** Turns of the event loop in which everything that can go on without time passing has gone on. */
const TURNS = 12;

/** Time passes only while everybody waits, and then at once, up to a moment that the test names. */
export class VirtualClock implements Clock {
  time = 0;
  /** Every {@link sleep}: pauses that are not cut short. */
  readonly sleeps: number[] = [];
  private readonly timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  /** @param turns of the event loop between two moments; fewer where nobody yields to it. */
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

  /** Lets the time pass until `time`; resolves when everybody waits for something beyond it. */
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
