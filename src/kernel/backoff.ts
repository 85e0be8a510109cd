import { type Clock, systemClock } from './clock.js';

export interface BackoffOptions {
  /** The pause after the first failure, milliseconds. Each further failure in a row doubles it. */
  readonly firstMs: number;
  /** The longest pause, at which the doubling ends, milliseconds. */
  readonly longestMs: number;
  /** The share of each pause that is drawn at random: 0 (default) for none of it, 1 for full jitter. */
  readonly jitter?: number;
  /** The shortest pause, milliseconds. Default: 0. */
  readonly leastMs?: number;
  /**
   * How a pause that the other side requests (Retry-After) counts. `replaces`: it replaces the pause, unless it is shorter
   * than `leastMs`. `lengthens` (default): it can only lengthen the pause.
   */
  readonly retryAfter?: 'replaces' | 'lengthens';
}

/** Milliseconds to pause after the given number of failures in a row, which is at least 1. */
export function pauseAfter(failures: number, options: BackoffOptions, random: () => number): number {
  const { firstMs, longestMs, jitter = 0, leastMs = 0 } = options;
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(leastMs, jitter === 0 ? ceiling : ceiling * (1 - jitter + jitter * random()));
}

/** Growing pauses between the tries of one operation. After a success, the next pause is the first one again. */
export class Backoff {
  private failures = 0;
  private until = -Infinity;

  constructor(
    private readonly options: BackoffOptions,
    private readonly clock: Pick<Clock, 'now' | 'random'> = systemClock,
  ) {}

  /** Whether the last try failed. */
  get isFailing(): boolean {
    return this.failures > 0;
  }

  /** Whether the last pause is over, or there was none. */
  get isOver(): boolean {
    return this.clock.now() >= this.until;
  }

  /**
   * Counts one failure and begins a pause.
   * @param retryAfterMs the pause that the other side requests.
   * @returns the length of the pause, milliseconds.
   */
  failed(retryAfterMs = 0): number {
    const { leastMs = 0, retryAfter } = this.options;
    const own = pauseAfter(++this.failures, this.options, () => this.clock.random());
    const isReplaced = retryAfter === 'replaces' && retryAfterMs > 0 && retryAfterMs >= leastMs;
    const pause = isReplaced ? retryAfterMs : Math.max(own, retryAfter === 'replaces' ? 0 : retryAfterMs);
    this.until = this.clock.now() + pause;
    return pause;
  }

  /** Call it after a success: it ends the current pause, and the next pause is the first one again. */
  reset(): void {
    this.failures = 0;
    this.until = -Infinity;
  }
}
