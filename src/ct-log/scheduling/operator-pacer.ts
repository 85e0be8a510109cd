import type { Clock } from '../../kernel/clock.js';
import { ToleratedRate } from './tolerated-rate.js';

/** Requests that may go out at once after a quiet time. */
const BURST = 10;
/** Refusals of requests that went out together count once. */
const DECREASE_PAUSE_MS = 1000;
/** Pause after a refusal without Retry-After: doubles, back to the start with a success. */
const FIRST_PAUSE_MS = 1000;
/** A log may ask to be left alone for longer; the others of its operator then try whether it spoke for them. */
const LONGEST_PAUSE_MS = 60_000;
/** A pause is drawn out by up to this share, so that not everybody comes back at the same moment. */
const JITTER = 0.2;
/** What is behind gets one of so many turns even if live requests take all others. */
const TURNS_PER_BACKLOG = 10;

/** What asks: successes and refusals of one log, heads and entries apart. */
export interface PacedParty {
  readonly isHead: boolean;
}

interface Waiter {
  readonly admit: () => void;
}

/**
 * Keeps the requests for all logs of one operator to the rate that it tolerates. A refusal (429, or 503 with Retry-After)
 * ends them for the time that was asked for, a minute at most: after that only the log that refused is left alone, by
 * its `PacedHttp`. Live requests go before those of logs that are behind.
 *
 * A log that is refused again while others of the operator are served is limited by itself: it holds up no other.
 */
export class OperatorPacer {
  private readonly rate: ToleratedRate;
  private tokens = BURST;
  private countedAt: number;
  private blockedUntil = -Infinity;
  private decreasedAt = -Infinity;
  private turns = 0;
  private readonly live = new Set<Waiter>();
  private readonly backlog = new Set<Waiter>();
  /** Parties that were refused last; true when others of their kind were served since. */
  private readonly refused = new Map<PacedParty, boolean>();
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'after' | 'random'>,
    maxRate: number,
  ) {
    this.rate = new ToleratedRate(maxRate);
    this.countedAt = clock.now();
  }

  /** Requests per second that are tried now. */
  get requestsPerSecond(): number {
    return this.rate.perSecond;
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.live.size + this.backlog.size;
  }

  /** Parties whose last answer was a refusal. */
  get limitedParties(): number {
    return this.refused.size;
  }

  /** Undefined: go on. Else resolves when it is this request's turn, or `signal` ended the wait. */
  admit(isLive: boolean, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (signal?.aborted === true) return undefined;
    const isFree = this.live.size === 0 && (isLive || this.backlog.size === 0);
    if (isFree && this.takeToken()) return undefined;
    this.rate.bound();
    return this.wait(isLive ? this.live : this.backlog, signal);
  }

  succeeded(party: PacedParty): void {
    if (this.refused.size > 0) {
      this.refused.delete(party);
      for (const other of this.refused.keys()) {
        if (other.isHead === party.isHead) this.refused.set(other, true);
      }
    }
    this.rate.succeeded();
  }

  /** @param retryAfterMs what the answer asked for, if it did. */
  limited(party: PacedParty, retryAfterMs: number | undefined): void {
    const isItsOwn = this.refused.get(party) === true;
    this.refused.set(party, false);
    if (isItsOwn) return;
    const now = this.clock.now();
    if (now - this.decreasedAt >= DECREASE_PAUSE_MS) {
      this.rate.refused(now);
      this.decreasedAt = now;
    }
    const asked = Math.min(retryAfterMs ?? this.pause(), LONGEST_PAUSE_MS);
    this.blockedUntil = Math.max(this.blockedUntil, now + asked * (1 + JITTER * this.clock.random()));
    this.tokens = 0;
    this.countedAt = Math.max(now, this.blockedUntil);
    this.rate.resumes(this.countedAt);
    this.schedule();
  }

  /** The party asks no more. */
  forget(party: PacedParty): void {
    this.refused.delete(party);
  }

  /** After a refusal without Retry-After. */
  private pause(): number {
    return FIRST_PAUSE_MS * 2 ** Math.min(this.rate.refusalsInARow - 1, 10);
  }

  private takeToken(): boolean {
    const now = this.clock.now();
    if (now < this.blockedUntil) return false;
    const { perSecond } = this.rate;
    const burst = Math.max(1, Math.min(BURST, perSecond));
    this.tokens += (Math.max(0, now - this.countedAt) * perSecond) / 1000;
    if (this.tokens > burst) {
      if (this.waiting === 0) this.rate.unused(this.tokens - burst);
      this.tokens = burst;
    }
    this.countedAt = Math.max(now, this.countedAt);
    // The time to the next token is rounded by timers.
    if (this.tokens < 0.999) return false;
    this.tokens = Math.max(0, this.tokens - 1);
    return true;
  }

  private wait(queue: Set<Waiter>, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        signal?.removeEventListener('abort', end);
        queue.delete(waiter);
        resolve();
      };
      const waiter = { admit: end };
      signal?.addEventListener('abort', end);
      queue.add(waiter);
      this.schedule();
    });
  }

  private admitWaiting(): void {
    this.cancelTimer = undefined;
    while (this.waiting > 0 && this.takeToken()) this.nextQueue().values().next().value?.admit();
    this.schedule();
  }

  private nextQueue(): Set<Waiter> {
    if (this.live.size === 0) return this.backlog;
    if (this.backlog.size === 0) return this.live;
    this.turns = (this.turns + 1) % TURNS_PER_BACKLOG;
    return this.turns === 0 ? this.backlog : this.live;
  }

  private schedule(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    if (this.waiting === 0) return;
    const now = this.clock.now();
    const toToken = Math.max(0, 1 - this.tokens) * (1000 / this.rate.perSecond) - (now - this.countedAt);
    const pause = Math.max(1, toToken, this.blockedUntil - now);
    this.cancelTimer = this.clock.after(pause, () => this.admitWaiting());
  }
}
