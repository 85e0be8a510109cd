import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.js';
import { Backoff, pauseAfter } from './backoff.js';

const FULL_JITTER = {
  firstMs: 1000,
  longestMs: 60_000,
  jitter: 1,
  leastMs: 100,
  retryAfter: 'replaces',
} as const;
const drawing = (random: number) => ({ now: () => 0, random: () => random });

describe('Backoff', () => {
  it('obeys Retry-After after any number of failures', () => {
    const backoff = new Backoff(FULL_JITTER, drawing(0.5));
    for (let i = 0; i < 100; i++) backoff.failed();
    expect(backoff.failed(3000)).toBe(3000);
  });

  it('uses its own growing pause when Retry-After is 0 or a date in the past', () => {
    const backoff = new Backoff(FULL_JITTER, drawing(0.5));
    expect([1, 2, 3, 4].map(() => backoff.failed(0))).toEqual([500, 1000, 2000, 4000]);
  });

  it('never returns a pause shorter than leastMs', () => {
    expect(new Backoff(FULL_JITTER, drawing(0)).failed()).toBe(100);
    expect(new Backoff(FULL_JITTER, drawing(0)).failed(99)).toBe(100);
  });

  it('doubles up to the bound, is lengthened by Retry-After, and starts over after a success', () => {
    const backoff = new Backoff({ firstMs: 1000, longestMs: 5000 }, drawing(0));
    expect([1, 2, 3, 4, 5].map(() => backoff.failed())).toEqual([1000, 2000, 4000, 5000, 5000]);
    expect([backoff.failed(3000), backoff.failed(9000)]).toEqual([5000, 9000]);
    expect(backoff.isFailing).toBe(true);
    backoff.reset();
    expect([backoff.isFailing, backoff.isOver, backoff.failed()]).toEqual([false, true, 1000]);
  });

  it('is over when the pause has passed', async () => {
    const clock = new VirtualClock();
    const backoff = new Backoff({ firstMs: 1000, longestMs: 1000 }, clock);
    expect(backoff.isOver).toBe(true);
    backoff.failed();
    await clock.runUntil(999);
    expect(backoff.isOver).toBe(false);
    await clock.runUntil(1000);
    expect(backoff.isOver).toBe(true);
  });

  it('draws the given share of a pause at random', () => {
    const options = { firstMs: 1000, longestMs: 9000, jitter: 0.5 };
    expect([0, 0.5].map((random) => pauseAfter(2, options, () => random))).toEqual([1000, 1500]);
  });
});
