import { afterEach, describe, expect, it } from 'vitest';
import { FakeCtLog, fakeEntries } from '../../../test/support/fake-ct-log.js';
import { range } from '../../../test/support/range.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';

afterEach(stopTailers);

describe('LogTailer', () => {
  it('starts at the current head and logs it', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = (time) => (time < 10_000 ? 1000 : 1064);
    const { published, positions, stats } = follow(client, clock);
    await clock.runUntil(9000);
    expect({ published, positions }).toEqual({ published: [], positions: [1000] });
    expect(stats).toMatchObject({ state: 'following', nextIndex: 1000, treeSize: 1000 });
    await clock.runUntil(20_000);
    expect(published).toEqual(range(1000, 1064));
    expect(positions.at(-1)).toBe(1064);
  });

  it('resumes at its position and catches up in order, with any number of entries per answer', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 2000;
    let served = 0;
    client.answer = (start, end) => fakeEntries(start, Math.min(end - start, 1 + (served++ % 50)));
    const { published, stats } = follow(client, clock, { start: 3 });
    await clock.runUntil(60_000);
    expect(published).toEqual(range(3, 2000));
    expect(stats).toMatchObject({ entries: 1997, nextIndex: 2000 });
    expect(stats.lag).toBe(0);
  });

  it('starts an empty log at 0', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = (time) => (time < 10_000 ? 0 : 1);
    const { published } = follow(client, clock);
    await clock.runUntil(30_000);
    expect(published).toEqual([0]);
  });

  it('publishes slices of at most 256', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, 1000);
    client.size = () => 1000;
    const { slices } = follow(client, clock, { start: 0 });
    await clock.runUntil(10_000);
    expect(slices).toEqual([32, 256, 256, 256, 200]);
  });

  it('polls an idle log once per poll interval, less often after a minute, and fetches no entries', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 777;
    follow(client, clock);
    await clock.runUntil(600_000);
    expect(client.heads.length).toBeGreaterThanOrEqual(70);
    expect(client.heads.length).toBeLessThanOrEqual(78);
    expect(client.requests).toEqual([]);
  });

  it('does not fetch a growing partial page at every poll, and delivers it within seconds', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, 256);
    client.size = (time) => Math.floor(time / 100);
    const { published } = follow(client, clock, { start: 0 });
    await clock.runUntil(60_000);
    expect(published.length).toBeGreaterThan(550);
    expect(client.requests.length).toBeLessThanOrEqual(31);
    expect(published).toEqual(range(0, published.length));
  });

  it('continues at once after an answer with fewer entries than requested, however few', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    Object.assign(client, { pageSize: undefined });
    client.size = () => 250;
    client.answer = (start) => fakeEntries(start, 1);
    const { published } = follow(client, clock, { start: 0 });
    await clock.runUntil(20_000);
    expect(published).toEqual(range(0, 250));
  });

  it('keeps the median delay of a fast growing log below two seconds', async () => {
    for (const perSecond of [1, 10, 100, 200, 1000]) {
      const clock = new VirtualClock();
      const client = new FakeCtLog(clock, 256);
      client.size = (time) => Math.floor((time * perSecond) / 1000);
      const delays: number[] = [];
      follow(client, clock, {
        start: 0,
        publish: (batch) => {
          for (const index of batch.timestamps) delays.push(clock.time - ((index + 1) * 1000) / perSecond);
        },
      });
      await clock.runUntil(120_000);
      delays.sort((a, b) => a - b);
      expect(delays[Math.floor(delays.length / 2)]).toBeLessThan(2000);
      expect(delays.at(-1)).toBeLessThan(5000);
    }
  });

  it('publishes the entries that have arrived when it is stopped, and sends no further request', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, 1000);
    client.size = () => 5000;
    const published: number[] = [];
    let notify: () => void = () => undefined;
    const secondPublished = new Promise<void>((resolve) => {
      notify = resolve;
    });
    const { tailer, stats, positions } = follow(client, clock, {
      start: 0,
      publish: (batch) => {
        published.push(...batch.timestamps);
        if (client.requests.length === 2) notify();
      },
    });
    void clock.runUntil(60_000);
    await secondPublished;
    await tailer.stop();
    expect(published).toEqual(range(0, 1000));
    expect(positions.at(-1)).toBe(1000);
    expect(client.requests).toHaveLength(2);
    expect(stats.state).toBe('stopped');
  });
});
