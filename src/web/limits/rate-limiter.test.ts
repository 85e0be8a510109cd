import { describe, expect, it } from 'vitest';
import { RateLimiter } from './rate-limiter.js';

function limiter(perSecond: number) {
  const time = { now: 1000 };
  return { time, rate: new RateLimiter(perSecond, () => time.now) };
}

function taken(rate: RateLimiter, key: string, attempts: number): number {
  return Array.from({ length: attempts }, () => rate.take(key)).filter((wait) => wait === 0).length;
}

describe(RateLimiter.name, () => {
  it('permits the units of ten seconds at once, then as many as the rate allows', () => {
    const { time, rate } = limiter(5);
    expect(taken(rate, 'a', 60)).toBe(50);
    time.now += 1000;
    expect(taken(rate, 'a', 60)).toBe(5);
    time.now += 3_600_000;
    expect(taken(rate, 'a', 60)).toBe(50);
  });

  it('returns the whole seconds until there is a unit', () => {
    const { time, rate } = limiter(0.5);
    expect(taken(rate, 'a', 5)).toBe(5);
    expect(rate.take('a')).toBe(2);
    time.now += 1500;
    expect(rate.take('a')).toBe(1);
    time.now += 500;
    expect(rate.take('a')).toBe(0);
  });

  it('counts each key separately, and takes nothing when it refuses', () => {
    const { time, rate } = limiter(1);
    expect(taken(rate, 'a', 1000)).toBe(10);
    expect(taken(rate, 'b', 10)).toBe(10);
    time.now += 1000;
    expect(rate.take('a')).toBe(0);
  });

  it('permits one unit even if the rate is less than one in ten seconds', () => {
    const { time, rate } = limiter(0.01);
    expect(taken(rate, 'a', 2)).toBe(1);
    time.now += 100_000;
    expect(taken(rate, 'a', 2)).toBe(1);
  });

  it('is exact in spite of rounded fractions', () => {
    for (let i = 0; i < 200; i++) {
      const { time, rate } = limiter(0.1);
      time.now = 1000 + i * 17.123_456_7;
      expect([rate.take('a'), rate.take('a')]).toEqual([0, 10]);
    }
  });

  it('stores no keys without a limit', () => {
    const { rate } = limiter(0);
    expect(taken(rate, 'a', 100)).toBe(100);
    expect(rate.size).toBe(0);
  });

  it('stores a bounded number of keys: the most recently used ones', () => {
    const { rate } = limiter(0.1);
    for (let i = 0; i < 50_000; i++) {
      rate.take(`key ${i}`);
      // A key that is used all the time is not forgotten, even if it is refused.
      if (i % 1000 === 0) expect(rate.take('busy') === 0).toBe(i === 0);
      expect(rate.size).toBeLessThanOrEqual(20_000);
    }
    expect(rate.take('key 49999')).toBeGreaterThan(0);
    expect(rate.take('key 0')).toBe(0);
  });
});
