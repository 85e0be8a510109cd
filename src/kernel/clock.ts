import { SharedWakes } from './shared-wakes.js';
import { type Timer, wakeOrAbort } from './wait-queue.js';

const wakes = new SharedWakes(() => performance.now());

/** Time as the tailers see it; tests bring their own. */
export interface Clock extends Timer {
  /** Monotonic milliseconds, for pauses: the wall clock may jump. */
  now(): number;
  /** Milliseconds since the epoch. */
  wallTime(): number;
  /** Calls back once after `ms`, a pause of seconds up to 500 ms later. @returns ends the wait before that. */
  after(ms: number, callback: () => void): () => void;
  /** Resolves after `ms`, or as soon as `signal` is aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 (inclusive) to 1 (exclusive). */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: Date.now,
  random: Math.random,
  after: (ms, callback) => wakes.after(ms, callback),
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
};

/** {@link Clock.sleep} by means of {@link Timer.after}. */
export async function sleepOn(timer: Timer, ms: number, signal: AbortSignal): Promise<void> {
  await wakeOrAbort((wake) => timer.after(ms, wake), signal);
}
