import { describe, expect, it } from 'vitest';

import type { EntryBatch } from '../../certificate/entry-batch.js';
import { firstIndexSince, parseTime } from './since.js';

const NOW = Date.parse('2026-06-01T12:00:00Z');

describe('parseTime', () => {
  it.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z'],
    ['2026-01-31T12:00:00.5+02:00', '2026-01-31T10:00:00.500Z'],
    ['2026-01-31', '2026-01-31T00:00:00Z'],
    ['1700000000.25', '2023-11-14T22:13:20.250Z'],
    ['-90s', '2026-06-01T11:58:30Z'],
    ['-90m', '2026-06-01T10:30:00Z'],
    ['-1.5h', '2026-06-01T10:30:00Z'],
    ['-2d', '2026-05-30T12:00:00Z'],
  ])('%s is %s', (text, time) => expect(parseTime(text, NOW)).toBe(Date.parse(time)));

  it.each(['', 'now', '2026-13-01', '2026-01-31T12:00:00', '-5', '-5y', '1e9'])('refuses %j', (text) => {
    expect(() => parseTime(text, NOW)).toThrow(/is not a time/);
  });
});

describe('firstIndexSince', () => {
  /** Entry i has the timestamp `times[i]`; 0 for one that cannot be read. */
  function search(times: readonly number[], time: number): Promise<number> {
    const getEntries = (start: number) =>
      Promise.resolve({ timestamps: Float64Array.of(times[start]) } as unknown as EntryBatch);
    return firstIndexSince({ getEntries }, times.length, time, new AbortController().signal);
  }

  it.each([0, 1, 2, 3, 10, 31])('finds the first entry of each time among %d entries', async (count) => {
    const times = Array.from({ length: count }, (_, i) => 100 + 10 * Math.floor(i / 2));
    for (let time = 90; time <= 100 + 5 * count + 20; time += 5) {
      const expected = times.findIndex((value) => value >= time);
      expect(await search(times, time)).toBe(expected === -1 ? count : expected);
    }
  });

  it('does not trust entries whose timestamp cannot be read', async () => {
    const times = [100, 110, 0, 0, 0, 0, 160, 170];
    expect(await search(times, 105)).toBe(1);
    expect(await search(times, 165)).toBe(7);
    expect(await search([100, 0, 0, 0], 105)).toBe(1);
  });
});
