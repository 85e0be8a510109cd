import { describe, expect, it } from 'vitest';
import { FakeCtLog, fakeEntries } from '../../../test/support/fake-ct-log.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { CtHttpStatusError } from '../ct-log-error.js';
import type { Turn } from '../pacing/paced-http.js';
import { FlightBudget } from './flight-budget.js';
import { type Admission, RangeRequest } from './range-request.js';

const range = { from: 0, to: 32, treeSize: 100 };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setup() {
  const clock = new VirtualClock();
  const client = new FakeCtLog(clock);
  const budget = new FlightBudget({ entries: 100, bytes: 1e6 });
  const told: string[] = [];
  const turn: Turn = { end: () => void told.push('ended') };
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
    expect([told, client.requests.length]).toEqual([['waits'], 0]);
    others?.release();
    await batch;
    expect(told).toEqual(['waits', 'admitted', 'ended']);
  });

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
