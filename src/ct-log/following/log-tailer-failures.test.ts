import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeCtLog, fakeEntries } from '../../../test/support/fake-ct-log.js';
import { range } from '../../../test/support/range.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { CtHttpStatusError, CtNetworkError } from '../client/ct-log-error.js';
import { logRequests } from '../../../test/support/log-requests.js';

afterEach(stopTailers);

describe('LogTailer, when a log fails or lies', () => {
  it('keeps its position when the log fails, and then continues from there', async () => {
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

  it('delivers the entries of the known head while the heads are broken', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 32 * 5000;
    client.failHead = (time) => (time > 1500 ? new CtHttpStatusError('u', 500) : undefined);
    client.failEntries = (time) => (time < 120_000 ? new CtHttpStatusError('u', 500) : undefined);
    const { stats, published } = follow(client, clock, { start: 0, maxBatch: 32 });
    await clock.runUntil(119_000);
    expect(client.requests.length).toBeGreaterThan(3);
    await clock.runUntil(300_000);
    expect(published.length).toBe(32 * 5000);
    expect(stats.state).toBe('failing');
  });

  it('requests a newer head when the entries of the old one are unavailable', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, 256);
    client.size = (time) => (time < 5000 ? 100 : 256);
    const getEntries = client.getEntries.bind(client);
    client.getEntries = (start, end, treeSize) =>
      treeSize < 256 ? Promise.reject(new CtHttpStatusError('u', 404)) : getEntries(start, end, treeSize);
    const { published } = follow(client, clock, { start: 0 });
    await clock.runUntil(20_000);
    expect(published.length).toBeGreaterThan(0);
  });

  it('waits longer after each failure, up to a minute', async () => {
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
    expect(stats.errors.get('CT_RATE_LIMITED')).toBe(1);
    expect(stats.retries).toBe(1);
    expect(published).toHaveLength(32);
  });

  it('takes little of the memory that all logs share until the log has delivered', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, 1000);
    client.size = () => 2000;
    const requests = logRequests({ clock });
    const asked = vi.spyOn(requests, 'range');
    const hangs = new CtNetworkError('https://log.example.net', new Error('hangs'));
    client.failEntries = () => (asked.mock.calls.length < 3 ? hangs : undefined);
    const { published } = follow(client, clock, { start: 0, requests });
    await clock.runUntil(60_000);
    expect(asked.mock.calls.map(([{ load }]) => load.entries)).toEqual([32, 32, 32, 968, 1000]);
    expect(published).toEqual(range(0, 2000));
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
    // The smaller tree is reported. Older heads are only counted.
    const reports = lines.filter((line) => line.includes('ignored'));
    expect(reports[0]).toContain('shrank from 64 to 10');
    expect(reports.length).toBeLessThanOrEqual(3);
  });

  it('follows the tree after a head with a timestamp in the next year', async () => {
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
    await clock.runUntil(29_000);
    expect(stats.state).toBe('failing');
    await clock.runUntil(60_000);
    expect(stats.errors.get('CT_POSITION_AHEAD')).toBe(1);
    expect(stats.state).toBe('following');
    expect(published).toEqual(range(100, 132));
  });

  it.each<[string, (start: number, end: number) => EntryBatch]>([
    ['entries of another position', (start) => fakeEntries(start + 1, 5)],
    ['more entries than requested', (start, end) => fakeEntries(start, end - start + 1)],
    ['no entries', (start) => fakeEntries(start, 0)],
  ])('publishes nothing when a client returns %s', async (_what, answer) => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    client.size = () => 32;
    client.answer = answer;
    const { published, stats } = follow(client, clock, { start: 0 });
    await clock.runUntil(10_000);
    expect(published).toEqual([]);
    expect(stats.errors.get('CT_MALFORMED_PAGE')).toBeGreaterThan(0);
  });

  it('fetches entries again that an output could not take', async () => {
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
});
