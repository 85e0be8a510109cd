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
  it('lets ten seconds worth come at once, then as much as the rate says', () => {
    const { time, rate } = limiter(5);
    expect(taken(rate, 'a', 60)).toBe(50);
    time.now += 1000;
    expect(taken(rate, 'a', 60)).toBe(5);
    time.now += 3_600_000;
    expect(taken(rate, 'a', 60)).toBe(50);
  });

  it('says after how many whole seconds there will be one', () => {
    const { time, rate } = limiter(0.5);
    expect(taken(rate, 'a', 5)).toBe(5);
    expect(rate.take('a')).toBe(2);
    time.now += 1500;
    expect(rate.take('a')).toBe(1);
    time.now += 500;
    expect(rate.take('a')).toBe(0);
  });

  it('counts each key for itself, and takes nothing when it refuses', () => {
    const { time, rate } = limiter(1);
    expect(taken(rate, 'a', 1000)).toBe(10);
    expect(taken(rate, 'b', 10)).toBe(10);
    time.now += 1000;
    expect(rate.take('a')).toBe(0);
  });

  it('lets one through even at less than one in ten seconds', () => {
    const { time, rate } = limiter(0.01);
    expect(taken(rate, 'a', 2)).toBe(1);
    time.now += 100_000;
    expect(taken(rate, 'a', 2)).toBe(1);
  });

  it('is not wrong by what fractions are rounded to', () => {
    for (let i = 0; i < 200; i++) {
      const { time, rate } = limiter(0.1);
      time.now = 1000 + i * 17.123_456_7;
      expect([rate.take('a'), rate.take('a')]).toEqual([0, 10]);
    }
  });

  it('without a limit remembers nobody', () => {
    const { rate } = limiter(0);
    expect(taken(rate, 'a', 100)).toBe(100);
    expect(rate.size).toBe(0);
  });

  it('remembers a bounded number of keys, those used last', () => {
    const { rate } = limiter(0.1);
    for (let i = 0; i < 50_000; i++) {
      rate.take(`key ${i}`);
      // A client that keeps coming is not forgotten, refused or not.
      if (i % 1000 === 0) expect(rate.take('busy') === 0).toBe(i === 0);
      expect(rate.size).toBeLessThanOrEqual(20_000);
    }
    expect(rate.take('key 49999')).toBeGreaterThan(0);
    expect(rate.take('key 0')).toBe(0);
  });
});
