import { describe, expect, it } from 'vitest';
import { ReorderWindow } from './reorder-window.js';

const limits = { maxEntries: 100, maxBytes: 1000 };

describe('ReorderWindow', () => {
  it('hands out results in index order, in whatever order they come', async () => {
    const window = new ReorderWindow<string>(limits);
    const slots = [0, 10, 20].map((from) => window.reserve(from, from + 10, 1));
    window.put(slots[2], 'c', 1);
    window.put(slots[1], 'b', 1);
    expect(window.first?.result).toBeUndefined();
    const settled = window.settled();
    window.put(slots[0], 'a', 1);
    await settled;
    const out = [window.shift(), window.shift(), window.shift()].map((slot) => slot?.result);
    expect(out).toEqual([{ value: 'a' }, { value: 'b' }, { value: 'c' }]);
    expect(window).toMatchObject({ count: 0, end: undefined, first: undefined });
  });

  it('takes consecutive ranges only', () => {
    const window = new ReorderWindow<string>(limits);
    window.reserve(5, 10, 1);
    expect(window.end).toBe(10);
    for (const [from, to] of [
      [11, 12],
      [9, 12],
      [10, 10],
    ]) {
      expect(() => window.reserve(from, to, 1)).toThrow(RangeError);
    }
  });

  it('is bounded by entries and by bytes, those that came and those expected, but for a single range', () => {
    const window = new ReorderWindow<string>(limits);
    expect(window.fits(1e9, 1e9)).toBe(true);
    const slot = window.reserve(0, 60, 100);
    expect([window.fits(40, 1), window.fits(41, 1), window.fits(1, 900), window.fits(1, 901)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    window.put(slot, 'large', 950);
    expect(window.fits(1, 51)).toBe(false);
    window.shift();
    window.reserve(60, 61, 0);
    expect(window.fits(99, 1000)).toBe(true);
  });

  it('keeps the place of what failed or came short, until it is whole', async () => {
    const window = new ReorderWindow<string>(limits);
    const slot = window.reserve(0, 60, 1);
    const behind = window.reserve(60, 100, 1);
    window.put(behind, 'behind', 1);
    window.fail(slot, 'failed');
    await window.settled();
    expect(window.first?.result).toEqual({ error: 'failed' });
    window.retry(slot, 0);
    expect(window.first?.result).toBeUndefined();
    window.put(slot, 'short', 1);
    window.retry(slot, 20);
    expect(window.first).toMatchObject({ from: 20, to: 60, result: undefined });
    expect([window.fits(20, 0), window.fits(21, 0)]).toEqual([true, false]);
  });

  it('forgets what it drops, and ignores answers to it', async () => {
    const window = new ReorderWindow<string>(limits);
    const dropped = window.reserve(0, 100, 1000);
    const settled = window.settled();
    expect(window.truncate(0)).toEqual([dropped]);
    await settled;
    window.put(dropped, 'late', 1);
    window.fail(dropped, 'late');
    expect(window.has(dropped)).toBe(false);
    window.reserve(7, 8, 1);
    expect(window.first).toMatchObject({ from: 7, result: undefined });
    expect(window.fits(99, 999)).toBe(true);
  });
});
