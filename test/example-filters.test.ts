import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateUpdate, DnsEntries } from '../src/certificate/certificate-message.js';
import { TestSystem } from '../src/testing/test-system.js';
import type { StreamReader } from '../src/testing/stream-reader.js';

let system: TestSystem;
let reader: StreamReader;

beforeAll(async () => {
  system = await TestSystem.start({ logs: [{ name: 'log' }], config: { general: { buffer_sizes: {} } } });
  reader = await system.connect('/');
  const log = system.simulator.log('log');
  log.append(200);
  log.publish();
  await reader.until(({ frames }) => frames.length === 200);
});
afterAll(() => system?.close());

async function get(path: string) {
  const response = await system.get(path);
  const body: unknown = await response.json();
  return { status: response.status, cursor: response.headers.get('x-certstream-cursor'), body };
}

const domainsOf = ({ data }: CertificateUpdate) => data.leaf_cert.all_domains;
const isBelow = (name: string, term: string) =>
  name.replace(/^\*\./, '') === term || name.endsWith(`.${term}`);

describe('example.json and latest.json with a filter', () => {
  it('show the newest entries that match, as far as they are kept', async () => {
    const newest = reader.updates().toReversed();
    const [term] = domainsOf(newest[5]).map((name) => name.replace(/^\*\./, ''));
    const expected = newest
      .slice(0, 25)
      .filter((update) => domainsOf(update).some((name) => isBelow(name, term)));
    expect((await get(`/example.json?domain=${term}`)).body).toEqual(expected[0]);
    expect((await get(`/latest.json?domain=${term}`)).body).toEqual({ messages: expected });
    const names = (await get(`/domains-only/example.json?domain=${term}`)).body as DnsEntries;
    expect(names.data).toEqual(domainsOf(expected[0]));
  });

  it('find an older entry in the journal if no kept entry matches', async () => {
    const [oldest] = reader.updates();
    const others = new Set(reader.updates().slice(1).flatMap(domainsOf));
    const term = domainsOf(oldest).find((name) => !name.startsWith('*') && !others.has(name));
    expect(term).toBeDefined();
    const { status, body } = await get(`/full-stream/example.json?domain=${term}`);
    expect(status).toBe(200);
    expect((body as CertificateUpdate).data.cert_index).toBe(oldest.data.cert_index);
    expect(body).toHaveProperty('data.chain');
    const { messages } = (await get(`/latest.json?domain=${term}`)).body as { messages: CertificateUpdate[] };
    expect(messages.map(({ data }) => data.cert_index)).toEqual([oldest.data.cert_index]);
  });

  it('answer 404 if nothing matches, and 400 for a mistake in the filter', async () => {
    const none = await get('/example.json?domain=nothing.invalid');
    expect(none).toMatchObject({ status: 404, body: { code: 'API_NO_MATCH' } });
    expect(none.cursor).not.toBeNull();
    expect(await get('/latest.json?domain=a.com,,b.com')).toMatchObject({
      status: 400,
      body: { code: 'FILTER_EMPTY_TERM', error: expect.stringContaining('domain') as string },
    });
    expect(await get('/example.json?domian=a.com')).toMatchObject({
      status: 400,
      body: { code: 'FILTER_UNKNOWN_PARAMETER' },
    });
  });
});

describe('X-Certstream-Cursor', () => {
  it.each(['/example.json', '/latest.json', '/full-stream/example.json'])(
    'of %s is the place after the newest entry',
    async (path) => {
      const { cursor } = await get(path);
      const before = reader.frames.length;
      const log = system.simulator.log('log');
      log.append(3);
      log.publish();
      await reader.until(({ frames }) => frames.length === before + 3);
      const replay = await system.connect(`/?since=${encodeURIComponent(cursor ?? '')}`);
      await replay.until(({ frames }) => frames.length >= 3);
      expect(replay.frames).toEqual(reader.frames.slice(before));
    },
  );
});
