import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateUpdate } from '../src/certificate/certificate-message.js';
import type { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem } from '../src/testing/test-system.js';
import { logPath } from './support/api-system.js';

const OPEN = 'open-token-0123456789';
const FILTERED = 'filtered-token-0123456789';

let system: TestSystem;
let all: readonly CertificateUpdate[];

const get = (path: string, token: string) =>
  system.get(path, { headers: { Authorization: `Bearer ${token}` } });
const isPermitted = ({ data }: CertificateUpdate): boolean => data.update_type === 'PrecertLogEntry';
const updatesOf = (reader: StreamReader) =>
  reader.updates().filter(({ message_type: type }) => type === 'certificate_update');

/** Requests a page until the index of the journal is complete. */
async function ready(path: string, token: string): Promise<Response> {
  for (;;) {
    const response = await get(path, token);
    if (response.status !== 503) return response;
    await response.body?.cancel();
  }
}

beforeAll(async () => {
  system = await TestSystem.start({
    logs: [{ name: 'log', initialEntries: 40 }],
    config: {
      auth: {
        tokens: [
          { name: 'open', token: OPEN },
          { name: 'filtered', token: FILTERED, filter: { type: 'precert' } },
        ],
      },
    },
  });
  const reader = await system.connect(`/?token=${OPEN}`);
  const log = system.simulator.log('log');
  log.append(60);
  log.publish();
  await reader.until(({ frames }) => frames.length === 60);
  all = reader.updates();
});
afterAll(() => system?.close());

describe('a client whose token has a filter', () => {
  it('gets no other certificate from /api/cert, as if it did not exist', async () => {
    const other = all.find((update) => !isPermitted(update))!.data.leaf_cert.sha256;
    const own = all.find(isPermitted)!.data.leaf_cert.sha256;
    for (const query of ['', '?format=pem', '?format=der', '?format=text']) {
      expect((await ready(`/api/cert/${own}${query}`, FILTERED)).status).toBe(200);
      expect((await ready(`/api/cert/${other}${query}`, OPEN)).status).toBe(200);
      const answer = await ready(`/api/cert/${other}${query}`, FILTERED);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toHaveProperty('code', 'API_CERTIFICATE_UNKNOWN');
    }
  });

  it('gets no other entry from /api/entries, from the journal or from the log', async () => {
    const statuses: Record<string, Set<number>> = { own: new Set(), other: new Set() };
    for (let index = 0; index < 100; index += 7) {
      const path = `/api/entries/${logPath(system.simulator.log('log'))}/${index}`;
      const update = (await (await get(path, OPEN)).json()) as CertificateUpdate;
      const answer = await get(`${path}?format=pem`, FILTERED);
      statuses[isPermitted(update) ? 'own' : 'other'].add(answer.status);
      if (answer.status === 404) expect(await answer.json()).toHaveProperty('code', 'API_ENTRY_FILTERED');
    }
    expect(statuses).toEqual({ own: new Set([200]), other: new Set([404]) });
  });

  it.each(['type=cert', 'ca=false', 'exclude_domain=nothing.invalid', ''])(
    'gets no other entry from examples and replays with %s',
    async (query) => {
      for (const path of ['/example.json', '/full-stream/example.json']) {
        const answer = await get(`${path}?${query}`, FILTERED);
        if (answer.status === 404) continue;
        expect(isPermitted((await answer.json()) as CertificateUpdate)).toBe(true);
      }
      const latest = await get(`/latest.json?${query}`, FILTERED);
      const { messages = [] } = (await latest.json()) as { messages?: CertificateUpdate[] };
      expect(messages.filter((update) => !isPermitted(update))).toEqual([]);
      const own = all.filter(isPermitted).map(({ data }) => data.cert_index);
      const expected = query === 'type=cert' ? [] : own;
      const reader = await system.connect(`/?events=1&since=-1h&${query}&token=${FILTERED}`);
      await reader.until(({ frames }) => frames.some((frame) => frame.includes('"live"')));
      expect(updatesOf(reader).map(({ data }) => data.cert_index)).toEqual(expected);
    },
  );

  it.each([
    '{"op":"subscribe"}',
    '{"op":"subscribe","filter":{"type":"cert"}}',
    '{"op":"remove","filter":{"type":"precert"}}',
  ])('gets no other entry after %s', async (request) => {
    const reader = await system.connect(`/?events=1&since=-1h&token=${FILTERED}`);
    reader.socket.send(request);
    reader.socket.send('{"op":"pause"}');
    reader.socket.send('{"op":"resume"}');
    const lives = () => reader.frames.filter((frame) => frame.includes('"message_type":"live"'));
    await reader.until(() => lives().length > 0);
    expect(updatesOf(reader).filter((update) => !isPermitted(update))).toEqual([]);
  });
});
