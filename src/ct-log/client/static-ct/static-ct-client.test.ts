import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointText, sha256, testKey, tileLeaf } from '../../../../test/support/ct-log-bytes.js';
import { ScriptedServer, serve } from '../../../../test/support/scripted-server.js';
import { EntryColumn } from '../../../certificate/entry-batch.js';
import { newClientCounters } from '../client-counters.js';
import { createCtLogClient } from '../create-ct-log-client.js';
import type { CtLog } from '../ct-log.js';
import { CtHttpClient } from '../http/ct-http-client.js';
import { IssuerCache } from './issuer-cache.js';

const { signal } = new AbortController();
const key = testKey();
const issuer = Buffer.from('the issuer');
const issuerPath = `/issuer/${sha256(issuer).toString('hex')}`;
let server: ScriptedServer;
let http: CtHttpClient;

beforeEach(async () => {
  server = await ScriptedServer.start(serve({}));
  http = new CtHttpClient({
    userAgent: 'test',
    timeoutMs: 300_000,
    maxResponseBytes: 1e6,
    compression: true,
  });
});
afterEach(async () => {
  await http.close();
  await server.stop();
});

function tile(index: number, width: number, chain = [issuer]): Buffer {
  const leaves = Array.from({ length: width }, (_, i) =>
    tileLeaf(index * 256 + i, { timestamp: index * 256 + i, chain }),
  );
  return Buffer.concat(leaves);
}

function checkpoint(size: number): string {
  return checkpointText('log.example.net', { size, timestamp: 5, root: Buffer.alloc(32) }, key);
}

function log(extra: Partial<CtLog> = {}): CtLog {
  const source = { name: 'T', url: server.url, operator: 'Op', type: 'tiled' as const };
  return { source, submissionUrl: 'https://log.example.net/', key: key.spki, configured: false, ...extra };
}

describe('StaticCtClient', () => {
  it('returns the checkpoint as tree head', async () => {
    server.answer = serve({ '/checkpoint': checkpoint(7) });
    expect(await createCtLogClient(log(), http).getTreeHead(signal)).toMatchObject({
      treeSize: 7,
      timestamp: 5,
    });
    const foreign = createCtLogClient(log({ key: testKey().spki }), http);
    await expect(foreign.getTreeHead(signal)).rejects.toMatchObject({ code: 'CT_TREE_HEAD_SIGNATURE' });
    const other = createCtLogClient(log({ submissionUrl: 'https://other.example.net/' }), http);
    await expect(other.getTreeHead(signal)).rejects.toMatchObject({ code: 'CT_MALFORMED_TREE_HEAD' });
  });

  it('reads full tiles, cut to the range, and the partial tile of the head', async () => {
    server.answer = serve({
      '/checkpoint': checkpoint(517),
      '/tile/data/000': gzipSync(tile(0, 256)),
      '/tile/data/001': tile(1, 256),
      '/tile/data/002.p/5': tile(2, 5),
      [issuerPath]: issuer,
    });
    const client = createCtLogClient(log(), http);
    await client.getTreeHead(signal);
    const seen: number[] = [];
    let next = 250;
    while (next < 517) {
      const batch = await client.getEntries(next, 517, 517, signal);
      expect(batch.firstIndex).toBe(next);
      seen.push(...batch.timestamps);
      next += batch.count;
      const chainStart = batch.table[EntryColumn.ChainStart];
      expect(batch.issuers?.find(batch.bytes, chainStart)).toEqual(issuer);
    }
    expect(seen).toEqual(Array.from({ length: 267 }, (_, i) => 250 + i));
    expect(server.requests).toEqual([
      '/checkpoint',
      '/tile/data/000',
      issuerPath,
      '/tile/data/001',
      '/tile/data/002.p/5',
    ]);
  });

  it('fetches a tile once for requests of small pieces', async () => {
    server.answer = serve({ '/checkpoint': checkpoint(256), '/tile/data/000': tile(0, 256, []) });
    const client = createCtLogClient(log(), http);
    await client.getTreeHead(signal);
    for (let next = 0; next < 256; next += 64) {
      expect(await client.getEntries(next, next + 64, 256, signal)).toMatchObject({
        firstIndex: next,
        count: 64,
      });
    }
    expect(server.requests).toEqual(['/checkpoint', '/tile/data/000']);
  });

  it('cuts the full tile if the partial one is gone', async () => {
    server.answer = serve({ '/checkpoint': checkpoint(3), '/tile/data/000': tile(0, 256, []) });
    const client = createCtLogClient(log(), http);
    await client.getTreeHead(signal);
    expect(await client.getEntries(1, 3, 3, signal)).toMatchObject({ firstIndex: 1, count: 2 });
    expect(server.requests).toEqual(['/checkpoint', '/tile/data/000.p/3', '/tile/data/000']);
  });

  it('requests tiles of the given tree size, even after a larger one', async () => {
    const client = createCtLogClient(log({ key: undefined }), http);
    server.answer = serve({ '/checkpoint': checkpoint(1e12) });
    await client.getTreeHead(signal);
    server.answer = serve({ '/checkpoint': checkpoint(3), '/tile/data/000.p/3': tile(0, 3, []) });
    await client.getTreeHead(signal);
    expect(await client.getEntries(0, 3, 3, signal)).toMatchObject({ count: 3 });
    expect(server.requests).toEqual(['/checkpoint', '/checkpoint', '/tile/data/000.p/3']);
  });

  it('reports a missing or damaged tile, and a tile of another index', async () => {
    const client = createCtLogClient(log(), http);
    server.answer = serve({ '/checkpoint': checkpoint(256) });
    await client.getTreeHead(signal);
    const get = (start = 0) => client.getEntries(start, 256, 256, signal);
    const whole = { to: 256, next: 'least' };
    await expect(get()).rejects.toMatchObject({ code: 'CT_HTTP_STATUS', status: 404, entries: whole });
    server.answer = serve({ '/tile/data/000': tile(0, 255, []) });
    await expect(get(255)).rejects.toMatchObject({ code: 'CT_MALFORMED_TILE', entries: whole });
    server.answer = serve({ '/tile/data/000': tile(1, 256, []) });
    await expect(get()).rejects.toMatchObject({ code: 'CT_LEAF_INDEX', entries: { to: 1, next: 'least' } });
  });

  it('reads a tile up to a malformed leaf, and after a leaf with a wrong index', async () => {
    const notes: string[] = [];
    const client = createCtLogClient(log(), http, {
      problems: {
        count: () => undefined,
        note: (code) => void notes.push(code),
        settled: () => undefined,
      },
    });
    const get = (start: number) => client.getEntries(start, 256, 256, signal);
    const leaves = Array.from({ length: 256 }, (_, i) => tileLeaf(i, { timestamp: i, chain: [] }));
    const damaged = Buffer.from(leaves[100]);
    damaged.writeUInt16BE(7, 8);
    server.answer = serve({ '/tile/data/000': Buffer.concat(leaves.toSpliced(100, 1, damaged)) });
    expect(await get(10)).toMatchObject({ firstIndex: 10, count: 90 });
    expect(notes).toEqual(['CT_MALFORMED_TILE']);
    await expect(get(100)).rejects.toMatchObject({ code: 'CT_MALFORMED_TILE', entries: { to: 256 } });
    server.answer = serve({ '/tile/data/000': Buffer.concat(leaves.toSpliced(100, 1, tileLeaf(7, {}))) });
    expect(await get(0)).toMatchObject({ firstIndex: 0, count: 100 });
    await expect(get(100)).rejects.toMatchObject({ code: 'CT_LEAF_INDEX', entries: { to: 101 } });
    expect(await get(101)).toMatchObject({ firstIndex: 101, count: 155 });
  });

  it('does not request entries beyond the tree', async () => {
    const client = createCtLogClient(log(), http);
    await expect(client.getEntries(0, 2, 1, signal)).rejects.toMatchObject({ code: 'CT_OUT_OF_RANGE' });
    expect(server.requests).toEqual([]);
  });
});

