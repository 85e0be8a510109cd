import { setTimeout as delay } from 'node:timers/promises';

/** Time as the tailers see it; tests bring their own. */
export interface Clock {
  /** Monotonic milliseconds, for pauses: the wall clock may jump. */
  now(): number;
  /** Milliseconds since the epoch. */
  wallTime(): number;
  /** Resolves after `ms`, or as soon as `signal` is aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 (inclusive) to 1 (exclusive). */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: Date.now,
  random: Math.random,
  async sleep(ms, signal) {
    await delay(ms, undefined, { signal }).catch(() => undefined);
  },
};
