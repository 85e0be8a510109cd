/** Upper bounds in seconds. */
export const DELAY_BUCKETS: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30,
];

/** How long messages took, in buckets; counted on the hot path, so there is nothing but an array. */
export class DelayHistogram {
  /** One per {@link DELAY_BUCKETS} and one above; not cumulative. */
  readonly counts = new Float64Array(DELAY_BUCKETS.length + 1);
  /** Seconds. */
  sum = 0;

  /** @param count messages that took as long. */
  observe(milliseconds: number, count: number): void {
    const seconds = milliseconds / 1000;
    let bucket = 0;
    while (bucket < DELAY_BUCKETS.length && seconds > DELAY_BUCKETS[bucket]) bucket++;
    this.counts[bucket] += count;
    this.sum += seconds * count;
  }
}
