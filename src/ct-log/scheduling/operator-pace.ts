import type { Clock } from '../../kernel/clock.js';
import { URGENCIES, type Urgency } from './flight-budget.js';
import { ToleratedRate } from './tolerated-rate.js';

/** Requests that may go out at once after a quiet time. */
const BURST = 10;
/** The time to the next token is rounded. */
const WHOLE_TOKEN = 1 - 1e-6;
/** Refusals of requests that went out together count once. */
const DECREASE_PAUSE_MS = 1000;
/** Pause after a refusal without Retry-After: doubles, back to the start with a success. */
const FIRST_PAUSE_MS = 1000;
/** A log may ask to be left alone for longer; the other logs of its operator then try whether it spoke for them. */
const LONGEST_PAUSE_MS = 60_000;
/** A pause is drawn out by up to this share, so that not all servers come back at the same moment. */
const JITTER = 0.2;
/** So many turns of more urgent requests are let past before a request of each urgency has one. */
const PATIENCE: Readonly<Record<Urgency, number>> = { head: Infinity, live: 1, behind: 9, ahead: 9, gap: 19 };

/** What asks: successes and refusals of one log, heads and entries apart. */
export interface PacedParty {
  readonly isHead: boolean;
}

/**
 * Keeps the requests for all logs of one operator to the rate that it tolerates. A refusal (429, or 503 with Retry-After)
 * ends them for the time that was asked for, a minute at most: after that only the log that refused is left alone, by
 * its `LogRequests`.
 *
 * A log that is refused again while others of the operator are served is limited by itself: it holds up no other.
 */
export class OperatorPace {
  private readonly rate: ToleratedRate;
  private tokens: number;
  private countedAt: number;
  private blockedUntil = -Infinity;
  private decreasedAt = -Infinity;
  /** Whether a request waits for the next token. */
  private isWaitedFor = false;
  /** Turns of more urgent requests since the last one of each urgency, or since its requests began to wait. */
  private readonly passed = new Map<Urgency, number>();
  /** Parties that were refused last; true when others of their kind were served since. */
  private readonly refused = new Map<PacedParty, boolean>();

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'random'>,
    maxRate: number,
  ) {
    this.rate = new ToleratedRate(maxRate);
    this.tokens = this.burst;
    this.countedAt = clock.now();
  }

  /** Requests per second that are tried now. */
  get requestsPerSecond(): number {
    return this.rate.perSecond;
  }

  /** Parties whose last answer was a refusal. */
  get limitedParties(): number {
    return this.refused.size;
  }

  /** When the next request may go out; a time that is not after `now`: at once. */
  opensAt(now: number): number {
    this.refill(now);
    if (now >= this.blockedUntil && this.tokens >= WHOLE_TOKEN) return now;
    const toToken = ((1 - this.tokens) * 1000) / this.rate.perSecond;
    return Math.max(this.countedAt + toToken, this.blockedUntil);
  }

  /** A request waits for {@link opensAt}. */
  bound(): void {
    this.isWaitedFor = true;
    this.rate.bound();
  }

  /** Whether the requests of this urgency have let enough others past. */
  isOverdue(urgency: Urgency): boolean {
    return (this.passed.get(urgency) ?? 0) >= PATIENCE[urgency];
  }

  /** A request goes out. @param waiting the urgencies of those that wait. */
  take(urgency: Urgency, waiting: ReadonlySet<Urgency>): void {
    this.tokens = Math.max(0, this.tokens - 1);
    this.isWaitedFor = false;
    this.passed.set(urgency, 0);
    for (const other of URGENCIES.slice(URGENCIES.indexOf(urgency) + 1)) {
      this.passed.set(other, waiting.has(other) ? (this.passed.get(other) ?? 0) + 1 : 0);
    }
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
  }

  /** The party asks no more. */
  forget(party: PacedParty): void {
    this.refused.delete(party);
  }

  /** After a refusal without Retry-After. */
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
