import { describe, expect, it } from 'vitest';
import { fakeEntries } from '../../../test/support/fake-ct-log.js';
import { LogLatency } from './log-latency.js';

const head = (treeSize: number, timestamp: number) => ({
  treeSize,
  timestamp,
  rootHash: Buffer.alloc(32),
  signed: Buffer.alloc(0),
});

describe(LogLatency.name, () => {
  it('measures the delay from the first head that covers the entries', () => {
    const latency = new LogLatency();
    latency.addHead(head(10, 1000));
    latency.addHead(head(20, 5000));
    latency.addHead(head(20, 6000));
    latency.observe(fakeEntries(0, 10), 1400);
    latency.observe(fakeEntries(10, 5), 6500);
    latency.observe(fakeEntries(15, 5), 12_000);
    expect([...latency.sinceHead.counts]).toEqual([10, 0, 5, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
    expect(latency.sinceHead.sum).toBeCloseTo(10 * 0.4 + 5 * 1.5 + 5 * 7);
    expect([0.5, 0.75, 1].map((part) => latency.sinceHead.quantile(part))).toEqual([0.5, 2, 10]);
  });

  it('measures the delay from the timestamps of the entries, and never below 0', () => {
    const latency = new LogLatency();
    expect(latency.sinceEntry.quantile(0.5)).toBeUndefined();
    latency.observe(fakeEntries(1000, 4), 2500);
    latency.observe(fakeEntries(9000, 4), 2500);
    expect([latency.sinceEntry.quantile(0.5), latency.sinceEntry.quantile(1)]).toEqual([0.5, 2]);
    expect(latency.sinceHead.quantile(0.5)).toBeUndefined();
  });

  it('does not understate the delay of entries with many newer heads', () => {
    const latency = new LogLatency();
    for (let i = 1; i <= 1000; i++) latency.addHead(head(i, i * 1000));
    latency.observe(fakeEntries(999, 1), 1_000_000);
    expect(latency.sinceHead.quantile(1)).toBe(900);
  });
});
