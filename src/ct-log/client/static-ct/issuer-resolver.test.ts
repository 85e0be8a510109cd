import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256, tileLeaf } from '../../../../test/support/ct-log-bytes.js';
import { ENTRY_COLUMNS, EntryColumn } from '../../../certificate/entry-batch.js';
import { clientServices } from '../client-services.js';
import {
  CtAbortedError,
  CtHttpStatusError,
  CtNoRoomError,
  CtTimeoutError,
  CtTooLargeError,
} from '../ct-log-error.js';
import { httpFromGet } from '../../../../test/support/http-from-get.js';
import type { CtHttp } from '../http/ct-http.js';
import { locateDataTile } from './data-tile.js';
import { IssuerResolver } from './issuer-resolver.js';

const source = { name: 'T', url: 'https://log.example.net', operator: 'Op', type: 'tiled' } as const;
const bytes = Buffer.concat(
  [0, 1, 2, 3, 4, 5].map((i) => tileLeaf(i, { timestamp: i, chain: [Buffer.from([i])] })),
);
const newBatch = () => locateDataTile(bytes, 0, 6).build({ source, firstIndex: 0, bytes, seen: 0 });

/** Requests wait for their turn until the test sends or fails them. A request ends when it is aborted. */
function waitingHttp() {
  const asked: { readonly send: () => void; readonly fail: (error: Error) => void }[] = [];
  const get: CtHttp['get'] = (url, { signal, onSent } = {}) =>
    new Promise((_resolve, reject) => {
      asked.push({ send: () => onSent?.(), fail: reject });
      signal?.addEventListener('abort', () => reject(new CtAbortedError(url)));
    });
  return { asked, http: { get, read: () => Promise.reject(new Error('not used')) } };
}

