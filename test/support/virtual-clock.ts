import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/ct-log/tailing/clock.js';

/** Time passes only while somebody sleeps, and then at once, up to a moment that the test names. */
export class VirtualClock implements Clock {
  time = 0;
  readonly sleeps: number[] = [];
  private limit = 0;
  private reached: () => void = () => undefined;
  private wake: () => void = () => undefined;

  constructor(private readonly randomValue = 0.5) {}

  now(): number {
    return this.time;
  }

  wallTime(): number {
    return 1_763_795_400_000 + this.time;
  }

  random(): number {
    return this.randomValue;
  }

  /** Lets the time pass until `time`; resolves when everybody sleeps beyond it. */
  runUntil(time: number): Promise<void> {
    this.limit = time;
    return new Promise((resolve) => {
      this.reached = resolve;
      this.wake();
    });
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    await nextTurn();
    const until = this.time + ms;
    while (until > this.limit && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
        this.reached();
      });
    }
    if (!signal.aborted) this.time = Math.max(this.time, until);
  }
}
