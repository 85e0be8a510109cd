import { CtHttpStatusError } from '../client/ct-log-error.js';
import { CtTreeMismatchError } from '../reporting/contradiction.js';

const FIRST_MS = 1000;
const CAP_MS = 60_000;
/** Full jitter may draw nearly nothing; a failing log is still left alone for this long. */
const LEAST_MS = 100;

/**
 * Pauses between tries: exponential with full jitter, at most a minute, back to the start after a success. A
 * Retry-After is obeyed as it is, unless it asks for no pause at all.
 */
export class Backoff {
  private failures = 0;

  constructor(private readonly random: () => number) {}

  /** Milliseconds to wait after `error`. */
  next(error: unknown): number {
    const ceiling = Math.min(CAP_MS, FIRST_MS * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 30);
    const hasPause = error instanceof CtHttpStatusError || error instanceof CtTreeMismatchError;
    const retryAfterMs = hasPause ? (error.retryAfterMs ?? 0) : 0;
    return retryAfterMs >= LEAST_MS ? retryAfterMs : Math.max(LEAST_MS, this.random() * ceiling);
  }

  get isFailing(): boolean {
    return this.failures > 0;
  }

  reset(): void {
    this.failures = 0;
  }
}
