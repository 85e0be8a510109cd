import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LogGrowth } from './log-growth.js';

const appended: number[] = [];
let published: number[] = [];
const log = {
  append(count: number, timestamp?: (n: number) => number): void {
    for (let n = 0; n < count; n++) appended.push(timestamp?.(n) ?? 0);
  },
  publish(): never {
    published.push(appended.length);
    return undefined as never;
  },
};

beforeEach(() => {
  vi.useFakeTimers({ now: 1_780_000_000_000 });
  appended.length = 0;
  published = [];
});
afterEach(() => vi.useRealTimers());

describe('LogGrowth', () => {
  it.each([
    [20, 200, 10],
    [3000, 1000, 7],
    [0.5, 300, 60],
    [333, 250, 3],
  ])(
    'grows by %f entries/s with a head every %i ms, exactly',
    (entriesPerSecond, headIntervalMs, seconds) => {
      const growth = new LogGrowth(log);
      growth.start({ entriesPerSecond, headIntervalMs });
      vi.advanceTimersByTime(seconds * 1000);
      growth.stop();
      expect(Math.abs(appended.length - entriesPerSecond * seconds)).toBeLessThanOrEqual(1);
      expect(published.length).toBe(Math.floor((seconds * 1000) / headIntervalMs) + 1);
      expect(published.at(-1)).toBe(appended.length);
    },
  );

  it('dates entries at the time when they were due, in order and not in the future', () => {
    const growth = new LogGrowth(log);
    growth.start({ entriesPerSecond: 10, headIntervalMs: 1000 });
    vi.advanceTimersByTime(1000);
    expect(appended).toHaveLength(10);
    expect(appended.toSorted((a, b) => a - b)).toEqual(appended);
    expect(appended[0]).toBeGreaterThanOrEqual(1_780_000_000_099);
    expect(appended.at(-1)).toBeLessThanOrEqual(Date.now());
    growth.stop();
  });

  it('stops', () => {
    const growth = new LogGrowth(log);
    growth.start({ entriesPerSecond: 10 });
    growth.stop();
    vi.advanceTimersByTime(10_000);
    expect(appended).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('refuses invalid rates and intervals', () => {
    const growth = new LogGrowth(log);
    expect(() => growth.start({ entriesPerSecond: -1 })).toThrow(RangeError);
    expect(() => growth.start({ entriesPerSecond: Infinity })).toThrow(RangeError);
    expect(() => growth.start({ entriesPerSecond: 1, headIntervalMs: 0 })).toThrow(RangeError);
  });
});
