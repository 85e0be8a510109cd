import { describe, expect, it } from 'vitest';
import { RecordCounts } from './record-counts.js';

/** Adds single records of the given numbers of entries, each of 10 octets per entry, at one per millisecond. */
function countsOf(entries: readonly number[]): RecordCounts {
  const counts = new RecordCounts();
  entries.forEach((count, i) =>
    counts.add({ seq: i + 1, last: i + 1, time: i + 1, entries: count, bytes: count * 10 }),
  );
  return counts;
}

const NOTHING = { entries: 0, bytes: 0, oldestTime: undefined };

describe(RecordCounts.name, () => {
  it('counts the records after any number exactly while they are few', () => {
    const counts = countsOf([5, 1, 7]);
    expect([0, 1, 2].map((seq) => counts.after(seq))).toEqual([
      { entries: 13, bytes: 130, oldestTime: 1 },
      { entries: 8, bytes: 80, oldestTime: 2 },
      { entries: 7, bytes: 70, oldestTime: 3 },
    ]);
    expect([3, 4, Infinity].map((seq) => counts.after(seq))).toEqual([NOTHING, NOTHING, NOTHING]);
    expect(new RecordCounts().after(0)).toEqual(NOTHING);
  });

  it('counts numbers without a record as nothing', () => {
    const counts = countsOf([5]);
    counts.add({ seq: 10, last: 10, time: 10, entries: 3, bytes: 30 });
    expect([1, 5, 9].map((seq) => counts.after(seq))).toEqual(
      Array.from({ length: 3 }, () => ({ entries: 3, bytes: 30, oldestTime: 10 })),
    );
  });

  it('counts the records of a group as equal', () => {
    const counts = new RecordCounts();
    counts.add({ seq: 1, last: 4, time: 100, entries: 40, bytes: 4000 });
    counts.add({ seq: 5, last: 5, time: 200, entries: 1, bytes: 10 });
    expect(counts.after(2)).toEqual({ entries: 21, bytes: 2010, oldestTime: 150 });
  });

  it('forgets dropped records', () => {
    const counts = countsOf([5, 1, 7]);
    counts.forgetBefore(3);
    expect(counts.after(0)).toEqual({ entries: 7, bytes: 70, oldestTime: 3 });
    counts.forgetBefore(4);
    expect(counts.after(0)).toEqual(NOTHING);
  });

  it('is right within 1/256 for 200,000 records of any size, and exact for the last 256, in little memory', () => {
    const sizes = Array.from({ length: 200_000 }, (_, i) => (i % 977 === 0 ? 256 : 1 + ((i * 7919) % 13)));
    const counts = countsOf(sizes);
    let entries = 0;
    let worst = 0;
    for (let seq = sizes.length - 1; seq >= 0; seq--) {
      entries += sizes[seq];
      const error = Math.abs(counts.after(seq).entries - entries);
      worst = Math.max(worst, error / entries);
      if (sizes.length - seq <= 256) expect(error).toBe(0);
    }
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThanOrEqual(1 / 256);
    expect((counts as unknown as { marks: unknown[] }).marks.length).toBeLessThan(10_000);
  });
});