describe('issuers', () => {
  it.each([
    ['a typical tile once', 1000, 1],
    ['a huge tile with every try', 20_000, 3],
  ])('fetches %s while they are unavailable', async (_what, size, downloads) => {
    await http.close();
    http = new CtHttpClient({
      userAgent: 'test',
      timeoutMs: 300_000,
      maxResponseBytes: 1e7,
      compression: true,
    });
    const leaves = Array.from({ length: 256 }, (_, i) =>
      tileLeaf(i, { timestamp: i, certificate: Buffer.alloc(size), chain: [issuer] }),
    );
    const files = { '/tile/data/000': Buffer.concat(leaves) };
    server.answer = (request, response) => {
      if (request.url === issuerPath) response.writeHead(503).end();
      else serve(files)(request, response);
    };
    const client = createCtLogClient(log(), http, { issuerPatience: { tries: 10, minutes: 1 } });
    for (let tries = 0; tries < 3; tries++)
      await expect(client.getEntries(0, 256, 256, signal)).rejects.toMatchObject({ code: 'CT_HTTP_STATUS' });
    expect(server.requests.filter((url) => url === '/tile/data/000')).toHaveLength(downloads);
  });

  const files = { '/checkpoint': checkpoint(256), '/tile/data/000': tile(0, 256) };

  it('are shared by all logs', async () => {
    const issuers = new IssuerCache();
    server.answer = serve({ ...files, [issuerPath]: issuer });
    for (let i = 0; i < 2; i++) {
      const client = createCtLogClient(log(), http, { issuers });
      await client.getTreeHead(signal);
      await client.getEntries(0, 256, 256, signal);
    }
    expect(server.requests.filter((url) => url === issuerPath)).toHaveLength(1);
  });

  it('are left out and counted if missing or wrong, and requested again later', async () => {
    let now = 1000;
    const counters = newClientCounters();
    const client = createCtLogClient(log(), http, { counters, issuers: new IssuerCache(() => now) });
    server.answer = serve(files);
    await client.getTreeHead(signal);
    const resolve = async () => {
      const batch = await client.getEntries(0, 256, 256, signal);
      return batch.issuers?.find(batch.bytes, batch.table[EntryColumn.ChainStart]);
    };
    expect(await resolve()).toBeUndefined();
    server.answer = serve({ ...files, [issuerPath]: issuer });
    expect(await resolve()).toBeUndefined();
    expect(counters.unresolvedIssuers).toBe(2);
    now += 60_000;
    expect(await resolve()).toEqual(issuer);
    expect(counters.unresolvedIssuers).toBe(2);
    expect(server.requests.filter((url) => url === issuerPath)).toHaveLength(2);
  });

  it('are not returned with another fingerprint', async () => {
    const client = createCtLogClient(log(), http);
    server.answer = serve({ ...files, [issuerPath]: 'something else' });
    await client.getTreeHead(signal);
    const batch = await client.getEntries(0, 256, 256, signal);
    expect(batch.issuers?.find(batch.bytes, batch.table[EntryColumn.ChainStart])).toBeUndefined();
  });
});
