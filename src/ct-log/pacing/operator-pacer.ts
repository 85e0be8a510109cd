import type { Clock } from '../tailing/clock.js';

/** Requests per second at the beginning, and after any number of refusals. */
const FIRST_RATE = 10;
const LEAST_RATE = 0.1;
/** A single refusal may be a fault of one log: only several, with few successes in between, bring the rate below this. */
const MODEST_RATE = 5;
const REFUSALS_TO_BELIEVE = 3;
const SUCCESSES_PER_REFUSAL = 20;
/** Requests that may go out at once after a quiet time. */
const BURST = 10;
/** Growth per second of use, absolute and relative, once the operator has refused something; until then the rate doubles. */
const RECOVERY: Growth = { absolute: 0.5, relative: 0.05 };
/** The same near the rate that was refused last: what lies above is tried out, slowly since each try ends with a refusal. */
const PROBE: Growth = { absolute: 0.02, relative: 0.004 };
/** What is near, in shares of the rate that was refused last. Above that the operator tolerates more than it did. */
const PROBE_FROM = 0.9;
const PROBE_TO = 1.1;
/** Of one success, as a share of the rate: at low rates it stands for many seconds. */
const MAX_STEP = 0.1;
const DECREASE = 0.5;
/** When the rate was found slowly, and is not far above what is tolerated. */
const SMALL_DECREASE = 0.75;
/** Refusals of requests that went out together count once. */
const DECREASE_PAUSE_MS = 1000;
/** Pause after a refusal without Retry-After: doubles up to the cap, back to the start with a success. */
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** A pause is drawn out by up to this share, so that not everybody comes back at the same moment. */
const JITTER = 0.2;
/** What is behind gets one of so many turns even if live requests take all others. */
const TURNS_PER_BACKLOG = 10;

/** What asks: successes and refusals of one log, heads and entries apart. */
export interface PacedParty {
  readonly isHead: boolean;
}

interface Growth {
  readonly absolute: number;
  readonly relative: number;
}

interface Waiter {
  readonly admit: () => void;
}

/**
 * Finds the rate of requests that the logs of one operator tolerate: additive increase while requests wait,
 * multiplicative decrease when one is refused (429, or 503 with Retry-After), which also ends all requests for the time
 * that was asked for. Live requests go before those of logs that are behind.
 *
 * A log that is refused again while others of the operator are served is limited by itself: it holds up no other.
 */
export class OperatorPacer {
  private rate: number;
  private tokens = BURST;
  private countedAt: number;
  private blockedUntil = -Infinity;
  private decreasedAt = -Infinity;
  /** The rate that was refused last; Infinity when it was not the rate, as when few asked. */
  private refusedRate: number | undefined;
  /** In a row. */
  private refusals = 0;
  /** Refusals, less those that were made up for by successes. */
  private strain = 0;
  /** Whether requests had to wait since the rate last grew. */
  private isBinding = false;
  private turns = 0;
  private readonly live = new Set<Waiter>();
  private readonly backlog = new Set<Waiter>();
  /** Parties that were refused last; true when others of their kind were served since. */
  private readonly refused = new Map<PacedParty, boolean>();
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'after' | 'random'>,
    private readonly maxRate: number,
  ) {
    this.rate = Math.min(FIRST_RATE, maxRate);
    this.countedAt = clock.now();
  }

  /** Requests per second that are tried now. */
  get requestsPerSecond(): number {
    return this.rate;
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
    const isFree = this.live.size === 0 && (isLive || this.backlog.size === 0);
    if (isFree && this.takeToken()) return undefined;
    this.isBinding = true;
    return this.wait(isLive ? this.live : this.backlog, signal);
  }

  succeeded(party: PacedParty): void {
    this.refusals = 0;
    this.strain = Math.max(0, this.strain - 1 / SUCCESSES_PER_REFUSAL);
    if (this.refused.size > 0) {
      this.refused.delete(party);
      for (const other of this.refused.keys()) {
        if (other.isHead === party.isHead) this.refused.set(other, true);
      }
    }
    if (!this.isBinding) return;
    this.rate = Math.min(this.maxRate, this.rate + this.step());
    this.isBinding = this.waiting > 0;
  }

  /** @param retryAfterMs what the answer asked for, if it did. */
  limited(party: PacedParty, retryAfterMs: number | undefined): void {
    const isItsOwn = this.refused.get(party) === true;
    this.refused.set(party, false);
    if (isItsOwn) return;
    const now = this.clock.now();
    if (now - this.decreasedAt >= DECREASE_PAUSE_MS) {
      this.decrease();
      this.decreasedAt = now;
    }
    const asked =
      retryAfterMs ?? Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.refusals - 1, 10));
    this.blockedUntil = Math.max(this.blockedUntil, now + asked * (1 + JITTER * this.clock.random()));
    this.tokens = 0;
    this.countedAt = Math.max(now, this.blockedUntil);
    this.schedule();
  }

  /** The party asks no more. */
  forget(party: PacedParty): void {
    this.refused.delete(party);
  }

  /** Growth of the rate per success. */
  private step(): number {
    const { rate, refusedRate } = this;
    if (refusedRate === undefined) return 1;
    const isNear = rate > PROBE_FROM * refusedRate && rate < PROBE_TO * refusedRate;
    const { absolute, relative } = isNear ? PROBE : RECOVERY;
    return Math.min(Math.max(absolute / rate, relative), MAX_STEP * rate);
  }

  private decrease(): void {
    const wasFoundSlowly = this.isBinding && this.refusedRate !== undefined && this.refusals === 0;
    if (this.refusals === 0) this.refusedRate = this.isBinding ? this.rate : Infinity;
    this.refusals++;
    this.strain = Math.min(REFUSALS_TO_BELIEVE, this.strain + 1);
    const least = this.strain < REFUSALS_TO_BELIEVE ? MODEST_RATE : LEAST_RATE;
    const lower = this.rate * (wasFoundSlowly ? SMALL_DECREASE : DECREASE);
    this.rate = Math.min(this.rate, Math.max(least, lower));
  }

  private takeToken(): boolean {
    const now = this.clock.now();
    if (now < this.blockedUntil) return false;
    const burst = Math.max(1, Math.min(BURST, this.rate));
    this.tokens = Math.min(burst, this.tokens + (Math.max(0, now - this.countedAt) * this.rate) / 1000);
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
    const toToken = Math.max(0, 1 - this.tokens) * (1000 / this.rate) - (now - this.countedAt);
    const pause = Math.max(1, toToken, this.blockedUntil - now);
    this.cancelTimer = this.clock.after(pause, () => this.admitWaiting());
  }
}
