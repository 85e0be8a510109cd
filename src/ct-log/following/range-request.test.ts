import { describe, expect, it } from 'vitest';
import { FakeCtLog, fakeEntries } from '../../../test/support/fake-ct-log.js';
import { logRequests, requestScheduler } from '../../../test/support/log-requests.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';
import type { CtHttp } from '../client/http/ct-http.js';
import { FlightShare } from '../scheduling/flight-share.js';
import type { Lease } from '../scheduling/flight-lease.js';
import { type RangeAdmission, RangeRequest } from './range-request.js';

const TREE_SIZE = 100;
const { signal } = new AbortController();
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setup(http?: CtHttp) {
  const clock = new VirtualClock();
  const client = new FakeCtLog(clock);
  const capacity = { entries: 100, bytes: 1e6 };
  const scheduler = requestScheduler(clock, { capacity, connectionsPerHost: 1, maxParallel: 1 });
  const requests = logRequests({ clock, scheduler, http });
  const events: string[] = [];
  const admission: RangeAdmission = {
    load: { entries: 32, bytes: 1000 },
    urgency: () => 'live',
    onNoRoom: () => events.push('no room'),
    admitted: () => events.push('admitted'),
  };
  const request = new RangeRequest({ client, requests }, 0, 32);
  /** Takes the only connection of the log. */
  const occupy = async (): Promise<() => void> => {
    const grant = await requests.range({ load: { entries: 0, bytes: 0 }, urgency: () => 'gap' }, signal);
    return () => grant?.release();
  };
  /** Takes all memory. */
  const fill = (): Lease =>
    new FlightShare(scheduler.budget, 'other').take({ ...capacity, bytes: 1 }, 'live');
  return { clock, client, scheduler, requests, events, request, admission, occupy, fill };
}

/** Requests the range and waits for the outcome. */
async function fetch(request: RangeRequest, admission: RangeAdmission): Promise<EntryBatch> {
  request.start(TREE_SIZE, admission);
  await request.settled;
  const { outcome } = request;
  if (outcome !== undefined && 'batch' in outcome) return outcome.batch;
  throw outcome?.error;
}

const nothing = { entries: 0, bytes: 0 };

describe('RangeRequest', () => {
  it('takes no memory while it waits for a connection', async () => {
    const { client, requests, events, request, admission, occupy } = setup();
    const free = await occupy();
    const batch = fetch(request, admission);
    await settled();
    expect([requests.used.entries, client.requests.length]).toEqual([0, 0]);
    free();
    expect((await batch).count).toBe(32);
    expect(events).toEqual(['admitted']);
    // The memory is held until the delivery.
    expect(requests.used.entries).toBe(32);
    request.end();
    expect(requests.used.entries).toBe(0);
  });

  it('reports that there is no room, and is sent when there is room', async () => {
    const { client, events, request, admission, fill } = setup();
    const others = fill();
    const batch = fetch(request, admission);
    await settled();
    expect([events, client.requests.length]).toEqual([['no room'], 0]);
    others.release();
    await batch;
    expect(events).toEqual(['no room', 'admitted']);
  });

  it('does not hold a connection that another log needs while it waits for room', async () => {
    const http = { get: (url: string) => Promise.resolve(Buffer.from(url)), read: () => Promise.reject() };
    const { clock, client, scheduler, admission } = setup();
    const [one, other] = [0, 1].map(() => {
      const requests = logRequests({ clock, scheduler, http });
      return { requests, request: new RangeRequest({ client, requests }, 0, 32) };
    });
    const load = { entries: 80, bytes: 1000 };
    await fetch(one.request, { ...admission, load });
    const waiting = fetch(other.request, { ...admission, load });
    await clock.runUntil(1000);
    // As with `enforce`: a proof is needed before the entries are streamed and release their memory.
    const proof = one.requests.get('proof').then(() => one.request.end());
    await clock.runUntil(2000);
    await proof;
    expect((await waiting).count).toBe(32);
    other.request.end();
    expect(scheduler.budget.used).toEqual(nothing);
  });

  it('holds nothing during a pause that the log requested, even if there is room', async () => {
    const http = {
      get: () => Promise.reject(new CtHttpStatusError('u', 429, 600_000)),
      read: () => Promise.reject(),
    };
    const { clock, client, requests, request, admission, fill } = setup(http);
    const others = fill();
    const batch = fetch(request, admission);
    await settled();
    await expect(requests.get('head', { isHead: true })).rejects.toMatchObject({ code: 'CT_RATE_LIMITED' });
    others.release();
    await clock.runUntil(599_000);
    expect([requests.used.entries, client.requests.length]).toEqual([0, 0]);
    await clock.runUntil(700_000);
    expect((await batch).count).toBe(32);
  });

  it('holds nothing after it is ended at any moment', async () => {
    for (let moment = 0; moment < 30; moment++) {
      const { client, requests, request, admission, fill, occupy } = setup();
      // The client returns parts of a tile that it already has without a request.
      client.getEntries = () => Promise.resolve(fakeEntries(0, 32));
      const others = fill();
      const batch = fetch(request, admission).catch(() => undefined);
      await settled();
      others.release();
      for (let turns = 0; turns < moment; turns++) await Promise.resolve();
      request.end();
      await batch;
      expect(requests.used).toEqual(nothing);
      await occupy();
    }
  });

  it('holds nothing after a failure, and can be sent again', async () => {
    const { client, requests, request, admission } = setup();
    client.failEntries = () => new CtHttpStatusError('u', 503);
    await expect(fetch(request, admission)).rejects.toMatchObject({ code: 'CT_HTTP_STATUS' });
    expect(requests.used.entries).toBe(0);
    client.failEntries = () => undefined;
    expect((await fetch(request, admission)).count).toBe(32);
  });

  it('holds nothing for the rest of a short answer while the request for it waits', async () => {
    const { client, requests, request, admission, occupy } = setup();
    client.answer = (start) => fakeEntries(start, 16);
    expect((await fetch(request, admission)).count).toBe(16);
    const free = await occupy();
    request.from = 16;
    const rest = fetch(request, admission);
    await settled();
    expect(requests.used).toEqual(nothing);
    free();
    expect((await rest).count).toBe(16);
    expect(requests.used.entries).toBe(32);
  });

  it('can be ended while it waits for a connection, for room or for the answer', async () => {
    for (const isOccupied of [true, false]) {
      for (const isFull of [false, true]) {
        const { clock, client, scheduler, request, admission, fill, occupy } = setup();
        client.latency = () => 1000;
        const others = isFull ? fill() : undefined;
        const free = isOccupied ? await occupy() : undefined;
        const batch = fetch(request, admission);
        await settled();
        request.end();
        await expect(batch).rejects.toMatchObject({ code: 'CT_ABORTED' });
        others?.release();
        free?.();
        expect([scheduler.budget.used, scheduler.waiting, clock.time]).toEqual([nothing, 0, 0]);
        await occupy();
      }
    }
  });

  it.each([
    ['other entries', 1, 32],
    ['an empty batch', 0, 0],
    ['too many entries', 0, 33],
  ])('refuses %s', async (_what, first, count) => {
    const { client, request, admission } = setup();
    client.answer = () => fakeEntries(first, count);
    await expect(fetch(request, admission)).rejects.toMatchObject({ code: 'CT_MALFORMED_PAGE' });
  });
});
