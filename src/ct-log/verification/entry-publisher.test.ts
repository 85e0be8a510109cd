import { afterEach, describe, expect, it, vi } from 'vitest';
import { emptyEntries } from '../../../test/support/stream-app.js';
import { LogCounters } from '../reporting/log-counters.js';
import { LogStatus } from '../reporting/log-status.js';
import { EntryPublisher } from './entry-publisher.js';

afterEach(() => void vi.restoreAllMocks());

describe(EntryPublisher.name, () => {
  it('makes smaller pieces while the outputs are slow, even if it waited for them before', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    let cost = 1;
    const counters = new LogCounters();
    const publisher = new EntryPublisher({
      counters,
      status: new LogStatus(),
      clock: { wallTime: () => 1 },
      publish: () => (now += cost),
    });
    const sizes: number[] = [];
    for await (const piece of publisher.pieces(emptyEntries(0, 1000))) {
      // A wait for clients does not count as work of the outputs.
      now += 5000;
      sizes.push(piece.count);
      if (sizes.length === 2) cost = 200;
      if (sizes.length === 4) cost = 1;
      publisher.publish(piece, 'next', 'off');
    }
    expect(sizes).toEqual([256, 256, 128, 64, 128, 168]);
    expect((await publisher.pieces(emptyEntries(0, 1000)).next()).value).toMatchObject({ count: 256 });
    expect(counters.entries).toBe(1000);
  });

  it('passes kind and verification on, counts entries by kind, and measures the delay of entries that are not late', () => {
    const counters = new LogCounters();
    const kinds: string[][] = [];
    const publisher = new EntryPublisher({
      counters,
      status: new LogStatus(),
      clock: { wallTime: () => 1 },
      publish: ({ verification }, kind) => kinds.push([kind, verification]),
    });
    publisher.publish(emptyEntries(10, 4), 'next', 'unverified');
    publisher.publish(emptyEntries(11, 1), 'again', 'failed');
    publisher.publish(emptyEntries(0, 3), 'late', 'verified');
    expect(kinds).toEqual([
      ['next', 'unverified'],
      ['again', 'failed'],
      ['late', 'verified'],
    ]);
    expect(counters).toMatchObject({ entries: 8, correctedEntries: 1, lateEntries: 3 });
    expect(counters.latency.sinceEntry.counts.reduce((sum, count) => sum + count)).toBe(5);
  });
});
