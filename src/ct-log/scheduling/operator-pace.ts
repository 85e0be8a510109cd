import type { Clock } from '../../kernel/clock.js';
import { URGENCIES, type Urgency } from './flight-budget.js';
import { SuspectedLimit } from './suspected-limit.js';
import { ToleratedRate } from './tolerated-rate.js';

/** Requests that may be sent at once after a quiet time. */
const BURST = 10;
/** A token counts as whole from here on, because the time until the next token is rounded. */
const WHOLE_TOKEN = 1 - 1e-6;
/** Refusals within this time count once: their requests were sent together. */
const DECREASE_PAUSE_MS = 1000;
/** First pause after a refusal without Retry-After. It doubles with each refusal in a row. */
const FIRST_PAUSE_MS = 1000;
/** Longest pause of an operator. If a log requests a longer pause, only this log pauses longer. */
const LONGEST_PAUSE_MS = 60_000;
/** Each pause is extended by a random share, at most this one. Several servers then send their next requests at different times. */
const JITTER = 0.2;
/** A request of each urgency goes first after this many more urgent requests were sent before it. */
const PATIENCE: Readonly<Record<Urgency, number>> = { head: Infinity, live: 1, behind: 9, ahead: 9, gap: 19 };

/** One log as the sender of either its requests for tree heads or all its other requests. Successes and refusals count per party. */
export interface PacedParty {
  readonly isHead: boolean;
}

/**
 * OperatorPace keeps the requests for all logs of one operator to the rate that the operator tolerates. A refusal (such as 429) stops
 * them for the requested time, at most one minute. The log that refused waits for the whole requested
 * time, see `LogRequests`.
 *
 * A log that refuses again while other logs of the operator answer has a limit of its own: it does not hold up the others.
 */
export class OperatorPace {
  private readonly rate: ToleratedRate;
  private tokens: number;
  private countedAt: number;
  private blockedUntil = -Infinity;
  private decreasedAt = -Infinity;
  /** Whether a request waits for the next token. */
  private isWaitedFor = false;
  /** More urgent requests sent since the last request of each urgency, or since requests of this urgency began to wait. */
  private readonly passed = new Map<Urgency, number>();
  /** Parties whose last request was refused; true if another party of the same kind was served since. */
  private readonly refused = new Map<PacedParty, boolean>();
  private readonly suspected = new SuspectedLimit();

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'random'>,
    maxRate: number,
  ) {
    this.rate = new ToleratedRate(maxRate);
    this.tokens = this.burst;
    this.countedAt = clock.now();
  }

  /** The current rate, requests per second. */
  get requestsPerSecond(): number {
    return this.rate.perSecond;
  }

  /** Parties whose last answer was a refusal. */
  get limitedParties(): number {
    return this.refused.size;
  }

  /** When the next request may be sent. A time that is not after `now` means at once. */
  opensAt(now: number): number {
    this.refill(now);
    if (now >= this.blockedUntil && this.tokens >= WHOLE_TOKEN) return now;
    const toToken = ((1 - this.tokens) * 1000) / this.rate.perSecond;
    return Math.max(this.countedAt + toToken, this.blockedUntil);
  }

  /** Reports that a request waits for {@link opensAt}. */
  bound(): void {
    this.isWaitedFor = true;
    this.rate.bound();
  }

  /** Whether the requests of this urgency have waited for enough more urgent ones. */
  isOverdue(urgency: Urgency): boolean {
    return (this.passed.get(urgency) ?? 0) >= PATIENCE[urgency];
  }

  /** Takes a token for a request that is sent. @param waiting the urgencies of the requests that wait. */
  take(urgency: Urgency, waiting: ReadonlySet<Urgency>): void {
    this.tokens = Math.max(0, this.tokens - 1);
    this.isWaitedFor = false;
    this.passed.set(urgency, 0);
    for (const other of URGENCIES.slice(URGENCIES.indexOf(urgency) + 1)) {
      this.passed.set(other, waiting.has(other) ? (this.passed.get(other) ?? 0) + 1 : 0);
    }
  }

  succeeded(party: PacedParty, url: string): void {
    this.suspected.served(url);
    if (this.refused.size > 0) {
      this.refused.delete(party);
      for (const other of this.refused.keys()) {
        if (other.isHead === party.isHead) this.refused.set(other, true);
      }
    }
    this.rate.succeeded();
  }

  /** Whether a refusal that does not say so has the rate as its reason; then {@link limited} must be called, too. */
  isSuspected(url: string): boolean {
    return this.suspected.isLimit(url, this.clock.now());
  }

  /** Reports a refusal. @param retryAfterMs the pause that the answer requested, if any. */
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
  }

  /** Forgets a party that sends no more requests. */
  forget(party: PacedParty): void {
    this.refused.delete(party);
  }

  /** The pause after a refusal without Retry-After. */
  private pause(): number {
    return FIRST_PAUSE_MS * 2 ** Math.min(this.rate.refusalsInARow - 1, 10);
  }

  private get burst(): number {
    return Math.max(1, Math.min(BURST, this.rate.perSecond));
  }

  private refill(now: number): void {
    if (now <= this.countedAt) return;
    const { burst } = this;
    this.tokens += ((now - this.countedAt) * this.rate.perSecond) / 1000;
    if (this.tokens > burst) {
      if (!this.isWaitedFor) this.rate.unused(this.tokens - burst);
      this.tokens = burst;
    }
    this.countedAt = now;
  }
}
