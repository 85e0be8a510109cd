import { describe, expect, it } from 'vitest';
import { SampleHistory } from './sample-history.js';

describe(SampleHistory, () => {
  it('returns the samples after a time, oldest first, and null for unknown values', () => {
    const history = new SampleHistory(4);
    expect([history.timesAfter(0), history.valuesAfter(0, 'a')]).toEqual([[], []]);
    history.add(10, { a: 1, b: 0 });
    history.add(20, { a: undefined, b: 2 });
    expect([history.timesAfter(0), history.valuesAfter(0, 'a'), history.valuesAfter(0, 'b')]).toEqual([
      [10, 20],
      [1, null],
      [0, 2],
    ]);
    expect([history.timesAfter(10), history.valuesAfter(10, 'b')]).toEqual([[20], [2]]);
    expect([history.timesAfter(20), history.valuesAfter(20, 'b')]).toEqual([[], []]);
    expect(history.valuesAfter(0, 'unknown')).toEqual([null, null]);
  });

  it('keeps the newest samples and the names of the last one', () => {
    const history = new SampleHistory(3);
    for (let i = 1; i <= 100; i++) history.add(i, { always: i, [`log ${i}`]: i });
    expect(history.timesAfter(0)).toEqual([98, 99, 100]);
    expect(history.valuesAfter(0, 'always')).toEqual([98, 99, 100]);
    expect(history.valuesAfter(0, 'log 100')).toEqual([null, null, 100]);
    expect(history.valuesAfter(0, 'log 99')).toEqual([null, null, null]);
    expect(history.width).toBe(2);
  });

  it('does not show an older value under a name that comes back', () => {
    const history = new SampleHistory(3);
    history.add(1, { log: 1 });
    history.add(2, {});
    history.add(3, { log: 3 });
    expect(history.valuesAfter(0, 'log')).toEqual([null, null, 3]);
  });
});
