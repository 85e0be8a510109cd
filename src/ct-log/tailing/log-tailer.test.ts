import { afterEach, describe, expect, it } from 'vitest';
import { FakeCtLog, fakeEntries, FAKE_SOURCE } from '../../../test/support/fake-ct-log.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { CtHttpStatusError, CtNetworkError } from '../ct-log-error.js';
import { LogProblems } from './log-problems.js';
import { LogStats } from './log-stats.js';
import { LogTailer, type LogTailerOptions } from './log-tailer.js';
import { WeightedSemaphore } from './weighted-semaphore.js';

const log = { source: FAKE_SOURCE, configured: false };
const tailers: LogTailer[] = [];

afterEach(async () => {
  await Promise.all(tailers.splice(0).map((tailer) => tailer.stop()));
});

function follow(client: FakeCtLog, clock: VirtualClock, options: Partial<LogTailerOptions> = {}) {
  const stats = new LogStats();
  const published: number[] = [];
  const slices: number[] = [];
  const positions: number[] = [];
  const lines: string[] = [];
  const write = (message: string): void => void lines.push(message);
  const tailer = new LogTailer({
    client,
    stats,
    problems: new LogProblems(
      log,
      stats,
      new ProblemLog({ log: write, warn: write }, { now: () => clock.time }),
    ),
    clock,
    inFlight: new WeightedSemaphore(10_000),
    maxBatch: 1000,
    pollIntervalMs: 5000,
    start: undefined,
    publish: (batch) => {
      slices.push(batch.count);
      published.push(...batch.timestamps);
    },
    onPosition: (next) => positions.push(next),
    ...options,
  });
  tailers.push(tailer);
  tailer.start();
  return { tailer, stats, published, slices, positions, lines };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

describe('LogTailer', () => {
  it('starts at the current head and says so', async () => {
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

  it('resumes at its position and catches up in order, whatever the log serves per request', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 2000;
    let served = 0;
    client.answer = (start, end) => fakeEntries(start, Math.min(end - start, 1 + (served++ % 50)));
    const { published, stats } = follow(client, clock, { start: 3 });
    await clock.runUntil(60_000);
    expect(published).toEqual(range(3, 2000));
    expect(stats).toMatchObject({ entries: 1997, nextIndex: 2000, x509Entries: 1997 });
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
    expect(slices).toEqual([256, 256, 256, 232]);
  });

  it('asks an idle log once per poll interval and fetches nothing', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 777;
    follow(client, clock);
    await clock.runUntil(600_000);
    expect(client.heads.length).toBeGreaterThanOrEqual(120);
    expect(client.heads.length).toBeLessThanOrEqual(123);
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

  it('keeps the delay of a log that grows fast below two seconds at the median', async () => {
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

  it('moves nowhere when the log fails, and goes on where it was', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 96;
    const failed = new CtHttpStatusError('https://log.example.net/x', 400);
    client.failEntries = (time) => (time < 120_000 ? failed : undefined);
    const { published, stats, lines } = follow(client, clock, { start: 10 });
    await clock.runUntil(119_000);
    expect(stats).toMatchObject({ state: 'failing', nextIndex: 10, entries: 0 });
    expect(stats.errors.get('CT_HTTP_STATUS')).toBe(client.requests.length);
    expect(client.requests.every(([start]) => start === 10)).toBe(true);
    expect(lines.length).toBeLessThan(4);
    await clock.runUntil(300_000);
    expect(published).toEqual(range(10, 96));
    expect(stats.state).toBe('following');
    expect(stats.retries).toBe(client.requests.length - 3);
    expect(lines.at(-1)).toMatch(/^resolved/);
  });

  it('waits longer and longer, up to a minute', async () => {
    const clock = new VirtualClock(0.999_999);
    const client = new FakeCtLog(clock);
    client.failHead = () => new CtNetworkError('https://log.example.net', new Error('getaddrinfo ENOTFOUND'));
    const { stats } = follow(client, clock);
    await clock.runUntil(3_600_000);
    const pauses = clock.sleeps.slice(1).map((ms) => Math.round(ms / 1000));
    expect(pauses.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(stats).toMatchObject({ state: 'failing', nextIndex: undefined });
  });

  it('obeys Retry-After exactly', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 32;
    client.failEntries = (time) => (time < 30_000 ? new CtHttpStatusError('u', 429, 37_000) : undefined);
    const { stats, published } = follow(client, clock, { start: 0 });
    await clock.runUntil(40_000);
    expect(clock.sleeps).toContain(37_000);
    expect(client.heads.filter((time) => time > 1100 && time < 38_000)).toEqual([]);
    expect(stats).toMatchObject({ rateLimited: 1, retries: 1 });
    expect(published).toHaveLength(32);
  });

  it('ignores a tree that shrinks or goes back in time', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = (time) => (time > 20_000 && time < 60_000 ? 10 : 64);
    client.timestamp = (time) => (time > 80_000 && time < 100_000 ? 1 : time);
    const { published, stats, lines } = follow(client, clock, { start: 0 });
    await clock.runUntil(150_000);
    expect(published).toEqual(range(0, 64));
    expect(stats).toMatchObject({ treeSize: 64, nextIndex: 64 });
    expect(stats.errors.get('CT_TREE_HEAD_OLDER')).toBeGreaterThan(3);
    expect(lines.filter((line) => line.includes('ignored')).length).toBeLessThanOrEqual(3);
  });

  it('grows with the tree after a timestamp of next year', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = (time) => (time < 60_000 ? 64 : 96);
    client.timestamp = (time) => (time > 20_000 && time < 40_000 ? time + 3e10 : time);
    const { published, stats } = follow(client, clock, { start: 0 });
    await clock.runUntil(90_000);
    expect(published).toEqual(range(0, 96));
    expect(stats.treeHeadTimestamp).toBeLessThan(100_000);
  });

  it('waits for a tree that is smaller than the saved position', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = (time) => (time < 30_000 ? 50 : 132);
    const { published, stats } = follow(client, clock, { start: 100 });
    await clock.runUntil(60_000);
    expect(stats.errors.get('CT_POSITION_AHEAD')).toBe(1);
    expect(published).toEqual(range(100, 132));
  });

  it.each<[string, (start: number, end: number) => EntryBatch]>([
    ['entries of another place', (start) => fakeEntries(start + 1, 5)],
    ['more than was asked for', (start, end) => fakeEntries(start, end - start + 1)],
    ['nothing', (start) => fakeEntries(start, 0)],
  ])('publishes nothing when a client hands out %s', async (_what, answer) => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 32;
    client.answer = answer;
    const { published, stats } = follow(client, clock, { start: 0 });
    await clock.runUntil(10_000);
    expect(published).toEqual([]);
    expect(stats.errors.get('CT_MALFORMED_PAGE')).toBeGreaterThan(0);
  });

  it('fetches again what an output could not take', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 64;
    const published: number[] = [];
    let refused = 0;
    const { stats, positions } = follow(client, clock, {
      start: 0,
      publish: (batch) => {
        if (batch.firstIndex === 32 && refused++ < 2) throw new Error('an output failed');
        published.push(...batch.timestamps);
      },
    });
    await clock.runUntil(60_000);
    expect(published).toEqual(range(0, 64));
    expect(positions).toEqual([32, 64]);
    expect(stats.errors.get('CT_UNEXPECTED')).toBe(2);
  });

  it('publishes what has arrived when it is stopped, and asks for no more', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, 1000);
    client.size = () => 5000;
    const published: number[] = [];
    let notify: () => void = () => undefined;
    const firstPublished = new Promise<void>((resolve) => {
      notify = resolve;
    });
    const { tailer, stats, positions } = follow(client, clock, {
      start: 0,
      publish: (batch) => {
        published.push(...batch.timestamps);
        notify();
      },
    });
    void clock.runUntil(60_000);
    await firstPublished;
    await tailer.stop();
    expect(published).toEqual(range(0, 1000));
    expect(positions.at(-1)).toBe(1000);
    expect(client.requests).toHaveLength(1);
    expect(stats.state).toBe('stopped');
  });
});
