/** Initial rate, requests per second. */
const FIRST_RATE = 10;
const LEAST_RATE = 0.1;
/** Only several refusals with few successes between them lower the rate below this. A single refusal may be a fault of one log. */
const MODEST_RATE = 5;
const REFUSALS_TO_BELIEVE = 3;
const SUCCESSES_PER_REFUSAL = 20;
/** Growth per second of use, absolute and relative, after the first refusal. Before it, the rate doubles each second. */
const RECOVERY: Growth = { absolute: 0.5, relative: 0.05 };
/** Growth while only one rate above the limit is known. */
const SEARCH: Growth = { absolute: 1, relative: 0.15 };
/** Growth near the limit. It is slow, because each try above the limit ends with a refusal. */
const PROBE: Growth = { absolute: 0.02, relative: 0.004 };
/** A rate between these shares of the limit is near it. If a higher rate is served, the operator tolerates more than before. */
const PROBE_FROM = 0.9;
const PROBE_TO = 1.1;
/** Growth near the limit is divided by the patience, which each expected refusal multiplies by this factor. */
const PATIENCE_FACTOR = 2;
const FIRST_PATIENCE = 0.5;
const MOST_PATIENCE = 8;
/** Limits that differ by a smaller share are equal. */
const SAME_LIMIT = 0.1;
/** Maximum growth after one success, as a share of the rate: at low rates one success covers many seconds. */
const MAX_STEP = 0.1;
/** Factor after a refusal. */
const DECREASE = 0.5;
/** Factor after a refusal of a rate that grew slowly, which is not far above the limit. */
const SMALL_DECREASE = 0.75;
/** A refusal lowers the rate at least by this factor. */
const LEAST_DECREASE = 0.97;
/** Between two refusals, at least this many requests over at least this time show the limit. */
const LEAST_SERVED = 4;
const LEAST_MEASURED_MS = 2000;
/** Maximum unused requests, as a share of the served ones: with more, the limit was not reached all the time. */
const MOST_SPARED = 0.2;

interface Growth {
  readonly absolute: number;
  readonly relative: number;
}

/** Requests per second between two refusals: `least` includes the pause after the first refusal, `most` does not. */
interface Measured {
  readonly least: number;
  readonly most: number;
}

/**
 * ToleratedRate finds the rate of requests that an operator tolerates: additive increase while requests wait, multiplicative
 * decrease after a refusal. After the second refusal, the number of requests served between the two refusals shows the limit,
 * and the rate is set to it.
 */
export class ToleratedRate {
  private rate: number;
  /** The rate that the operator refuses; Infinity if requests did not wait, so that the refusal had another reason. */
  private limit: number | undefined;
  /** Refusals in a row. */
  private refusals = 0;
  /** Refusals minus one per {@link SUCCESSES_PER_REFUSAL} successes. */
  private strain = 0;
  /** Whether requests have had to wait since the rate was last not fully used. */
  private isBinding = false;
  private patience = 1;
  private isMeasured = false;
  /** Time of the first refusal in a row; undefined if the rate was not its reason. */
  private refusedAt: number | undefined;
  private resumedAt = 0;
  /** Requests served since `refusedAt`, and further requests that the rate allowed. */
  private served = 0;
  private spared = 0;

  constructor(private readonly maxRate: number) {
    this.rate = Math.min(FIRST_RATE, maxRate);
  }

  get perSecond(): number {
    return this.rate;
  }

  /** Number of refusals in a row. */
  get refusalsInARow(): number {
    return this.refusals;
  }

  /** Reports that a request has to wait. */
  bound(): void {
    this.isBinding = true;
  }

  /** Reports how many requests fewer were sent than the rate allows. */
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

  /** Reports a refusal. @param now milliseconds of any monotonic clock. */
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

  /** Reports that requests continue at `time`, on the clock of {@link refused}. */
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

  /** The growth of the rate after one success. */
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