/** Answers with the issuers; tests make some of them fail. */
function issuerLog(options: { tries?: number; minutes?: number } = {}) {
  const asked: number[] = [];
  const notes: string[] = [];
  const log = { fails: (_issuer: number): Error | Buffer | undefined => undefined };
  let underWay = 0;
  let most = 0;
  const http = httpFromGet((url) => {
    most = Math.max(most, ++underWay);
    const issuer = [0, 1, 2, 3, 4, 5].find((i) => url.endsWith(sha256(Buffer.from([i])).toString('hex')))!;
    asked.push(issuer);
    const failure = log.fails(issuer);
    return Promise.resolve().then(() => {
      underWay--;
      if (failure instanceof Error) throw failure;
      return failure ?? Buffer.from([issuer]);
    });
  });
  const { tries = 3, minutes = 10 } = options;
  const services = clientServices({
    issuerPatience: { tries, minutes },
    problems: {
      count: () => undefined,
      note: (_code, message) => void notes.push(message),
      settled: () => undefined,
    },
  });
  const resolver = new IssuerResolver(source.url, http, services);
  const { signal } = new AbortController();
  /** Returns which entries have their issuer. */
  const resolve = async () => {
    const batch = newBatch();
    const issuers = await resolver.resolve(batch, signal);
    return Array.from({ length: batch.count }, (_, i) => {
      const row = i * ENTRY_COLUMNS;
      return issuers.find(batch.bytes, batch.table[row + EntryColumn.ChainStart]) !== undefined;
    });
  };
  /** Returns the most requests at a time since the last call. */
  const mostSince = () => {
    const before = most;
    most = 0;
    return before;
  };
  return { log, asked, notes, resolve, most: mostSince, counters: services.counters };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

describe(IssuerResolver.name, () => {
  it.each([
    { what: 'ten seconds if a request is under way', sent: 1, ms: 10_000 },
    { what: 'thirty seconds if no request can be sent', sent: 0, ms: 30_000 },
  ])('ends a try after $what', async ({ sent, ms }) => {
    const { asked, http } = waitingHttp();
    const services = clientServices({ issuerPatience: { tries: 2, minutes: 0 } });
    const resolver = new IssuerResolver(source.url, http, services);
    const over = vi.fn();
    const failure = resolver.resolve(newBatch(), new AbortController().signal).catch((error: unknown) => {
      over();
      return error;
    });
    for (const { send } of asked.slice(0, sent)) send();
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(over).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await failure).toMatchObject({ code: 'CT_TIMEOUT', entries: { to: 6, next: 'same' } });
    expect([asked.length, services.counters.unresolvedIssuers]).toEqual([2, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not count the time in which all its requests wait for their turn in this server', async () => {
    const { asked, http } = waitingHttp();
    const resolver = new IssuerResolver(source.url, http, clientServices({}));
    const over = vi.fn();
    const ended = resolver.resolve(newBatch(), new AbortController().signal).then(over, over);
    await vi.advanceTimersByTimeAsync(15_000);
    asked[0].send();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(over).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await ended;
    expect(over).toHaveBeenCalledOnce();
  });

  it('gives up the requests that wait for their turn when another one failed', async () => {
    const { asked, http } = waitingHttp();
    const services = clientServices({ issuerPatience: { tries: 2, minutes: 0 } });
    const resolver = new IssuerResolver(source.url, http, services);
    const failure = expect(resolver.resolve(newBatch(), new AbortController().signal)).rejects.toMatchObject({
      code: 'CT_RATE_LIMITED',
    });
    asked[0].send();
    asked[0].fail(new CtHttpStatusError('u', 429));
    await failure;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends at once when it is aborted, and leaves no timer', async () => {
    const { http } = waitingHttp();
    const resolver = new IssuerResolver(source.url, http, clientServices({}));
    const controller = new AbortController();
    const found = resolver.resolve(newBatch(), controller.signal);
    controller.abort();
    await expect(found).rejects.toMatchObject({ code: 'CT_ABORTED' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['429', new CtHttpStatusError('u', 429)],
    ['503', new CtHttpStatusError('u', 503)],
    ['500', new CtHttpStatusError('u', 500)],
    ['403', new CtHttpStatusError('u', 403)],
    ['a timeout', new CtTimeoutError('u')],
  ])('waits for an issuer that fails with %s, and requests the others once', async (_what, error) => {
    const { log, asked, resolve, counters } = issuerLog();
    log.fails = (issuer) => (issuer >= 3 ? error : undefined);
    const failure = expect.objectContaining({ code: error.code });
    await expect(resolve()).rejects.toThrow(expect.objectContaining({ entries: { to: 6, next: 'less' } }));
    await expect(resolve()).rejects.toThrow(expect.objectContaining({ entries: { to: 6, next: 'same' } }));
    await expect(resolve()).rejects.toThrow(failure);
    log.fails = () => undefined;
    expect(await resolve()).toEqual(Array(6).fill(true));
    for (const issuer of [0, 1, 2]) expect(asked.filter((each) => each === issuer)).toHaveLength(1);
    expect(counters).toMatchObject({ unresolvedIssuers: 0, incompleteChains: 0 });
  });

  it.each([
    ['is missing', new CtHttpStatusError('u', 404)],
    ['is gone', new CtHttpStatusError('u', 410)],
    ['has other bytes', Buffer.from('other')],
    ['is too large', new CtTooLargeError('u', 1)],
  ])('continues at once if an issuer %s, and requests it again a minute later', async (_what, failure) => {
    const { log, asked, notes, resolve, counters } = issuerLog();
    log.fails = (issuer) => (issuer === 2 ? failure : undefined);
    expect(await resolve()).toEqual([true, true, false, true, true, true]);
    expect(counters).toMatchObject({ unresolvedIssuers: 1, incompleteChains: 1 });
    expect(notes).toEqual([expect.stringContaining('the chains of 1 entries from 0 on end early')]);
    const { length } = asked;
    expect(await resolve()).toEqual([true, true, false, true, true, true]);
    expect(asked).toHaveLength(length);
    log.fails = () => undefined;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await resolve()).toEqual(Array(6).fill(true));
  });

  it('continues without an issuer that fails for longer than the patience, even while others are served', async () => {
    const { log, resolve } = issuerLog({ tries: 3, minutes: 10 });
    log.fails = (issuer) => (issuer === 2 ? new CtHttpStatusError('u', 500) : undefined);
    for (const _ of [1, 2, 3, 4]) await expect(resolve()).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(await resolve()).toEqual([true, true, false, true, true, true]);
    await vi.advanceTimersByTimeAsync(60_000);
    // It is requested again, but not waited for.
    expect(await resolve()).toEqual([true, true, false, true, true, true]);
  });

  it('requests an issuer that failed after all others', async () => {
    const { log, asked, resolve } = issuerLog();
    log.fails = (issuer) => (issuer === 0 ? new CtHttpStatusError('u', 500) : undefined);
    await expect(resolve()).rejects.toThrow();
    for (let tries = 0; tries < 3; tries++) await expect(resolve()).rejects.toThrow();
    // The others were served meanwhile.
    expect(new Set(asked).size).toBe(6);
    asked.length = 0;
    await expect(resolve()).rejects.toThrow();
    expect(asked).toEqual([0]);
  });

  it('requests few issuers at once until the log has served some, and after it refused one', async () => {
    const { log, resolve, most } = issuerLog();
    await resolve();
    expect(most()).toBe(4);
    const refusing = issuerLog();
    refusing.log.fails = (issuer) => (issuer >= 2 ? new CtHttpStatusError('u', 429) : undefined);
    await expect(refusing.resolve()).rejects.toThrow();
    refusing.log.fails = log.fails;
    refusing.most();
    await expect(refusing.resolve()).resolves.toHaveLength(6);
    expect(refusing.most()).toBeLessThan(4);
  });

  it('does not give up an issuer for lack of room in this server', async () => {
    const { log, resolve } = issuerLog({ tries: 1, minutes: 0 });
    log.fails = () => new CtNoRoomError('u');
    for (let tries = 0; tries < 5; tries++)
      await expect(resolve()).rejects.toMatchObject({ code: 'CT_NO_ROOM' });
    log.fails = () => undefined;
    expect(await resolve()).toEqual(Array(6).fill(true));
  });

  it('waits once, and not for each issuer, if the log serves no issuer at all', async () => {
    const { log, resolve } = issuerLog({ tries: 3, minutes: 10 });
    log.fails = () => new CtHttpStatusError('u', 500);
    for (const _ of [1, 2, 3]) await expect(resolve()).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(await resolve()).toEqual(Array(6).fill(false));
  });
});

describe('IssuerResolver, of a tile with more issuers than are kept', () => {
  it('continues without the issuers beyond the limit, and stops requesting them', async () => {
    const issuers = Array.from({ length: 600 }, (_, i) => {
      const der = Buffer.alloc(64 * 1024);
      der.writeUInt16BE(i);
      return der;
    });
    const byHex = new Map(issuers.map((der) => [sha256(der).toString('hex'), der]));
    let asked = 0;
    const http = httpFromGet((url) => {
      // Each try fetches a hundred of them.
      if (++asked % 100 === 0) return Promise.reject(new CtHttpStatusError(url, 429));
      return Promise.resolve(byHex.get(url.slice(-64))!);
    });
    const leaves = Buffer.concat(
      Array.from({ length: 200 }, (_, i) =>
        tileLeaf(i, { timestamp: i, chain: issuers.slice(3 * i, 3 * i + 3) }),
      ),
    );
    const resolver = new IssuerResolver(
      source.url,
      http,
      clientServices({ issuerPatience: { tries: 10, minutes: 15 } }),
    );
    const { signal } = new AbortController();
    const isResolved = async () => {
      const batch = locateDataTile(leaves, 0, 200).build({ source, firstIndex: 0, bytes: leaves, seen: 0 });
      return resolver.resolve(batch, signal).then(
        (found) => found.bytes,
        () => undefined,
      );
    };
    let found: number | undefined;
    for (let tries = 0; tries < 60 && found === undefined; tries++) found = await isResolved();
    expect(found).toBeGreaterThan(0);
    expect(asked).toBeLessThan(200);
  });
});
