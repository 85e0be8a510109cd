import { describe, expect, it } from 'vitest';
import { FakeCtLog, fakeEntries } from '../../../test/support/fake-ct-log.js';
import { FREE_TURN } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';
import { HostConnections } from '../scheduling/host-connections.js';
import { OperatorPacer } from '../scheduling/operator-pacer.js';
import { PacedHttp, type Turn } from '../scheduling/paced-http.js';
import { flightShare } from '../../../test/support/flight-share.js';
import { type Admission, RangeRequest } from './range-request.js';

const range = { from: 0, to: 32, treeSize: 100 };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setup() {
  const clock = new VirtualClock();
  const client = new FakeCtLog(clock);
  const budget = flightShare({ entries: 100, bytes: 1e6 });
  const told: string[] = [];
  const turn: Turn = {
    pause: () => void told.push('paused'),
    resume: async ({ aborted }) => {
      told.push('resumed');
      return !aborted;
    },
    end: () => void told.push('ended'),
  };
  let giveTurn: () => void = () => undefined;
  const pace = {
    isBacklog: false,
    turn: (signal: AbortSignal): Promise<Turn | undefined> =>
      new Promise((resolve) => {
        giveTurn = () => resolve(turn);
        signal.addEventListener('abort', () => resolve(undefined));
      }),
  };
  const admission: Admission = {
    load: { entries: 32, bytes: 1000 },
    urgency: () => 'live',
    waits: () => told.push('waits'),
    admitted: () => told.push('admitted'),
  };
  const request = new RangeRequest({ client, budget, pace });
  return { clock, client, budget, told, request, admission, giveTurn: () => giveTurn() };
}

