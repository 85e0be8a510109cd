import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateUpdate } from '../src/certificate/certificate-message.js';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import type { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem, type TestSystemOptions } from '../src/testing/test-system.js';

const LOGS: TestSystemOptions['logs'] = [
  { name: 'pages', initialEntries: 300, pageSize: 64 },
  { name: 'tiles', protocol: 'static-ct', initialEntries: 600 },
];

let system: TestSystem;
let reader: StreamReader;

async function start(options: TestSystemOptions = {}): Promise<void> {
  system = await TestSystem.start({ logs: LOGS, ...options });
  reader = await system.connect('/full-stream');
  for (const log of system.simulator.logs) {
    log.append(100);
    log.publish();
  }
  await reader.until(({ frames }) => frames.length === 200);
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  readonly body: Buffer;
  json(): Record<string, unknown>;
}

async function get(path: string, init?: RequestInit): Promise<Answer> {
  const response = await system.get(path, init);
  const body = Buffer.from(await response.arrayBuffer());
  const { status, headers } = response;
  expect(headers.get('x-content-type-options'), path).toBe('nosniff');
  expect(headers.get('cache-control'), path).toBe('no-store');
  return {
    status,
    type: headers.get('content-type'),
    headers,
    body,
    json: () => JSON.parse(body.toString()),
  };
}

