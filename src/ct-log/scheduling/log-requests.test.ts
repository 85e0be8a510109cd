import { describe, expect, it } from 'vitest';
import { HeldHttp } from '../../../test/support/held-http.js';
import { logRequests, requestScheduler } from '../../../test/support/log-requests.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';
import { LogRequests } from './log-requests.js';
import { OperatorPace } from './operator-pace.js';

/** Creates logs of one operator and one host. */
function logs({ connections = 16, maxParallel = 4 } = {}) {
  const clock = new VirtualClock();
  const pace = new OperatorPace(clock, 200);
  const options = { connectionsPerHost: connections, maxParallel, newPace: () => pace };
  const scheduler = requestScheduler(clock, options);
  const add = (onLimited?: () => void) => {
    const held = new HeldHttp();
    return { held, http: logRequests({ clock, http: held, scheduler, onLimited }) };
  };
  return { clock, pace, scheduler, add };
}

const range = { load: { entries: 1, bytes: 1 }, urgency: () => 'live' as const };
const { signal } = new AbortController();
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe(LogRequests.name, () => {
  it('limits the concurrent requests of a log, except for tree heads', async () => {
    const { held, http } = logs({ maxParallel: 2 }).add();
    const bodies = ['a', 'b', 'c', 'd'].map((url) => http.get(url));
    void http.get('head', { isHead: true });
    await settled();
    expect([...held.asked.keys()].sort()).toEqual(['a', 'b', 'head']);
    held.answer('b');
    await settled();
    expect([...held.asked.keys()].sort()).toEqual(['a', 'b', 'c', 'head']);
    held.answer('a');
    held.answer('c');
    await settled();
    held.answer('d');
    expect((await Promise.all(bodies)).map(String)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('ends a waiting request as soon as it is aborted, and keeps no place for it', async () => {
    const { held, http } = logs({ maxParallel: 1 }).add();
    const controller = new AbortController();
    void http.get('hanging');
    const waiting = http.get('given up', { signal: controller.signal });
    const after = http.get('after');
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CT_ABORTED' });
    held.answer('hanging');
    await settled();
    held.answer('after');
    expect(String(await after)).toBe('after');
    void http.get('later');
    await settled();
    expect([...held.asked.keys()]).toEqual(['hanging', 'after', 'later']);
  });

  it('sends nothing for an aborted request', async () => {
    const { scheduler, add } = logs();
    const { held, http } = add();
    const aborted = { signal: AbortSignal.abort() };
    await expect(http.get('a', aborted)).rejects.toMatchObject({ code: 'CT_ABORTED' });
    await expect(http.get('b', { ...aborted, isHead: true })).rejects.toMatchObject({ code: 'CT_ABORTED' });
    expect(await http.range(range, aborted.signal)).toBeUndefined();
    expect([held.asked.size, scheduler.waiting]).toEqual([0, 0]);
  });

  it('removes its parties from the pace of the operator when it is closed', async () => {
    const { pace, add } = logs();
    const { held, http } = add();
    const answers = [http.get('head', { isHead: true }), http.get('entries')];
    await settled();
    for (const { reject } of held.asked.values()) reject(new CtHttpStatusError('u', 429));
    for (const answer of answers) await expect(answer).rejects.toMatchObject({ code: 'CT_RATE_LIMITED' });
    expect(pace.limitedParties).toBe(2);
    http.close();
    expect(pace.limitedParties).toBe(0);
  });

  it('recognises a limit in repeated answers 503 among others, and counts every refusal of the rate', async () => {
    let limited = 0;
    const { clock, add } = logs();
    const { held, http } = add(() => limited++);
    const refuse = async (url: string, status: number) => {
      const answer = http.get(url);
      await clock.runUntil(clock.now() + 5000);
      held.asked.get(url)?.reject(new CtHttpStatusError(url, status));
      return answer.catch(({ code }: CtHttpStatusError) => code);
    };
    const served = async (url: string) => {
      const answer = http.get(url, { isHead: true });
      await clock.runUntil(clock.now() + 5000);
      held.answer(url);
      await answer;
    };
    await served('head');
    expect(await refuse('tile 1', 503)).toBe('CT_HTTP_STATUS');
    await served('head');
    expect(await refuse('tile 1', 503)).toBe('CT_HTTP_STATUS');
    await served('head');
    expect(await refuse('tile 2', 503)).toBe('CT_RATE_LIMITED');
    expect(await refuse('issuer', 420)).toBe('CT_RATE_LIMITED');
    expect(await refuse('proof', 500)).toBe('CT_HTTP_STATUS');
    expect(limited).toBe(2);
  });

  it('obeys a long Retry-After of its log in full; other logs of the operator wait one minute', async () => {
    const { clock, add } = logs();
    const [{ held, http }, sibling] = [add(), add()];
    const refused = http.get('refused');
    await settled();
    held.asked.get('refused')?.reject(new CtHttpStatusError('u', 429, 600_000));
    await expect(refused).rejects.toMatchObject({ code: 'CT_RATE_LIMITED' });
    void http.get('own');
    void http.get('own head', { isHead: true });
    const ownRange = http.range(range, signal);
    void sibling.http.get('sibling');
    await clock.runUntil(59_000);
    expect([held.asked.size, sibling.held.asked.size]).toEqual([1, 0]);
    await clock.runUntil(80_000);
    expect([held.asked.size, sibling.held.asked.size]).toEqual([1, 1]);
    await clock.runUntil(599_000);
    expect([held.asked.size, http.used.entries]).toEqual([1, 0]);
    await clock.runUntil(700_000);
    expect([...held.asked.keys()].sort()).toEqual(['own', 'own head', 'refused']);
    expect(await ownRange).toBeDefined();
  });

  it('admits one range at a time, and the next one when it has arrived', async () => {
    const { held, http } = logs({ maxParallel: 1 }).add();
    const first = await http.range(range, signal);
    const second = http.range(range, signal);
    const body = http.get('a');
    await settled();
    expect([...held.asked.keys()]).toEqual(['a']);
    held.answer('a');
    await body;
    expect([first?.arrived(1), http.used.entries]).toEqual([true, 2]);
    (await second)?.release();
    first?.release();
    expect(http.used).toEqual({ entries: 0, bytes: 0 });
    void http.get('b');
    void http.get('c');
    await settled();
    expect([...held.asked.keys()]).toEqual(['a', 'b']);
  });

  it('reserves the connection of a range for its further requests, until the range has arrived', async () => {
    const { clock, add } = logs({ connections: 1 });
    const [one, other] = [add(), add()];
    const own = await one.http.range(range, signal);
    const others = [other.http.range(range, signal), other.http.range(range, signal)];
    const tile = one.http.get('tile');
    const issuers = [one.http.get('issuer'), one.http.get('another issuer')];
    await settled();
    for (const url of ['tile', 'issuer', 'another issuer']) {
      expect([...one.held.asked.keys()].at(-1)).toBe(url);
      one.held.answer(url);
      await clock.runUntil(clock.now() + 1000);
    }
    await Promise.all([tile, ...issuers]);
    own?.arrived(1);
    expect(await others[0]).toBeDefined();
  });

  it('charges the bytes of an answer to the range with the same signal, while the range is under way', async () => {
    const { held, http } = logs().add();
    const { signal: own } = new AbortController();
    const grant = await http.range({ ...range, load: { entries: 1, bytes: 100 } }, own);
    void http.get('page', { signal: own });
    void http.get('proof', { signal });
    await settled();
    expect(held.asked.get('proof')?.onBytes).toBeUndefined();
    expect(held.asked.get('page')?.onBytes?.(150)).toBe(true);
    expect(http.used.bytes).toBe(150);
    grant?.release();
    expect(held.asked.get('page')?.onBytes?.(150)).toBe(false);
    void http.get('later', { signal: own });
    await settled();
    expect(held.asked.get('later')?.onBytes).toBeUndefined();
  });

  it('releases the connection of an aborted range after the request that uses it', async () => {
    const { held, http } = logs({ connections: 1, maxParallel: 1 }).add();
    const own = await http.range(range, signal);
    const proof = http.get('proof');
    await settled();
    own?.release();
    own?.release();
    const next = http.range(range, signal);
    void http.get('page');
    await settled();
    expect([...held.asked.keys()]).toEqual(['proof']);
    held.answer('proof');
    await proof;
    await settled();
    expect([...held.asked.keys()]).toEqual(['proof', 'page']);
    expect((await next)?.arrived(1)).toBe(true);
  });

  it('holds nothing for a range that is aborted at any moment', async () => {
    for (let moment = 0; moment < 10; moment++) {
      const { held, http } = logs({ connections: 1, maxParallel: 1 }).add();
      const controller = new AbortController();
      const first = await http.range(range, signal);
      const second = http.range(range, controller.signal);
      first?.release();
      for (let turns = 0; turns < moment; turns++) await Promise.resolve();
      controller.abort();
      (await second)?.release();
      expect(http.used).toEqual({ entries: 0, bytes: 0 });
      void http.get('a');
      await settled();
      expect([...held.asked.keys()]).toEqual(['a']);
    }
  });

  it('ends a range at once that is aborted in the pause that its log requested', async () => {
    const { clock, scheduler, pace, add } = logs({ connections: 1, maxParallel: 1 });
    const { held, http } = add();
    const controller = new AbortController();
    const first = await http.range(range, signal);
    const second = http.range(range, controller.signal);
    pace.limited({ isHead: false }, 60_000);
    first?.release();
    controller.abort();
    await settled();
    expect([scheduler.waiting, http.used.entries]).toEqual([0, 0]);
    expect(await second).toBeUndefined();
    void http.get('a');
    await clock.runUntil(80_000);
    expect([...held.asked.keys()]).toEqual(['a']);
  });

  it('leaves half of the free connections of the host to other logs', async () => {
    const scheduler = requestScheduler(undefined, { connectionsPerHost: 16, maxParallel: 64 });
    const taken: number[] = [];
    for (let i = 0; i < 6; i++) {
      const held = new HeldHttp();
      const http = logRequests({ http: held, scheduler });
      for (let n = 0; n < 10; n++) void http.get(`${n}`);
      await settled();
      taken.push(held.asked.size);
    }
    expect(taken).toEqual([8, 4, 2, 1, 1, 1]);
  });

  it('holds no connection during the pause that the log requested', async () => {
    const { add, clock } = logs({ connections: 1 });
    const [one, other] = [add(), add()];
    const refused = one.http.get('refused');
    await settled();
    one.held.asked.get('refused')?.reject(new CtHttpStatusError('u', 429, 600_000));
    await expect(refused).rejects.toMatchObject({ code: 'CT_RATE_LIMITED' });
    void one.http.get('later');
    void one.http.range(range, signal);
    for (const url of ['now', 'then']) void other.http.get(url);
    await clock.runUntil(100_000);
    expect([...other.held.asked.keys()]).toEqual(['now']);
    other.held.answer('now');
    await clock.runUntil(101_000);
    expect([...other.held.asked.keys()]).toEqual(['now', 'then']);
  });

  it('passes a released connection to another log of the host', async () => {
    const { add } = logs({ connections: 2 });
    const [one, other] = [add(), add()];
    const body = one.http.get('a');
    void other.http.get('b');
    void other.http.get('c');
    await settled();
    expect([one.held.asked.size, other.held.asked.size]).toEqual([1, 1]);
    one.held.answer('a');
    await body;
    other.held.answer('b');
    await settled();
    expect([...other.held.asked.keys()]).toEqual(['b', 'c']);
  });
});
