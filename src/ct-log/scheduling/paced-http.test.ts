import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';
import type { CtHttp } from '../client/http/ct-http.js';
import { HostConnections } from './host-connections.js';
import { OperatorPacer } from './operator-pacer.js';
import { PacedHttp } from './paced-http.js';

/** Answers when the test says so. */
class HeldHttp implements CtHttp {
  readonly asked = new Map<string, { resolve: (body: Buffer) => void; reject: (error: Error) => void }>();

  get(url: string): Promise<Buffer> {
    return new Promise((resolve, reject) => this.asked.set(url, { resolve, reject }));
  }

  async read<T>(url: string, _request: object, use: (body: Buffer) => T): Promise<T> {
    return use(await this.get(url));
  }

  answer(url: string): void {
    this.asked.get(url)?.resolve(Buffer.from(url));
  }
}

function paced(maxParallel: number, connections = new HostConnections(16)) {
  const clock = new VirtualClock();
  const pacer = new OperatorPacer(clock, 200);
  const held = new HeldHttp();
  const http = new PacedHttp(held, { pacer, connections, maxParallel, reuseConnections: true, clock });
  return { clock, pacer, held, http };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('PacedHttp', () => {
  it('lets few requests of a log be under way, and its heads always', async () => {
    const { held, http } = paced(2);
    const bodies = ['a', 'b', 'c', 'd'].map((url) => http.get(url));
    void http.get('head', { isHead: true });
    await turn();
    expect([...held.asked.keys()].sort()).toEqual(['a', 'b', 'head']);
    held.answer('b');
    await turn();
    expect([...held.asked.keys()].sort()).toEqual(['a', 'b', 'c', 'head']);
    held.answer('a');
    held.answer('c');
    await turn();
    held.answer('d');
    expect((await Promise.all(bodies)).map(String)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('ends a request that waits for others as soon as it is given up, and keeps no place for it', async () => {
    const { held, http } = paced(1);
    const controller = new AbortController();
    void http.get('hanging');
    const waiting = http.get('given up', { signal: controller.signal });
    const behind = http.get('behind');
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CT_ABORTED' });
    held.answer('hanging');
    await turn();
    held.answer('behind');
    expect(String(await behind)).toBe('behind');
    void http.get('later');
    await turn();
    expect([...held.asked.keys()]).toEqual(['hanging', 'behind', 'later']);
  });

  it('asks nothing for somebody who has given up already', async () => {
    const { held, http, pacer } = paced(1);
    const signal = AbortSignal.abort();
    await expect(http.get('a', { signal })).rejects.toMatchObject({ code: 'CT_ABORTED' });
    await expect(http.get('b', { signal, isHead: true })).rejects.toMatchObject({ code: 'CT_ABORTED' });
    expect([held.asked.size, pacer.waiting]).toEqual([0, 0]);
  });

  it('leaves nothing behind in the pacer when its log is not asked any more', async () => {
    const { held, http, pacer } = paced(1);
    const answers = [http.get('head', { isHead: true }), http.get('entries')];
    await turn();
    for (const { reject } of held.asked.values()) reject(new CtHttpStatusError('u', 429));
    for (const answer of answers) await expect(answer).rejects.toMatchObject({ code: 'CT_RATE_LIMITED' });
    expect(pacer.limitedParties).toBe(2);
    http.close();
    expect(pacer.limitedParties).toBe(0);
  });

  it('obeys a long Retry-After of its log in full, which its siblings do only for a minute', async () => {
    const { clock, pacer, held, http } = paced(2);
    const sibling = new PacedHttp(held, {
      pacer,
      connections: new HostConnections(16),
      maxParallel: 2,
      reuseConnections: true,
      clock,
    });
    const refused = http.get('refused');
    await turn();
    held.asked.get('refused')?.reject(new CtHttpStatusError('u', 429, 600_000));
    await expect(refused).rejects.toMatchObject({ code: 'CT_RATE_LIMITED' });
    void http.get('own');
    void http.get('own head', { isHead: true });
    void sibling.get('sibling');
    await clock.runUntil(59_000);
    expect([...held.asked.keys()]).toEqual(['refused']);
    await clock.runUntil(80_000);
    expect([...held.asked.keys()]).toEqual(['refused', 'sibling']);
    await clock.runUntil(599_000);
    expect(held.asked.size).toBe(2);
    await clock.runUntil(700_000);
    expect([...held.asked.keys()].sort()).toEqual(['own', 'own head', 'refused', 'sibling']);
  });

  it('gives the right to one request beforehand, and takes it back when it was not used', async () => {
    const { held, http } = paced(1);
    const { signal } = new AbortController();
    const first = await http.turn(signal);
    const second = http.turn(signal);
    const body = http.get('a');
    await turn();
    expect([...held.asked.keys()]).toEqual(['a']);
    held.answer('a');
    await body;
    first?.end();
    (await second)?.end();
    void http.get('b');
    void http.get('c');
    await turn();
    expect([...held.asked.keys()]).toEqual(['a', 'b']);
  });

  it('keeps the connection of a turn for what is asked besides, until the turn ends', async () => {
    const connections = new HostConnections(1);
    const [one, other] = [paced(4, connections), paced(4, connections)];
    const { signal } = new AbortController();
    const own = await one.http.turn(signal);
    const othersTurn = other.http.turn(signal);
    const tile = one.http.get('tile');
    const issuers = [one.http.get('issuer'), one.http.get('another issuer')];
    await turn();
    for (const url of ['tile', 'issuer', 'another issuer']) {
      expect([...one.held.asked.keys()].at(-1)).toBe(url);
      one.held.answer(url);
      await one.clock.runUntil(one.clock.now() + 1000);
    }
    await Promise.all([tile, ...issuers]);
    own?.end();
    expect(await othersTurn).toBeDefined();
  });

  it('leaves the connection of a paused turn to others, and waits for the pace only once', async () => {
    const connections = new HostConnections(1);
    const [one, other] = [paced(4, connections), paced(4, connections)];
    const { signal } = new AbortController();
    const own = await one.http.turn(signal);
    own?.pause();
    one.pacer.limited({ isHead: false }, 60_000);
    void other.http.get('first');
    await turn();
    const resumed = own?.resume(signal);
    const behind = other.http.turn(signal);
    await turn();
    expect([...other.held.asked.keys()]).toEqual(['first']);
    other.held.answer('first');
    expect(await resumed).toBe(true);
    const page = one.http.get('page');
    await turn();
    expect([...one.held.asked.keys()]).toEqual(['page']);
    one.held.answer('page');
    await page;
    own?.end();
    expect(await behind).toBeDefined();
  });

  it('gives back the connection of a turn that was paused while another request had it', async () => {
    const connections = new HostConnections(1);
    const { held, http } = paced(4, connections);
    const { signal } = new AbortController();
    const own = await http.turn(signal);
    const proof = http.get('proof');
    await turn();
    own?.pause();
    const resumed = own?.resume(signal);
    expect(connections.inUse).toBe(1);
    held.answer('proof');
    await proof;
    expect(await resumed).toBe(true);
    own?.end();
    own?.end();
    expect(connections.inUse).toBe(0);
  });

  it('gives no turn to who has given up, and keeps no place for it', async () => {
    const { clock, http } = paced(1);
    const controller = new AbortController();
    const first = await http.turn(controller.signal);
    const second = http.turn(controller.signal);
    controller.abort();
    expect(await second).toBeUndefined();
    first?.end();
    expect(await http.turn(AbortSignal.abort())).toBeUndefined();
    await clock.runUntil(1000);
    expect(await http.turn(new AbortController().signal)).toBeDefined();
  });

  it('keeps no place for who gives up at the moment in which a connection becomes free', async () => {
    const { clock, pacer, held, http } = paced(1);
    const controller = new AbortController();
    const first = await http.turn(new AbortController().signal);
    const second = http.turn(controller.signal);
    pacer.limited({ isHead: false }, 60_000);
    first?.end();
    controller.abort();
    await turn();
    expect(pacer.waiting).toBe(0);
    expect(await second).toBeUndefined();
    void http.get('a');
    await clock.runUntil(80_000);
    expect([...held.asked.keys()]).toEqual(['a']);
  });

  it('leaves half of the free connections of the host to other logs', async () => {
    const connections = new HostConnections(16);
    const taken: number[] = [];
    for (let log = 0; log < 6; log++) {
      const { held, http } = paced(64, connections);
      for (let n = 0; n < 10; n++) void http.get(`${n}`);
      await turn();
      taken.push(held.asked.size);
    }
    expect(taken).toEqual([8, 4, 2, 1, 1, 1]);
  });

  it('holds no connection while the log wants to be left alone', async () => {
    const connections = new HostConnections(1);
    const [one, other] = [paced(4, connections), paced(4, connections)];
    const refused = one.http.get('refused');
    await turn();
    one.held.asked.get('refused')?.reject(new CtHttpStatusError('u', 429, 600_000));
    await expect(refused).rejects.toMatchObject({ code: 'CT_RATE_LIMITED' });
    void one.http.get('later');
    void one.http.turn(new AbortController().signal);
    void other.http.get('now');
    await turn();
    expect([...other.held.asked.keys()]).toEqual(['now']);
  });

  it('hands a connection that was given back to another log of the host', async () => {
    const connections = new HostConnections(2);
    const [one, other] = [paced(4, connections), paced(4, connections)];
    const body = one.http.get('a');
    void other.http.get('b');
    void other.http.get('c');
    await turn();
    expect([one.held.asked.size, other.held.asked.size]).toEqual([1, 1]);
    one.held.answer('a');
    await body;
    other.held.answer('b');
    await turn();
    expect([...other.held.asked.keys()]).toEqual(['b', 'c']);
  });
});