describe('RangeRequest', () => {
  it('takes nothing of the bound over all logs while it waits for its turn', async () => {
    const { client, budget, told, request, admission, giveTurn } = setup();
    const batch = request.fetch(range, admission);
    await settled();
    expect([budget.used.entries, client.requests.length]).toEqual([0, 0]);
    giveTurn();
    expect((await batch).count).toBe(32);
    expect(told).toEqual(['admitted', 'ended']);
    // Until it is delivered.
    expect(budget.used.entries).toBe(32);
    request.end();
    expect(budget.used.entries).toBe(0);
  });

  it('tells when there is no room, and asks when there is', async () => {
    const { client, budget, told, request, admission, giveTurn } = setup();
    const others = await budget.acquire({ entries: 90, bytes: 1 }, new AbortController().signal);
    const batch = request.fetch(range, admission);
    giveTurn();
    await settled();
    expect([told, client.requests.length]).toEqual([['waits', 'paused'], 0]);
    others?.release();
    await batch;
    expect(told).toEqual(['waits', 'paused', 'resumed', 'admitted', 'ended']);
  });

  it('keeps no connection from who has room while it waits for room itself', async () => {
    const clock = new VirtualClock();
    const budget = flightShare({ entries: 100, bytes: 1e6 });
    const connections = new HostConnections(1);
    const pacer = new OperatorPacer(clock, 200);
    const http = { get: (url: string) => Promise.resolve(Buffer.from(url)), read: () => Promise.reject() };
    const [one, other] = [0, 1].map(() => {
      const pace = new PacedHttp(http, { pacer, connections, maxParallel: 4, reuseConnections: true, clock });
      return { pace, request: new RangeRequest({ client: new FakeCtLog(clock), budget, pace }) };
    });
    const { admission } = setup();
    const load = { entries: 80, bytes: 1000 };
    await one.request.fetch(range, { ...admission, load });
    const waiting = other.request.fetch(range, { ...admission, load });
    await clock.runUntil(1000);
    // As with `enforce`, before the entries can be streamed.
    const proof = one.pace.get('proof').then(() => one.request.end());
    await clock.runUntil(2000);
    expect(budget.used.entries).toBe(80);
    await proof;
    expect((await waiting).count).toBe(32);
    other.request.end();
    expect(budget.used.entries).toBe(0);
    expect(connections.inUse).toBe(0);
  });

  it('gives its room back, and waits for another turn, when the log wants to be left alone by then', async () => {
    const clock = new VirtualClock();
    const client = new FakeCtLog(clock);
    const budget = flightShare({ entries: 100, bytes: 1e6 });
    const http = {
      get: () => Promise.reject(new CtHttpStatusError('u', 429, 600_000)),
      read: () => Promise.reject(),
    };
    const [pacer, connections] = [new OperatorPacer(clock, 200), new HostConnections(1)];
    const pace = new PacedHttp(http, { pacer, connections, maxParallel: 4, reuseConnections: true, clock });
    const others = await budget.acquire({ entries: 100, bytes: 1 }, new AbortController().signal);
    const request = new RangeRequest({ client, budget, pace });
    const batch = request.fetch(range, setup().admission);
    await settled();
    await expect(pace.get('head', { isHead: true })).rejects.toMatchObject({ code: 'CT_RATE_LIMITED' });
    others?.release();
    await clock.runUntil(599_000);
    expect([budget.used.entries, client.requests.length]).toEqual([0, 0]);
    expect(connections.inUse).toBe(0);
    await clock.runUntil(700_000);
    expect((await batch).count).toBe(32);
  });

  it('holds nothing, at whatever moment it is ended', async () => {
    for (let moment = 0; moment < 30; moment++) {
      const { clock, budget, admission } = setup();
      // A tile that is there already is handed out in pieces without asking.
      const client = new FakeCtLog(clock);
      client.getEntries = () => Promise.resolve(fakeEntries(0, 32));
      const pace = { isBacklog: false, turn: () => Promise.resolve(FREE_TURN) };
      const request = new RangeRequest({ client, budget, pace });
      const others = await budget.acquire({ entries: 100, bytes: 1 }, new AbortController().signal);
      const batch = request.fetch(range, admission).catch(() => undefined);
      await settled();
      others?.release();
      for (let turns = 0; turns < moment; turns++) await Promise.resolve();
      request.end();
      await batch;
      expect(budget.used).toEqual({ entries: 0, bytes: 0 });
    }
  });

  it.each(['room', 'a connection'])(
    'gives room and connection back when it is ended while it waits for %s',
    async (what) => {
      const { clock, client, budget, admission } = setup();
      const { signal } = new AbortController();
      const connections = new HostConnections(1);
      const options = {
        pacer: new OperatorPacer(clock, 200),
        connections,
        maxParallel: 4,
        reuseConnections: true,
      };
      const http = { get: () => new Promise<never>(() => undefined), read: () => Promise.reject() };
      const pace = new PacedHttp(http, { ...options, clock });
      const request = new RangeRequest({ client, budget, pace });
      const others = await budget.acquire({ entries: 100, bytes: 1 }, signal);
      const batch = request.fetch(range, admission);
      await settled();
      expect(connections.inUse).toBe(0);
      // It has the connection that the log may always have.
      void pace.get('proof');
      if (what === 'a connection') others?.release();
      await settled();
      expect(connections.inUse).toBe(1);
      request.end();
      await expect(batch).rejects.toMatchObject({ code: 'CT_ABORTED' });
      others?.release();
      expect([budget.used.entries, client.requests.length]).toEqual([0, 0]);
      expect(connections.inUse).toBe(1);
    },
  );

  it('holds nothing after a failure, and may be tried again', async () => {
    const { client, budget, request, admission, giveTurn } = setup();
    client.failEntries = () => new CtHttpStatusError('u', 503);
    const failed = request.fetch(range, admission);
    giveTurn();
    await expect(failed).rejects.toMatchObject({ code: 'CT_HTTP_STATUS' });
    expect(budget.used.entries).toBe(0);
    client.failEntries = () => undefined;
    const batch = request.fetch(range, admission);
    giveTurn();
    expect((await batch).count).toBe(32);
  });

  it('holds nothing for what a short answer left out while that waits for its turn', async () => {
    const { budget, request, admission, giveTurn } = setup();
    const short = request.fetch({ ...range, to: 16 }, admission);
    giveTurn();
    await short;
    const rest = request.fetch({ ...range, from: 16 }, admission);
    await settled();
    // Else whoever has the turn may wait for this room, and this for that turn, for ever.
    expect(budget.used).toEqual({ entries: 0, bytes: 0 });
    giveTurn();
    expect((await rest).count).toBe(16);
    expect(budget.used.entries).toBe(32);
  });

  it('ends with what it waits for: its turn, room, the answer', async () => {
    for (const turns of [0, 1]) {
      for (const isFull of [false, true]) {
        const { clock, client, budget, request, admission, giveTurn } = setup();
        client.latency = () => 1000;
        const { signal } = new AbortController();
        const others = isFull ? await budget.acquire({ entries: 100, bytes: 1 }, signal) : undefined;
        const batch = request.fetch(range, admission);
        if (turns > 0) giveTurn();
        await settled();
        request.end();
        await expect(batch).rejects.toMatchObject({ code: 'CT_ABORTED' });
        others?.release();
        expect(budget.used).toEqual({ entries: 0, bytes: 0 });
        expect(clock.time).toBe(0);
      }
    }
  });

  it.each([
    ['other entries', 1, 32],
    ['none', 0, 0],
    ['too many', 0, 33],
  ])('refuses %s', async (_what, first, count) => {
    const { client, request, admission, giveTurn } = setup();
    client.answer = () => fakeEntries(first, count);
    const batch = request.fetch(range, admission);
    giveTurn();
    await expect(batch).rejects.toMatchObject({ code: 'CT_MALFORMED_PAGE' });
  });
});
