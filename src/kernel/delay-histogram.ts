/** Upper bounds in seconds. */
const DELAY_BUCKETS: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30];

/** Delays of messages, in buckets. It counts on the hot path and therefore consists only of an array. */
export class DelayHistogram {
  /** Counts per bucket, and one for longer delays; not cumulative. */
  readonly counts: Float64Array;
  /** Sum of all delays, seconds. */
  sum = 0;

  /** @param buckets upper bounds in seconds. */
  constructor(readonly buckets: readonly number[] = DELAY_BUCKETS) {
    this.counts = new Float64Array(buckets.length + 1);
  }

  /** @param count number of messages with this delay. */
  observe(milliseconds: number, count: number): void {
    const seconds = milliseconds / 1000;
    const { buckets } = this;
    let bucket = 0;
    while (bucket < buckets.length && seconds > buckets[bucket]) bucket++;
    this.counts[bucket] += count;
    this.sum += seconds * count;
  }

  /** Returns the sum of histograms with the same buckets; undefined without a histogram. */
  static sumOf(histograms: readonly DelayHistogram[]): DelayHistogram | undefined {
    if (histograms.length === 0) return undefined;
    const total = new DelayHistogram(histograms[0].buckets);
    for (const { counts, sum } of histograms) {
      for (let bucket = 0; bucket < counts.length; bucket++) total.counts[bucket] += counts[bucket];
      total.sum += sum;
    }
    return total;
  }

  /** Returns what was observed since a copy was made; nothing in buckets that have shrunk meanwhile, because a source has gone. */
  since(earlier: DelayHistogram): DelayHistogram {
    const window = new DelayHistogram(this.buckets);
    for (let bucket = 0; bucket < window.counts.length; bucket++)
      window.counts[bucket] = Math.max(0, this.counts[bucket] - (earlier.counts[bucket] ?? 0));
    window.sum = Math.max(0, this.sum - earlier.sum);
    return window;
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * Estimates the delay, in seconds with six decimals, that the share `part` (above 0, at most 1) of the messages did not exceed. The
   * delays of a bucket count as evenly spread, as in `histogram_quantile` of Prometheus. Returns undefined if nothing was observed, and
   * above the last bucket.
   */
  quantile(part: number): number | undefined {
    const rank = part * this.total;
    let seen = 0;
    const bucket = this.counts.findIndex((count) => count > 0 && (seen += count) >= rank);
    if (bucket === -1 || bucket === this.buckets.length) return undefined;
    const lower = this.buckets[bucket - 1] ?? 0;
    const count = this.counts[bucket];
    const share = 1 - (seen - rank) / count;
    return Math.round((lower + share * (this.buckets[bucket] - lower)) * 1e6) / 1e6;
  }
}
