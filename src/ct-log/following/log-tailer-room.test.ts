import { afterEach, describe, expect, it } from 'vitest';
import { FakeCtLog, fakeEntries } from '../../../test/support/fake-ct-log.js';
import { logRequests, requestScheduler } from '../../../test/support/log-requests.js';
import { range } from '../../../test/support/range.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';
import { FlightShare } from '../scheduling/flight-share.js';

afterEach(stopTailers);

const { signal } = new AbortController();
const MIB = 1024 * 1024;

describe('LogTailer, when little memory is free', () => {
  it('gives the memory of later ranges to a range that became the first one while it waited', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, 32);
    client.size = () => 3200;
    const page = 32 * 4096;
    const scheduler = requestScheduler(clock, { capacity: { entries: 10_000, bytes: 8 * page } });
    const sibling = logRequests({ clock, scheduler });
    const latency: Record<number, number> = { 1024: 1500, 1056: 5000, 1120: 150 };
    client.latency = (start) => latency[start] ?? 100;
    let failures = 0;
    client.answer = (start, end) => {
      if (start === 1088 && failures++ === 0) throw new CtHttpStatusError('u', 502);
      // Meanwhile, another log of the operator takes its share, and does not release it.
      if (start === 1120)
        void sibling
          .range({ load: { entries: 32, bytes: 3 * page }, urgency: () => 'live' }, signal)
          .then((grant) => grant?.arrived(3 * page));
      const bytes = Buffer.alloc(start === 1120 ? 1.9 * page : page);
      return { ...fakeEntries(start, Math.min(32, end - start)), bytes };
    };
    const { published } = follow(client, clock, {
      start: 0,
      maxParallel: 4,
      requests: logRequests({ clock, scheduler }),
    });
    await clock.runUntil(600_000);
    expect(failures).toBeGreaterThan(1);
    expect(published.length).toBe(3200);
  });

  it('requests whole tiles, even if only a few entries of earlier tiles were new', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock, 256);
    let backlog = 0;
    client.size = (time) => 1000 + Math.floor(time / 1000) + backlog;
    const tile = Buffer.alloc(1.3 * MIB);
    client.answer = (start, end) => ({
      ...fakeEntries(start, Math.min(end, start - (start % 256) + 256) - start),
      encoding: 'data-tile',
      bytes: tile,
    });
    const scheduler = requestScheduler(clock, { capacity: { entries: 10_000, bytes: 64 * MIB } });
    const other = new FlightShare(scheduler.budget, 'other');
    other.take({ entries: 100, bytes: 20 * MIB }, 'live').resize(20 * MIB);
    const { published } = follow(client, clock, {
      start: 1000,
      rereadsPages: true,
      requests: logRequests({ clock, scheduler }),
    });
    await clock.runUntil(600_000);
    backlog = 20_000;
    const before = client.requests.length;
    await clock.runUntil(700_000);
    expect(published.slice(0, 20_000)).toEqual(range(1000, 21_000));
    expect(client.requests.length - before).toBeLessThan(200);
  });
});
