import { afterEach, describe, expect, it } from 'vitest';
import { PickyLog } from '../../../test/support/picky-log.js';
import { range } from '../../../test/support/range.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import {
  CtHttpStatusError,
  CtNetworkError,
  CtTimeoutError,
  CtTooLargeError,
} from '../client/ct-log-error.js';

afterEach(stopTailers);

const MINUTE = 60_000;
const url = 'https://log.example.net/x';

function start(size: number, options: Parameters<typeof follow>[2] = {}) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const problems = {
    count: () => undefined,
    note: (_code: string, message: string) => void lines.push(message),
    settled: () => undefined,
  };
  const client = new PickyLog(clock, problems);
  client.size = () => size;
  const followed = follow(client, clock, { start: 0, maxParallel: 4, ...options });
  return { ...followed, clock, client, notes: lines };
}

describe('LogTailer, when a log refuses requests for many entries', () => {
  it.each<[number, string, Error]>([
    [18, '400', new CtHttpStatusError(url, 400)],
    [18, '413', new CtHttpStatusError(url, 413)],
    [18, '502', new CtHttpStatusError(url, 502)],
    [18, '503', new CtHttpStatusError(url, 503)],
    [
      18,
      'a reset',
      new CtNetworkError(url, Object.assign(new Error('read'), { code: 'ECONNRESET', syscall: 'read' })),
    ],
    [18, 'a timeout', new CtTimeoutError(url)],
    [18, 'a page that is too large', new CtTooLargeError(url, 1)],
    [1, '400', new CtHttpStatusError(url, 400)],
    [100, '400', new CtHttpStatusError(url, 400)],
  ])(
    'of more than %d with %s, delivers all entries in order within a minute with few refusals',
    async (limit, _what, error) => {
      const size = limit === 1 ? 1000 : 100 * limit;
      const { clock, client, published, gaps, lines, notes, stats } = start(size);
      client.refuses = (from, to) => (to - from > limit ? error : undefined);
      await clock.runUntil(MINUTE);
      expect(published).toEqual(range(0, size));
      expect(gaps).toEqual([]);
      expect(stats.state).toBe('following');
      expect(client.failedShare(40)).toBeLessThan(0.1);
      expect(lines.length).toBeLessThanOrEqual(6);
      expect(notes).toEqual([expect.stringContaining('requests are limited to')]);
    },
  );

  it('sends larger requests again when the log accepts them', async () => {
    const { clock, client, published } = start(100_000);
    client.refuses = (from, to) =>
      to - from > 18 && published.length < 5000 ? new CtHttpStatusError(url, 400) : undefined;
    await clock.runUntil(30 * MINUTE);
    expect(published).toEqual(range(0, 100_000));
    const late = client.sent.slice(-50);
    expect(
      Math.min(...late.slice(0, -1).map((request) => request.end - request.start)),
    ).toBeGreaterThanOrEqual(256);
  });

  it('requests full pages at once after all requests failed for a while', async () => {
    const { clock, client, published, notes } = start(10_000);
    client.refuses = (_from, _to, time) =>
      time > 2000 && time < 10 * MINUTE ? new CtHttpStatusError(url, 500) : undefined;
    await clock.runUntil(10 * MINUTE);
    const before = client.sent.length;
    await clock.runUntil(15 * MINUTE);
    expect(published).toEqual(range(0, 10_000));
    expect(client.sent.length - before).toBeLessThan(60);
    expect(notes).toEqual([]);
  });

  it('does not change to small requests when one request in ten fails', async () => {
    const { clock, client, published } = start(50_000);
    let count = 0;
    client.refuses = () => (++count % 10 === 3 ? new CtHttpStatusError(url, 500) : undefined);
    await clock.runUntil(60 * MINUTE);
    expect(published).toEqual(range(0, 50_000));
    expect(client.sent.length).toBeLessThan(600);
  });

  it('sends few requests to a log that fails with every size', async () => {
    const { clock, client, gaps } = start(1000);
    client.refuses = () => new CtHttpStatusError(url, 500);
    await clock.runUntil(60 * MINUTE);
    // Twelve divisions, then pauses of up to a minute, with up to three tries after the range.
    expect(client.sent.length).toBeLessThan(520);
    expect(client.sent.filter(({ time }) => time < 15 * MINUTE).length).toBeLessThan(60);
    expect(gaps).toEqual([]);
  });
});

describe('LogTailer, when single entries fail with every size of request', () => {
  const broken = new CtHttpStatusError(url, 500);
  const holds = (bad: readonly number[]) => (from: number, to: number) =>
    bad.some((index) => index >= from && index < to) ? broken : undefined;

  it.each([0, 1, 77, 255, 256, 511])('leaves out only entry %d', async (bad) => {
    const { clock, client, published, gaps, lines, stats } = start(1000);
    client.refuses = holds([bad]);
    await clock.runUntil(14 * MINUTE);
    expect(published).toEqual(range(0, bad));
    await clock.runUntil(20 * MINUTE);
    expect(gaps).toEqual([{ from: bad, to: bad + 1, reason: broken.message }]);
    expect(published).toEqual([...range(0, bad), ...range(bad + 1, 1000)]);
    expect(stats.state).toBe('following');
    expect(lines.length).toBeLessThanOrEqual(20);
  });

  it('does not wait for each of many entries that fail together', async () => {
    const { clock, client, published, gaps } = start(1000);
    const bad = [...range(64, 128), 130, 140, 150];
    client.refuses = holds(bad);
    await clock.runUntil(30 * MINUTE);
    expect(published).toEqual(range(0, 1000).filter((index) => !bad.includes(index)));
    expect(gaps.flatMap(({ from, to }) => range(from, to))).toEqual(bad);
  });

  it('finds a later entry even if the next tried entries are unavailable', async () => {
    const { clock, client, published, gaps } = start(2000, { gapAfter: { tries: 2, minutes: 0 } });
    const bad = range(5, 700);
    client.refuses = holds(bad);
    await clock.runUntil(60 * MINUTE);
    expect(published).toEqual([...range(0, 5), ...range(700, 2000)]);
    expect(gaps.flatMap(({ from, to }) => range(from, to))).toEqual(bad);
  });

  it('counts only tries of the single entry', async () => {
    const { clock, client, published, gaps } = start(64, { gapAfter: { tries: 1, minutes: 0 } });
    client.refuses = (from, to) => (to - from > 1 ? broken : undefined);
    await clock.runUntil(10 * MINUTE);
    expect(gaps).toEqual([]);
    expect(published).toEqual(range(0, 64));
  });

  it('waits when the log cannot be reached', async () => {
    const { clock, client, gaps } = start(64, { gapAfter: { tries: 1, minutes: 0 } });
    const cause = Object.assign(new Error('connect ECONNREFUSED'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
    });
    client.refuses = () => new CtNetworkError(url, cause);
    await clock.runUntil(10 * MINUTE);
    expect(gaps).toEqual([]);
    expect(new Set(client.sent.map((request) => request.end - request.start))).toEqual(new Set([32]));
  });
});
