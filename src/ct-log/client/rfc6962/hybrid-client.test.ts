import { expect, it, vi } from 'vitest';
import { NO_PROBLEMS } from '../client-problems.js';
import { createCtLogClient } from '../create-ct-log-client.js';
import { tileLeaf } from '../../../../test/support/ct-log-bytes.js';
import { httpFromGet } from '../../../../test/support/http-from-get.js';
import { CtHttpStatusError } from '../ct-log-error.js';

const { signal } = new AbortController();
const url = 'https://log.example.net';
const log = {
  source: { name: 'A log', url, operator: 'Op', type: 'rfc6962' },
  dataTiles: true,
  configured: false,
} as const;
/** Malformed bytes count as an entry too. */
const PAGE = `{"entries":[{"leaf_input":"AAAA","extra_data":"AAAA"}]}`;

it.each([
  ['is missing', 'CT_HTTP_STATUS', () => Promise.reject(new CtHttpStatusError(url, 404))],
  ['is damaged', 'CT_MALFORMED_TILE', () => Promise.resolve(Buffer.alloc(7))],
  ['has bytes after its leaves', 'CT_MALFORMED_TILE', () => Promise.resolve(Buffer.alloc(300 * 15))],
])('fetches a page if a tile %s, and counts that', async (_, code, tile) => {
  const asked: string[] = [];
  const get = (from: string): Promise<Buffer> => {
    asked.push(from.slice(url.length));
    return from.includes('/tile/') ? tile() : Promise.resolve(Buffer.from(PAGE));
  };
  const count = vi.fn();
  const client = createCtLogClient(log, httpFromGet(get), { problems: { ...NO_PROBLEMS, count } });
  expect(await client.getEntries(256, 512, 1000, signal)).toMatchObject({
    firstIndex: 256,
    count: 1,
    encoding: 'get-entries',
  });
  expect(asked).toEqual(['/tile/data/001', '/ct/v1/get-entries?start=256&end=511']);
  expect(count.mock.calls).toEqual([[code]]);
});

it('marks the entries of a tile as data-tile, with and without issuers', async () => {
  for (const chain of [[Buffer.from('an issuer')], []]) {
    const tile = Buffer.concat(Array.from({ length: 256 }, (_, i) => tileLeaf(i, { chain })));
    const client = createCtLogClient(
      log,
      httpFromGet((from) => Promise.resolve(from.includes('/tile/') ? tile : chain[0])),
    );
    const batch = await client.getEntries(0, 256, 1000, signal);
    expect(batch).toMatchObject({ source: log.source, encoding: 'data-tile', count: 256 });
    expect(batch.issuers.size).toBe(chain.length);
  }
});

it('sends no further request when the log refuses the rate', async () => {
  const asked: string[] = [];
  const get = (from: string): Promise<Buffer> => {
    asked.push(from);
    return Promise.reject(new CtHttpStatusError(url, 429));
  };
  const refused = createCtLogClient(log, httpFromGet(get)).getEntries(256, 512, 1000, signal);
  await expect(refused).rejects.toMatchObject({ code: 'CT_RATE_LIMITED' });
  expect(asked).toHaveLength(1);
});
