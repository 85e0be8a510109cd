import { describe, expect, it } from 'vitest';
import { DelayHistogram } from './delay-histogram.js';

/** @param delays milliseconds and number of messages. */
function histogram(...delays: readonly (readonly [number, number])[]): DelayHistogram {
  const result = new DelayHistogram([1, 2, 4]);
  for (const [milliseconds, count] of delays) result.observe(milliseconds, count);
  return result;
}

const quantiles = (of: DelayHistogram, ...parts: readonly number[]) => parts.map((part) => of.quantile(part));

describe(DelayHistogram.name, () => {
  it('counts a delay on the bound of a bucket in that bucket', () => {
    const { counts, sum } = histogram([0, 1], [1000, 2], [1001, 3], [4000, 4], [4001, 5]);
    expect([...counts]).toEqual([3, 3, 4, 5]);
    expect(sum).toBeCloseTo(2 + 3.003 + 16 + 20.005);
  });

  it('estimates as if the delays of a bucket were evenly spread', () => {
    expect(quantiles(histogram([3000, 4]), 0.25, 0.5, 0.75, 1)).toEqual([2.5, 3, 3.5, 4]);
    expect(quantiles(histogram([500, 10], [3000, 10]), 0.25, 0.5, 0.75, 1)).toEqual([0.5, 1, 3, 4]);
  });

  it('estimates nothing without delays, and above the last bucket', () => {
    expect(quantiles(histogram(), 0.5, 1)).toEqual([undefined, undefined]);
    expect(quantiles(histogram([1000, 9], [9000, 1]), 0.9, 0.99)).toEqual([1, undefined]);
  });

  it('ends at the last delay in spite of rounded shares', () => {
    for (let count = 1; count <= 1000; count++)
      expect(histogram([3000, count]).quantile(0.99)).toBeLessThanOrEqual(4);
  });

  it('observes nothing in buckets that have shrunk', () => {
    const window = histogram([500, 1], [3000, 5]).since(histogram([500, 3], [3000, 4]));
    expect([...window.counts]).toEqual([0, 0, 1, 0]);
  });
});