/** Requests a certificate until its index is complete. */
async function getCertificate(path: string): Promise<Answer> {
  for (;;) {
    const answer = await get(path);
    if (answer.status !== 503) return answer;
    expect(answer.json()).toMatchObject({ code: 'API_INDEX_BUILDING' });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
}

const errorOf = async (path: string) => {
  const { status, json } = await get(path);
  const body = json();
  expect(Object.keys(body)).toEqual(['error', 'code']);
  return `${status} ${String(body.code)}`;
};

const logPath = (log: SimulatedLog) => encodeURIComponent(log.url.replace(/\/$/, ''));

describe.each(['memory', 'disk'])('/api/cert/{hash} with the journal in %s', (store) => {
  let path: string;
  beforeAll(async () => {
    path = mkdtempSync(join(tmpdir(), 'api-journal-'));
    await start({ config: { journal: { store, path } } });
  });
  afterAll(async () => {
    await system?.close();
    rmSync(path, { recursive: true });
  });

  it('finds every streamed certificate by SHA-256 and SHA-1, in every spelling', async () => {
    for (const { data } of reader.updates().filter((_, i) => i % 9 === 0)) {
      const { leaf_cert: leaf } = data;
      for (const hash of [leaf.sha256, leaf.sha1, leaf.fingerprint]) {
        const plain = hash.replaceAll(':', '');
        for (const text of [hash, hash.toLowerCase(), plain, plain.toLowerCase()].slice(
          0,
          (data.cert_index % 4) + 1,
        )) {
          const answer = await getCertificate(`/api/cert/${text}`);
          expect(answer.status, text).toBe(200);
          const { as_der: _der, ...shown } = leaf;
          expect(answer.json()).toMatchObject({ ...shown, sha256: leaf.sha256 });
        }
      }
    }
  }, 60_000);

  it('has the keys of certstream-server-rust', async () => {
    const [{ data }] = reader.updates().slice(-1);
    const document = (await getCertificate(`/api/cert/${data.leaf_cert.sha256}`)).json();
    const { name } = data.source;
    expect(document).toMatchObject({
      fingerprint: data.leaf_cert.fingerprint,
      sha1: data.leaf_cert.sha1,
      sha256: data.leaf_cert.sha256,
      serial_number: data.leaf_cert.serial_number,
      subject: data.leaf_cert.subject,
      issuer: data.leaf_cert.issuer,
      not_before: data.leaf_cert.not_before,
      not_after: data.leaf_cert.not_after,
      is_ca: data.leaf_cert.is_ca,
      all_domains: data.leaf_cert.all_domains,
      signature_algorithm: data.leaf_cert.signature_algorithm,
      seen: expect.any(Number) as number,
      source: name,
      cert_index: expect.any(Number) as number,
      cert_link: expect.any(String) as string,
    });
  });

  it('sends the certificate as DER, PEM and text', async () => {
    const [{ data }] = reader.updates();
    const { sha256, as_der: der = '' } = data.leaf_cert;
    const path = `/api/cert/${sha256}?format=`;
    const asDer = await getCertificate(`${path}der`);
    expect(asDer.body.toString('base64')).toBe(der);
    expect(asDer.type).toBe('application/pkix-cert');
    const asPem = await getCertificate(`${path}pem`);
    expect(new X509Certificate(asPem.body).fingerprint256).toBe(sha256);
    const asText = await getCertificate(`${path}text`);
    expect(asText.type).toBe('text/plain; charset=utf-8');
    expect(asText.body.toString()).toMatch(/^Certificate:\n/);
    expect(await errorOf(`${path}xml`)).toBe('400 API_FORMAT_UNKNOWN');
    expect(await errorOf(`${path}pem&format=der`)).toBe('400 API_FORMAT_UNKNOWN');
  });

  it('says how far back it goes when it does not know a hash', async () => {
    const answer = await getCertificate(`/api/cert/${'ab'.repeat(32)}`);
    expect(answer.status).toBe(404);
    const { error, code } = answer.json() as { error: string; code: string };
    expect(code).toBe('API_CERTIFICATE_UNKNOWN');
    const [, time] = /the journal goes back to (\S+)$/.exec(error) ?? [];
    expect(Date.parse(time)).toBeLessThanOrEqual(1000 * reader.updates()[0].data.seen + 1);
  });

  it.each([
    '',
    'zz',
    'ab'.repeat(31),
    'ab'.repeat(33),
    `${'ab:'.repeat(31)}a:b`,
    `g${'a'.repeat(63)}`,
    'a'.repeat(3000),
  ])('refuses %j, which is not a hash', async (hash) => {
    expect(await errorOf(`/api/cert/${hash}`)).toBe(hash === '' ? '404 NOT_FOUND' : '400 API_HASH_INVALID');
  });

  it('finds an entry that was streamed after the index was built', async () => {
    const [log] = system.simulator.logs;
    const before = reader.frames.length;
    log.append(1);
    log.publish();
    await reader.until(({ frames }) => frames.length > before);
    const { data } = JSON.parse(reader.frames.at(-1)!) as CertificateUpdate;
    await system.eventually(
      async () => (await get(`/api/cert/${data.leaf_cert.sha256}`)).json().cert_index === data.cert_index,
      'the new entry',
    );
  });
});

describe('/api/entries/{log}/{index}', () => {
  beforeAll(() => start());
  afterAll(() => system?.close());

  it('returns a streamed entry as the streams sent it, without a request to the log', async () => {
    const expected = reader.updates();
    const [log] = system.simulator.logs;
    await system.eventually(async () => {
      const known = log.requests.count('get-entries');
      await get(`/api/entries/${logPath(log)}/350`);
      return log.requests.count('get-entries') === known;
    }, 'the directory of the journal');
    for (const { data } of expected.filter(({ data }) => data.cert_index % 10 === 0)) {
      const answer = await get(`/api/entries/${encodeURIComponent(data.source.url)}/${data.cert_index}`);
      expect(answer.json()).toEqual({ data, message_type: 'certificate_update' });
    }
  });

  it.each([0, 1])('fetches other entries from log %d', async (which) => {
    const log = system.simulator.logs[which];
    for (const index of [0, 299]) {
      const answer = await get(`/api/entries/${logPath(log)}/${index}`);
      expect(answer.status).toBe(200);
      const { data } = answer.json() as unknown as CertificateUpdate;
      expect(data.cert_index).toBe(index);
      expect(data.leaf_cert.as_der).toBe(log.entry(index).submittedDer.toString('base64'));
      expect(data.chain?.length).toBeGreaterThan(0);
    }
  });

  it('accepts every name of a log', async () => {
    const [log] = system.simulator.logs;
    const id = createHash('sha256').update(log.key.spki).digest();
    const { source } = system.followed(log)!.log;
    const names = [
      source.url,
      `${source.url}/`,
      source.url.replace('http://', ''),
      source.name,
      source.name.toUpperCase(),
      id.toString('hex'),
      id.toString('hex').toUpperCase(),
      id.toString('base64'),
      id.toString('base64url'),
    ];
    for (const name of names) {
      const answer = await get(`/api/entries/${encodeURIComponent(name)}/350?format=domains`);
      expect(answer.json(), name).toHaveProperty('message_type', 'dns_entries');
    }
  });

  it('has the forms of the streams, PEM and DER', async () => {
    const [log] = system.simulator.logs;
    const path = `/api/entries/${logPath(log)}/10?format=`;
    const { submittedDer, domains } = log.entry(10);
    expect((await get(`${path}full`)).json()).toHaveProperty('data.chain');
    expect((await get(`${path}lite`)).json()).not.toHaveProperty('data.chain');
    expect((await get(`${path}domains`)).json().data).toEqual(expect.arrayContaining([...domains]));
    expect((await get(`${path}der`)).body.equals(submittedDer)).toBe(true);
    expect((await get(`${path}pem`)).body.toString()).toContain(submittedDer.toString('base64').slice(0, 64));
  });

  it('says with a code what is wrong', async () => {
    const [log] = system.simulator.logs;
    const path = `/api/entries/${logPath(log)}`;
    expect(await errorOf(`/api/entries/nothing/1`)).toBe('404 API_LOG_UNKNOWN');
    expect(await errorOf(`${path}/x`)).toBe('400 API_INDEX_INVALID');
    expect(await errorOf(`${path}/-1`)).toBe('400 API_INDEX_INVALID');
    expect(await errorOf(`${path}/99999999999999999999`)).toBe('400 API_INDEX_INVALID');
    expect(await errorOf(`${path}/1000000`)).toBe('404 API_ENTRY_BEYOND');
    expect(await errorOf(`${path}/1?format=text`)).toBe('400 API_FORMAT_UNKNOWN');
    const fault = log.faults.add({ kind: 'status', status: 500, endpoint: 'get-entries' });
    expect(await errorOf(`${path}/1`)).toBe('502 CT_HTTP_STATUS');
    fault.remove();
    expect((await get(`${path}/1`)).status).toBe(200);
  });

  it('fetches at most two entries for one address at a time, and gives the slots back when a client leaves', async () => {
    const [log] = system.simulator.logs;
    const path = `/api/entries/${logPath(log)}`;
    const fault = log.faults.add({ kind: 'stall', endpoint: 'get-entries' });
    const leave = new AbortController();
    const pending = [20, 21].map((index) => system.get(`${path}/${index}`, { signal: leave.signal }));
    await fault.fired;
    await system.eventually(async () => (await get(`${path}/22`)).status === 429, 'the bound');
    expect(await errorOf(`${path}/22`)).toBe('429 API_BUSY');
    leave.abort();
    await Promise.allSettled(pending);
    fault.remove();
    await system.eventually(async () => (await get(`${path}/22`)).status === 200, 'the slot');
  });
});

describe('the figures', () => {
  beforeAll(() => start());
  afterAll(() => system?.close());

  it('/api/stats has the keys of certstream-server-rust', async () => {
    const stats = (await get('/api/stats')).json();
    const number = expect.any(Number) as number;
    expect(stats).toMatchObject({
      uptime_seconds: number,
      connections: { total: 1, websocket: 1, sse: 0, full: 1, lite: 0, domains: 0 },
      throughput: {
        messages_sent: 200,
        certificates_processed: 200,
        bytes_sent: number,
        bytes_serialized: number,
      },
      memory: { cache_entries: 0, cache_capacity: number },
    });
  });

  it('/api/logs has the keys of certstream-server-rust', async () => {
    const [pages, tiles] = system.simulator.logs;
    const failing = tiles.faults.add({ kind: 'status', status: 500, endpoint: '*' });
    await system.eventually(() => system.followed(tiles)?.status.state === 'failing', 'the failure');
    const document = (await get('/api/logs')).json();
    expect(document).toMatchObject({ total_logs: 2, healthy: 1, degraded: 0, unhealthy: 1 });
    const { source } = system.followed(pages)!.log;
    expect(document.logs).toContainEqual({
      name: source.name,
      url: source.url,
      operator: source.operator,
      status: 'healthy',
      current_index: 400,
      tree_size: 400,
      total_errors: 0,
      last_success: expect.any(Number) as number,
    });
    failing.remove();
  });

  it('/stats has the keys of the CaliDog server, without addresses and headers', async () => {
    const answer = await get('/stats');
    const workers = Object.fromEntries(system.simulator.logs.map((log) => [log.url.replace(/\/$/, ''), 100]));
    expect(answer.json()).toEqual({
      processed_certificates: 200,
      current_users: { '0': { stream: 'full', messages: 200 } },
      workers,
    });
    expect(answer.body.toString()).not.toContain('"127.0.0.1:');
  });
});

describe('access to /api', () => {
  const TOKENS = {
    lite: 'a-token-of-the-lite-stream',
    domains: 'a-token-of-the-domains',
    all: 'a-token-of-all-streams',
  };
  afterAll(() => system?.close());

  it('needs a token that opens the stream with the same data', async () => {
    await system?.close();
    system = await TestSystem.start({
      logs: LOGS,
      config: {
        auth: {
          tokens: [
            { name: 'lite', token: TOKENS.lite, streams: ['lite'] },
            { name: 'domains', token: TOKENS.domains, streams: ['domains-only'] },
            { name: 'all', token: TOKENS.all },
          ],
        },
      },
    });
    const [log] = system.simulator.logs;
    const statusOf = async (path: string, token?: keyof typeof TOKENS) =>
      (await get(path, { headers: token === undefined ? {} : { Authorization: `Bearer ${TOKENS[token]}` } }))
        .status;
    const entry = `/api/entries/${logPath(log)}/1`;
    for (const path of [entry, '/api/stats', '/stats', '/api/logs', `/api/cert/${'ab'.repeat(32)}`])
      expect(await statusOf(path), path).toBe(401);
    expect(await statusOf('/health')).toBe(200);
    expect(await statusOf('/api/stats', 'domains')).toBe(200);
    for (const [form, allowed] of [
      ['full', ['all']],
      ['pem', ['all']],
      ['lite', ['all', 'lite']],
      ['domains', ['all', 'domains']],
    ] as const)
      for (const token of ['all', 'lite', 'domains'] as const)
        expect(await statusOf(`${entry}?format=${form}`, token), `${form} ${token}`).toBe(
          (allowed as readonly string[]).includes(token) ? 200 : 403,
        );
    expect(await statusOf(`/api/cert/${'ab'.repeat(32)}`, 'domains')).toBe(403);
    expect(await statusOf(`/api/cert/${'ab'.repeat(32)}?format=pem`, 'lite')).toBe(403);
  });

  it('can be switched off', async () => {
    await system.close();
    system = await TestSystem.start({ config: { webserver: { api_enabled: false } } });
    for (const path of [
      '/api/stats',
      '/api/logs',
      '/stats',
      `/api/cert/${'ab'.repeat(32)}`,
      '/api/entries/a/1',
    ])
      expect(await errorOf(path)).toBe('404 NOT_FOUND');
  });
});
