import { describe, expect, it } from 'vitest';
import { CrashTally } from '../bench/support/crash-tally.js';
import { LatencyTracker } from '../bench/support/latency-tracker.js';

const LOG = 'https://log.example';

function tallyOf(...runs: (readonly [first: number, end: number, savedAtLeast: number])[]): CrashTally {
  const tally = new CrashTally(new Map([[LOG, 100]]));
  runs.forEach(([first, end, savedAtLeast], i) =>
    tally.add(i + 1, new Map([[LOG, { first, end, savedAtLeast }]])),
  );
  return tally;
}

describe('the crash test', () => {
  it('counts repeated entries, which are not a mistake', () => {
    const tally = tallyOf([100, 200, 150], [160, 300, 0], [160, 310, 0], [310, 320, 0]);
    expect(tally.mistakes).toEqual([]);
    expect([tally.seen(LOG), tally.repeated]).toEqual([320, 40 + 140]);
  });

  it.each([
    [
      'an entry is lost between two runs',
      [100, 200, 0],
      [201, 300, 0],
      'run 2: https://log.example lost 200 to 200',
    ],
    [
      'an entry is lost before the first run',
      [101, 200, 0],
      [200, 201, 0],
      'run 1: https://log.example lost 100',
    ],
    ['saved entries are repeated', [100, 200, 150], [149, 300, 0], 'began at 149, although 150 was saved'],
    ['a position goes back', [100, 200, 0], [99, 300, 0], 'began at 99, although 100 was saved'],
  ] as const)('reports that %s', (_what, one, two, message) => {
    expect(tallyOf(one, two).mistakes).toEqual([expect.stringContaining(message)]);
  });
});

describe('the latency run', () => {
  it('measures from the first head that covers an entry, also when the heads become known later', () => {
    const tracker = new LatencyTracker();
    const before = Date.now();
    for (const index of [10, 11, 12]) tracker.onEntry(LOG, index);
    tracker.onEntry(LOG, 10);
    tracker.addHeads([
      { url: LOG, size: 10, at: before - 9000 },
      { url: LOG, size: 12, at: before - 2000 },
      { url: LOG, size: 13, at: before - 1000 },
      { url: LOG, size: 20, at: before },
    ]);
    const all = tracker.summary(() => true);
    expect(all.entries).toBe(3);
    expect(all.p50).toBeGreaterThanOrEqual(2000);
    const isLate = (publishedAt: number): boolean => publishedAt >= before - 1500;
    expect(tracker.summary(() => true, isLate)).toMatchObject({ entries: 1 });
    expect(tracker.summary(() => true, isLate).highest).toBeLessThan(all.p50);
    expect(tracker.summary(() => false)).toMatchObject({ entries: 0, p50: Number.NaN });
  });
});
