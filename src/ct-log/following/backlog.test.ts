import { afterEach, describe, expect, it } from 'vitest';
import { FakeCtLog } from '../../../test/support/fake-ct-log.js';
import { range } from '../../../test/support/range.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { CatchUpRate } from './backlog.js';

afterEach(stopTailers);

describe('CatchUpRate', () => {
  it('limits the total rate of all logs with a backlog, but not of logs that keep up', async () => {
    const clock = new VirtualClock();
    const catchUp = new CatchUpRate(100, clock);
    const behind = [0, 1].map(() => {
      const client = new FakeCtLog(clock);
      client.size = () => 20_000;
      return follow(client, clock, { start: 0, maxParallel: 4, catchUp });
    });
    const live = new FakeCtLog(clock);
    live.size = (time) => Math.floor(time / 5);
    const { published } = follow(live, clock, { start: 0, catchUp });
    await clock.runUntil(60_000);
    const counts = behind.map((log) => log.published.length);
    expect(counts[0] + counts[1]).toBeLessThanOrEqual(6000 + 100 + 2 * 32);
    expect(Math.min(...counts)).toBeGreaterThan(2500);
    expect(published.length).toBeGreaterThan(11_000);
    for (const log of behind) expect(log.published).toEqual(range(0, log.published.length));
  });

  it('makes up for at most one second without deliveries', () => {
    const time = { now: 0 };
    const catchUp = new CatchUpRate(100, { now: () => time.now });
    expect([catchUp.pauseAfter(60), catchUp.pauseAfter(60)]).toEqual([0, 200]);
    time.now = 60_000;
    expect([catchUp.pauseAfter(100), catchUp.pauseAfter(10)]).toEqual([0, 100]);
  });

  it('sets no limit when it is 0', () => {
    expect(new CatchUpRate(0, new VirtualClock()).pauseAfter(1e9)).toBe(0);
  });
});
