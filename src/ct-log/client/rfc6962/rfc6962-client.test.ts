import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageJson, sthJson, testKey } from '../../../../test/support/ct-log-bytes.js';
import { ScriptedServer, serve } from '../../../../test/support/scripted-server.js';
import { EntryColumn, EntryProblem } from '../../../certificate/entry-batch.js';
import { createCtLogClient } from '../create-ct-log-client.js';
import type { CtLog } from '../ct-log.js';
import { CtHttpClient } from '../http/ct-http-client.js';
import { PageSize } from './page-size.js';

const { signal } = new AbortController();
const key = testKey();
const tree = { size: 100, timestamp: 1_763_795_400_000, root: Buffer.alloc(32, 1) };
let server: ScriptedServer;
let http: CtHttpClient;

beforeEach(async () => {
  server = await ScriptedServer.start(serve({}));
  http = new CtHttpClient({
    userAgent: 'test',
    timeoutMs: 300_000,
    maxResponseBytes: 1e6,
    compression: false,
  });
});
afterEach(async () => {
  await http.close();
  await server.stop();
});

function client(log: Partial<CtLog> = {}) {
  const source = { name: 'A log', url: `${server.url}/log`, operator: 'Op', type: 'rfc6962' as const };
  return createCtLogClient({ source, configured: false, ...log }, http);
}

/** Serves pages aligned at multiples of `size`, as CTFE does. */
function servePages(size: number): void {
  server.answer = (request, response) => {
    const query = new URL(request.url ?? '', server.url).searchParams;
    const start = Number(query.get('start'));
    const end = Math.min(Number(query.get('end')) + 1, start - (start % size) + size);
    response.end(pageJson(Array.from({ length: end - start }, (_, i) => ({ timestamp: start + i }))));
  };
}

describe('Rfc6962Client', () => {
  it('returns the tree head, and checks it if the key is known', async () => {
    server.answer = serve({ '/log/ct/v1/get-sth': sthJson(tree, key) });
    const head = { treeSize: 100, timestamp: tree.timestamp, rootHash: tree.root };
    expect(await client().getTreeHead(signal)).toMatchObject(head);
    expect(await client({ key: key.spki }).getTreeHead(signal)).toMatchObject(head);
    const wrong = client({ key: testKey().spki }).getTreeHead(signal);
    await expect(wrong).rejects.toMatchObject({ code: 'CT_TREE_HEAD_SIGNATURE' });
  });

  it('returns the located entries of exactly the range', async () => {
    servePages(32);
    const batch = await client().getEntries(40, 64, 100, signal);
    expect(server.requests).toEqual(['/log/ct/v1/get-entries?start=40&end=63']);
    expect(batch).toMatchObject({ firstIndex: 40, count: 24, source: { name: 'A log' } });
    expect([...batch.timestamps]).toEqual(Array.from({ length: 24 }, (_, i) => 40 + i));
    const certificate = batch.bytes.subarray(
      batch.table[EntryColumn.CertificateStart],
      batch.table[EntryColumn.CertificateEnd],
    );
    expect(certificate.toString()).toBe('certificate');
  });

  it('learns the page size and aligns its requests to it', async () => {
    servePages(32);
    const log = client();
    let next = 5;
    while (next < 200) next += (await log.getEntries(next, Math.min(next + 1000, 200), 200, signal)).count;
    expect(next).toBe(200);
    expect(log.pageSize).toBe(32);
    expect(server.requests.slice(2).map((url) => url.split('?')[1])).toEqual([
      'start=64&end=199',
      'start=96&end=127',
      'start=128&end=159',
      'start=160&end=191',
      'start=192&end=199',
    ]);
  });

  it('returns rows for malformed entries', async () => {
    server.answer = (_request, response) =>
      response.end(
        '{"entries":[{"leaf_input":"AAAA","extra_data":""},{"leaf_input":"","extra_data":"AAAA"}]}',
      );
    const { count, table } = await client().getEntries(0, 2, 2, signal);
    expect(count).toBe(2);
    expect(table[EntryColumn.Problem]).toBe(EntryProblem.MalformedLeaf);
  });

  it.each([
    ['no entries', '{"entries":[]}'],
    ['more entries than requested', pageJson([{}, {}, {}])],
    ['HTML', '<html>Just a moment</html>'],
  ])('rejects a page with %s', async (_what, body) => {
    server.answer = (_request, response) => response.end(body);
    await expect(client().getEntries(0, 2, 10, signal)).rejects.toMatchObject({ code: 'CT_MALFORMED_PAGE' });
  });

  it('does not request entries beyond the tree', async () => {
    await expect(client().getEntries(0, 11, 10, signal)).rejects.toMatchObject({ code: 'CT_OUT_OF_RANGE' });
    await expect(client().getEntries(5, 5, 10, signal)).rejects.toMatchObject({ code: 'CT_OUT_OF_RANGE' });
    expect(server.requests).toEqual([]);
  });
});

describe('PageSize', () => {
  it('does not learn from short answers at unaligned starts, of changing length, or of a log with a problem', () => {
    const page = new PageSize();
    for (const [start, got] of [
      [61, 3],
      [70, 35],
      [0, 36],
      [72, 40],
      [0, 1],
      [1, 1],
    ] as const) {
      page.observe(start, 1000, got);
    }
    expect(page.value).toBeUndefined();
    expect(page.cut(5, 1000)).toBe(1000);
  });

  it('learns from two answers of one length at aligned starts', () => {
    const page = new PageSize();
    page.observe(61, 1000, 3);
    page.observe(64, 1000, 32);
    expect(page.value).toBeUndefined();
    page.observe(96, 1000, 32);
    expect(page.value).toBe(32);
    expect(page.cut(130, 500)).toBe(160);
  });

  it('learns a larger size when an occasional larger request is served', () => {
    const page = new PageSize();
    page.observe(0, 1000, 32);
    page.observe(32, 1000, 32);
    const ends = Array.from({ length: 128 }, () => page.cut(64, 1000));
    expect(ends.filter((end) => end === 1000)).toHaveLength(2);
    page.observe(64, 936, 256);
    expect(page.value).toBe(256);
  });
});
