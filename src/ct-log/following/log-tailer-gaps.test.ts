import { afterEach, describe, expect, it } from 'vitest';
import { FakeCtLog } from '../../../test/support/fake-ct-log.js';
import { range } from '../../../test/support/range.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';

afterEach(stopTailers);

const MINUTE = 60_000;
const broken = new CtHttpStatusError('https://log.example.net/x', 500);

/** Fails every request that begins within [from, to). */
function without(client: FakeCtLog, from: number, to: number, error: Error = broken): void {
  const getEntries = client.getEntries.bind(client);
  client.getEntries = (start, end, treeSize, signal) =>
    start >= from && start < to ? Promise.reject(error) : getEntries(start, end, treeSize, signal);
}

describe('LogTailer, when a range is unavailable', () => {
  it('continues after it after enough tries and minutes, and records the missing entries', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 320;
    without(client, 64, 96);
    const { published, gaps, stats, lines } = follow(client, clock, { start: 0, maxParallel: 4 });
    await clock.runUntil(14 * MINUTE);
    expect({ published, gaps }).toEqual({ published: range(0, 64), gaps: [] });
    await clock.runUntil(20 * MINUTE);
    expect(gaps).toEqual([{ from: 64, to: 96, reason: broken.message }]);
    expect(published).toEqual([...range(0, 64), ...range(96, 320)]);
    expect(stats).toMatchObject({ state: 'following', nextIndex: 320 });
    expect(lines.filter((line) => line.includes('64 to 95 are unavailable'))).toHaveLength(1);
  });

  it.each([
    [80, [{ from: 80, to: 96, reason: broken.message }]],
    [128, []],
  ])('leaves out only entries that are not streamed yet, up to %d', async (streamed, missing) => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 320;
    without(client, 64, 96);
    const { delivery, gaps, lines } = follow(client, clock, { start: 0 });
    Object.assign(delivery, { streamedIndex: streamed });
    await clock.runUntil(60 * MINUTE);
    expect(gaps).toEqual(missing);
    expect(lines.filter((line) => line.includes('80 to 95 are unavailable'))).toHaveLength(missing.length);
    expect(delivery.wantedIndex).toBe(320);
  });

  it.each<[string, number, Error]>([
    ['the entries after it are unavailable too', 320, broken],
    ['the log refuses the rate', 96, new CtHttpStatusError('u', 429)],
  ])('continues to wait when %s', async (_what, to, error) => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 320;
    without(client, 64, to, error);
    const { published, gaps } = follow(client, clock, { start: 0 });
    await clock.runUntil(120 * MINUTE);
    expect({ published, gaps }).toEqual({ published: range(0, 64), gaps: [] });
  });

  it('leaves a gap only after the delivery has flushed the entries before it', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 320;
    without(client, 64, 96);
    const { delivery, published, gaps } = follow(client, clock, { start: 0 });
    let settled = 0;
    Object.assign(delivery, {
      flushBeforeGap: () => (settled++ === 0 ? Promise.reject(broken) : Promise.resolve()),
    });
    await clock.runUntil(60 * MINUTE);
    expect({ settled, gaps }).toMatchObject({ settled: 2, gaps: [{ from: 64, to: 96 }] });
    expect(published).toEqual([...range(0, 64), ...range(96, 320)]);
  });

  it('waits until the log has an entry after it', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = (time) => (time < 60 * MINUTE ? 96 : 128);
    without(client, 64, 96);
    const { published, gaps } = follow(client, clock, { start: 0 });
    await clock.runUntil(59 * MINUTE);
    expect(gaps).toEqual([]);
    await clock.runUntil(70 * MINUTE);
    expect(gaps).toMatchObject([{ from: 64, to: 96 }]);
    expect(published).toEqual([...range(0, 64), ...range(96, 128)]);
  });
});

describe('LogTailer, when the size of a tree was absurd', () => {
  async function absurd(isSigned: boolean) {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    const size = (time: number): number => 64 + Math.floor(time / 10_000);
    client.size = (time) => (time > 10_000 && time < 17_000 ? 1e15 : size(time));
    const getEntries = client.getEntries.bind(client);
    client.getEntries = (start, end, treeSize, signal) =>
      end > size(clock.time) ? Promise.reject(broken) : getEntries(start, end, treeSize, signal);
    const followed = follow(client, clock, { start: 0, isSigned });
    await clock.runUntil(20 * MINUTE);
    return followed;
  }

  it('believes smaller heads of a log without a key after some minutes', async () => {
    const { published, stats, lines } = await absurd(false);
    expect(stats.treeSize).toBeLessThan(1000);
    expect(published).toEqual(range(0, published.length));
    expect(published.length).toBeGreaterThan(170);
    expect(stats.errors.get('CT_TREE_HEAD_REPLACED')).toBe(1);
    expect(lines.some((line) => line.includes('forgot its unverified tree'))).toBe(true);
  });

  it('does not believe that a signed tree shrank', async () => {
    const { stats } = await absurd(true);
    expect(stats.treeSize).toBe(1e15);
    expect(stats.errors.get('CT_TREE_HEAD_REPLACED')).toBeUndefined();
  });
});

describe('LogTailer, when a log grows faster than it delivers', () => {
  it('logs it once with figures, and logs when it is over', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = (time) => 10_000 + Math.floor(Math.min(time, 10 * MINUTE) / 10);
    client.latency = () => 1000;
    const { stats, lines } = follow(client, clock, { start: 0 });
    await clock.runUntil(8 * MINUTE);
    expect(stats).toMatchObject({ fallingBehind: true });
    expect(stats.growthRate).toBeCloseTo(100, -1);
    expect(stats.deliveryRate).toBeGreaterThan(25);
    expect(stats.deliveryRate).toBeLessThan(40);
    expect(lines.filter((line) => line.includes('entries/s and only'))).toHaveLength(1);
    client.latency = () => 10;
    await clock.runUntil(20 * MINUTE);
    expect(stats).toMatchObject({ fallingBehind: false, lag: 0 });
    expect(lines.at(-1)).toMatch(/^resolved/);
  });
});
