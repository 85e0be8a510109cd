/** Requests per second at the beginning. */
const FIRST_RATE = 10;
const LEAST_RATE = 0.1;
/** A single refusal may be a fault of one log: only several, with few successes in between, bring the rate below this. */
const MODEST_RATE = 5;
const REFUSALS_TO_BELIEVE = 3;
const SUCCESSES_PER_REFUSAL = 20;
/** Growth per second of use, absolute and relative, once the operator has refused something; until then the rate doubles. */
const RECOVERY: Growth = { absolute: 0.5, relative: 0.05 };
/** The same as long as nothing is known of the limit but one rate that lies above. */
const SEARCH: Growth = { absolute: 1, relative: 0.15 };
/** The same near the limit: what lies above is tried out, slowly since each try ends with a refusal. */
const PROBE: Growth = { absolute: 0.02, relative: 0.004 };
/** What is near, in shares of the limit. Above that the operator tolerates more than it did. */
const PROBE_FROM = 0.9;
const PROBE_TO = 1.1;
/** Growth near the limit is divided by this. Each refusal where one was expected makes it larger, up to the cap. */
const PATIENCE_FACTOR = 2;
const FIRST_PATIENCE = 0.5;
const MOST_PATIENCE = 8;
/** Limits that differ by less are the same one. */
const SAME_LIMIT = 0.1;
/** Of one success, as a share of the rate: at low rates it stands for many seconds. */
const MAX_STEP = 0.1;
const DECREASE = 0.5;
/** When the rate was found slowly, and is not far above what is tolerated. */
const SMALL_DECREASE = 0.75;
/** A refusal takes off something in any case. */
const LEAST_DECREASE = 0.97;
/** What was served between two refusals tells the limit when it is that much, for that long. */
const LEAST_SERVED = 4;
const LEAST_MEASURED_MS = 2000;
/** In shares of what was served: if more could have been asked for, the limit was not reached all the time. */
const MOST_SPARED = 0.2;

interface Growth {
  readonly absolute: number;
  readonly relative: number;
}

/** Requests per second between two refusals, the pause after the first one counted in and left out. */
interface Measured {
  readonly least: number;
  readonly most: number;
}

/**
 * Finds the rate of requests that a limit allows: additive increase while requests wait, multiplicative decrease when one
 * is refused. From the second refusal on it is known what was served in between: whatever was used up of the limit at
 * both is the limit itself, and the rate goes there.
 */
export class ToleratedRate {
  private rate: number;
  /** The rate that is refused; Infinity when it was not the rate, as when few asked. */
  private limit: number | undefined;
  /** In a row. */
  private refusals = 0;
  /** Refusals, less those that were made up for by successes. */
  private strain = 0;
  /** Whether requests had to wait since there was last more than was asked for. */
  private isBinding = false;
  private patience = 1;
  private isMeasured = false;
  /** Of the first refusal in a row; undefined when it was not for the rate. */
  private refusedAt: number | undefined;
  private resumedAt = 0;
  /** Since then. */
  private served = 0;
  private spared = 0;

  constructor(private readonly maxRate: number) {
    this.rate = Math.min(FIRST_RATE, maxRate);
  }

  get perSecond(): number {
    return this.rate;
  }

  /** How often the last requests were refused, in a row. */
  get refusalsInARow(): number {
    return this.refusals;
  }

  /** A request has to wait. */
  bound(): void {
    this.isBinding = true;
  }

  /** So many requests fewer were asked for than the rate allows. */
  unused(requests: number): void {
    this.spared += requests;
    this.isBinding = false;
  }

  succeeded(): void {
    this.refusals = 0;
    this.served++;
    this.strain = Math.max(0, this.strain - 1 / SUCCESSES_PER_REFUSAL);
    if (this.isBinding) this.rate = Math.min(this.maxRate, this.rate + this.step());
  }

  /** @param now milliseconds on any clock that only goes forward. */
  refused(now: number): void {
    const isFirst = this.refusals === 0;
    const wasFoundSlowly = isFirst && this.isBinding && this.limit !== undefined;
    const measured = wasFoundSlowly ? this.measured(now) : undefined;
    if (measured !== undefined) this.approach(measured);
    else this.back(isFirst, wasFoundSlowly);
    this.refusals++;
    if (isFirst) {
      this.refusedAt = this.isBinding ? now : undefined;
      this.spared = 0;
      this.served = 0;
    }
  }

  /** Requests go on at `time`, on the clock of {@link refused}. */
  resumes(time: number): void {
    this.resumedAt = time;
  }

  private measured(now: number): Measured | undefined {
    const { refusedAt, resumedAt, served, spared } = this;
    const isEnough = served >= LEAST_SERVED && now - resumedAt >= LEAST_MEASURED_MS;
    if (refusedAt === undefined || !isEnough || spared > MOST_SPARED * served) return undefined;
    return { least: (served * 1000) / (now - refusedAt), most: (served * 1000) / (now - resumedAt) };
  }

  private approach({ least, most }: Measured): void {
    const limit = Math.min(this.rate, (least + most) / 2);
    const isKnown = Math.abs(limit - (this.limit ?? Infinity)) < SAME_LIMIT * limit;
    this.patience = isKnown ? Math.min(MOST_PATIENCE, this.patience * PATIENCE_FACTOR) : FIRST_PATIENCE;
    this.limit = limit;
    this.isMeasured = true;
    const safe = isKnown ? least : limit * LEAST_DECREASE;
    const lower = Math.min(this.rate * LEAST_DECREASE, Math.max(this.rate * DECREASE, safe));
    this.rate = Math.max(LEAST_RATE, lower);
  }

  private back(isFirst: boolean, wasFoundSlowly: boolean): void {
    if (isFirst) this.limit = this.isBinding ? this.rate : Infinity;
    this.patience = 1;
    if (isFirst) this.isMeasured = false;
    this.strain = Math.min(REFUSALS_TO_BELIEVE, this.strain + 1);
    const least = this.strain < REFUSALS_TO_BELIEVE ? MODEST_RATE : LEAST_RATE;
    const lower = this.rate * (wasFoundSlowly ? SMALL_DECREASE : DECREASE);
    this.rate = Math.min(this.rate, Math.max(least, lower));
  }

  /** Growth of the rate per success. */
  private step(): number {
    const { rate, limit } = this;
    if (limit === undefined) return 1;
    const isNear = rate > PROBE_FROM * limit && rate < PROBE_TO * limit;
    const isSought = !this.isMeasured && Number.isFinite(limit);
    const { absolute, relative } = isNear ? PROBE : isSought ? SEARCH : RECOVERY;
    const step = Math.min(Math.max(absolute / rate, relative), MAX_STEP * rate);
    return isNear ? step / this.patience : step;
  }
}
