import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tileLeaf } from '../../../test/support/ct-log-bytes.js';
import { newClientCounters } from '../client-counters.js';
import { CtAbortedError } from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import { locateDataTile } from './data-tile.js';
import { IssuerCache } from './issuer-cache.js';
import { IssuerResolver } from './issuer-resolver.js';

const source = { name: 'T', url: 'https://log.example.net', operator: 'Op', type: 'tiled' } as const;
const bytes = Buffer.concat(
  [0, 1, 2, 3, 4, 5].map((i) => tileLeaf(i, { timestamp: i, chain: [Buffer.from([i])] })),
);
const batch = locateDataTile(bytes, 0, 6).build({ source, firstIndex: 0, bytes, seen: 0 });

/** Asks nobody, as while the log wants to be left alone; a request ends when it is given up. */
function quietHttp() {
  const asked: string[] = [];
  const get: CtHttp['get'] = (url, { signal } = {}) =>
    new Promise((_resolve, reject) => {
      asked.push(url);
      signal?.addEventListener('abort', () => reject(new CtAbortedError(url)));
    });
  return { asked, http: { get, read: () => Promise.reject(new Error('not used')) } };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

describe(IssuerResolver.name, () => {
  it('holds a batch back for ten seconds at most when the log cannot be asked', async () => {
    const { asked, http } = quietHttp();
    const counters = newClientCounters();
    const resolver = new IssuerResolver(source.url, http, new IssuerCache(), counters);
    let isDone = false;
    const found = resolver.resolve(batch, new AbortController().signal).finally(() => (isDone = true));
    await vi.advanceTimersByTimeAsync(9999);
    expect(isDone).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isDone).toBe(true);
    expect((await found).find(Buffer.alloc(32), 0)).toBeUndefined();
    expect([asked.length, counters.unresolvedIssuers]).toEqual([4, 6]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends at once when it is given up, and leaves no timer behind', async () => {
    const { http } = quietHttp();
    const cache = new IssuerCache();
    const resolver = new IssuerResolver(source.url, http, cache, newClientCounters());
    const controller = new AbortController();
    const found = resolver.resolve(batch, controller.signal);
    controller.abort();
    await expect(found).rejects.toMatchObject({ code: 'CT_ABORTED' });
    expect(vi.getTimerCount()).toBe(0);
  });
});
