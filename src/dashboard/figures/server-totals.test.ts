import { describe, expect, it } from 'vitest';
import { DelayHistogram } from '../../kernel/delay-histogram.js';
import { type ServerTotals, TotalsWindow } from './server-totals.js';

const NONE = { messages: 0, bytes: 0, dropped: 0 };

function totals(clock: number, change: Partial<ServerTotals> = {}, gcMs?: number): ServerTotals {
  return {
    clock,
    entries: 0,
    precertificates: 0,
    receivedBytes: 0,
    streams: { full: NONE, lite: NONE, domains: NONE },
    delays: { headToFeed: undefined, entryToFeed: undefined, feedToSocket: undefined },
    process: { cpuMs: clock * 0.6, loop: { active: clock * 0.4, idle: clock * 0.6, utilization: 0.4 }, gcMs },
    ...change,
  };
}

const delays = (...ms: number[]): DelayHistogram => {
  const histogram = new DelayHistogram([1, 2, 5]);
  for (const each of ms) histogram.observe(each, 1);
  return histogram;
};

describe(TotalsWindow, () => {
  it('has rates per second', () => {
    const window = new TotalsWindow(totals(1000, { entries: 100 }), totals(5000, { entries: 300 }));
    expect(window.perSecond(({ entries }) => entries)).toBe(50);
    expect(window.cpu).toBeCloseTo(0.6);
    expect(window.utilization).toBeCloseTo(0.4);
  });

  it('has no rates if it is too short, and none of garbage collection unless that was observed all the time', () => {
    const short = new TotalsWindow(totals(1000), totals(1500, { entries: 9 }));
    expect(short.perSecond(({ entries }) => entries)).toBeUndefined();
    expect([short.cpu, short.utilization]).toEqual([undefined, undefined]);
    const collected = (before: number | undefined, after: number | undefined) =>
      new TotalsWindow(totals(0, {}, before), totals(2000, {}, after)).garbageCollection;
    expect([collected(100, 300), collected(undefined, 300), collected(100, undefined)]).toEqual([
      0.1,
      undefined,
      undefined,
    ]);
  });

  it('does not go below zero when a log with its counters has gone', () => {
    const before = {
      receivedBytes: 900,
      delays: { ...totals(0).delays, headToFeed: delays(500, 500, 1500) },
    };
    const after = {
      receivedBytes: 100,
      delays: { ...totals(0).delays, headToFeed: delays(500, 1500, 1500) },
    };
    const window = new TotalsWindow(totals(0, before), totals(2000, after));
    expect(window.perSecond(({ receivedBytes }) => receivedBytes)).toBe(0);
    const observed = window.delays('headToFeed');
    expect([observed?.total, observed?.quantile(1)]).toEqual([1, 2]);
    expect(new TotalsWindow(totals(0), totals(2000, after)).delays('headToFeed')?.total).toBe(3);
    expect(new TotalsWindow(totals(0, before), totals(2000)).delays('headToFeed')).toBeUndefined();
  });
});
