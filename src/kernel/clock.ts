import { SharedWakes } from './shared-wakes.js';
import { type Timer, wakeOrAbort } from './wait-queue.js';

const wakes = new SharedWakes(() => performance.now());

/** Source of time. Tests replace it. */
export interface Clock extends Timer {
  /** Monotonic milliseconds, for pauses, since the wall clock may jump. */
  now(): number;
  /** Milliseconds since the epoch. */
  wallTime(): number;
  /** Calls back once after `ms`. A pause of seconds may last up to 500 ms longer. @returns a function that cancels the call. */
  after(ms: number, callback: () => void): () => void;
  /** Resolves after `ms` or when `signal` is aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A random number from 0 (inclusive) to 1 (exclusive). */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: Date.now,
  random: Math.random,
  after: (ms, callback) => wakes.after(ms, callback),
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
};

/** Implements {@link Clock.sleep} with {@link Timer.after}. */
export async function sleepOn(timer: Timer, ms: number, signal: AbortSignal): Promise<void> {
  await wakeOrAbort((wake) => timer.after(ms, wake), signal);
}
