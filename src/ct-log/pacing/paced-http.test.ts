import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { CtHttpStatusError } from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
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

function paced(maxParallel: number) {
  const pacer = new OperatorPacer(new VirtualClock(), 200);
  const held = new HeldHttp();
  const http = new PacedHttp(held, { pacer, maxParallel, reuseConnections: true });
  return { pacer, held, http };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('PacedHttp', () => {
  it('lets few requests of a log be under way, and its heads always', async () => {
    const { held, http } = paced(2);
    const bodies = ['a', 'b', 'c', 'd'].map((url) => http.get(url));
    void http.get('head', { isHead: true });
    await turn();
    expect([...held.asked.keys()]).toEqual(['a', 'b', 'head']);
    held.answer('b');
    await turn();
    expect([...held.asked.keys()]).toEqual(['a', 'b', 'head', 'c']);
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
});
