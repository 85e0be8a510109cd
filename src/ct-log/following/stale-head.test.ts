import { afterEach, expect, it } from 'vitest';
import { FakeCtLog } from '../../../test/support/fake-ct-log.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';

afterEach(stopTailers);

it('logs once that a log has signed no head for longer than its maximum merge delay, and logs when that is over', async () => {
  const clock = new VirtualClock();
  const client = new FakeCtLog(clock);
  const began = clock.wallTime();
  client.timestamp = (time) => (time < 3_000_000 ? began : began + time);
  const { stats, lines } = follow(client, clock, { mmd: 600 });
  await clock.runUntil(890_000);
  expect(stats.errors.has('CT_TREE_HEAD_STALE')).toBe(false);
  await clock.runUntil(940_000);
  expect(stats.errors.get('CT_TREE_HEAD_STALE')).toBeGreaterThan(0);
  expect(stats.hasStaleHead).toBe(true);
  expect(lines.filter((line) => line.includes('maximum merge delay'))).toHaveLength(1);
  await clock.runUntil(3_200_000);
  expect(lines.at(-1)).toMatch(/^resolved: .*maximum merge delay/);
  expect(stats.hasStaleHead).toBe(false);
});
