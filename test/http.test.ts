import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { CertificateUpdate } from '../src/certificate/certificate-message.js';
import { MetricsListener } from '../src/metrics/metrics-listener.js';
import { STREAM_KINDS } from '../src/stream/subscription/stream-paths.js';
import { LogIndices } from './support/log-indices.js';
import { scrape } from './support/metrics.js';
import type { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem, type TestConfig } from '../src/testing/test-system.js';
import { statsOf } from './support/log-figures.js';

const LOGS = [
  { name: 'rfc', initialEntries: 10 },
  { name: 'tiled', protocol: 'static-ct' as const, operator: 'Other', initialEntries: 10 },
];

async function grow(system: TestSystem, indices: LogIndices, count: number): Promise<void> {
  for (const log of system.simulator.logs) {
    log.append(count);
    log.publish();
  }
  for (const log of system.simulator.logs) await indices.upTo(log.size, log);
}

async function json(
  system: TestSystem,
  path: string,
): Promise<{ status: number; type: string | null; body: unknown }> {
  const response = await system.get(path);
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
}

const JSON_TYPE = 'application/json; charset=utf-8';

const DEFAULT_PATHS = { full: '/full-stream', lite: '/', domains: '/domains-only' };
const OTHER_PATHS = { full: '/ct/full', lite: '/ct/lite', domains: '/names' };

describe.each([
  { what: 'the default paths', paths: DEFAULT_PATHS, webserver: {} },
  {
    what: 'configured paths',
    paths: OTHER_PATHS,
    webserver: { full_url: '/ct/full', lite_url: '/ct/lite', domains_only_url: '/names' },
  },
])('the examples under $what', ({ paths, webserver }) => {
  const example = (path: string) => `${path === '/' ? '' : path}/example.json`;
  let system: TestSystem;
  let readers: Record<'full' | 'lite' | 'domains', StreamReader>;

  beforeAll(async () => {
    system = await TestSystem.start({
      logs: LOGS,
      config: { webserver: { listen_addr: '127.0.0.1', ...webserver } },
    });
    readers = {
      full: await system.connect(paths.full),
      lite: await system.connect(paths.lite),
      domains: await system.connect(paths.domains),
    };
  });
  afterAll(() => system?.close());

  it('are answered with 503 and a JSON body before the first entry', async () => {
    for (const path of [...Object.values(paths).map(example), '/example.json', '/latest.json']) {
      expect(await json(system, path)).toEqual({
        status: 503,
        type: JSON_TYPE,
        body: { error: 'no entry has been received yet', code: 'API_NO_ENTRY' },
      });
    }
  });

  it('are the newest message of each stream', async () => {
    await grow(system, new LogIndices(readers.lite), 30);
    await Promise.all(
      Object.values(readers).map((reader) => reader.until(({ frames }) => frames.length === 60)),
    );
    for (const kind of STREAM_KINDS) {
      const { status, type, body } = await json(system, example(paths[kind]));
      expect({ status, type }).toEqual({ status: 200, type: JSON_TYPE });
      expect(body).toEqual(JSON.parse(readers[kind].frames.at(-1)!));
    }
    expect((await json(system, '/example.json')).body).toEqual(JSON.parse(readers.lite.frames.at(-1)!));
  });

  it('are, in latest.json, the 25 newest lite messages', async () => {
    const { status, body } = await json(system, '/latest.json');
    expect(status).toBe(200);
    expect((body as { messages: CertificateUpdate[] }).messages).toEqual(
      readers.lite.updates().slice(-25).toReversed(),
    );
  });

  it.each(['/nothing', '/full-stream/more', '/example.jso', '/metrics', '/..%2f'])(
    'answer %s with 404 and a JSON body',
    async (path) => {
      const { status, type } = await json(system, path);
      expect({ status, type }).toEqual({ status: 404, type: JSON_TYPE });
    },
  );

  it.each(['/nothing', '/full-stream/more', '/example.json', '/healthz'])(
    'answer an upgrade at %s with 404',
    async (path) => {
      const socket = new WebSocket(system.server.url.replace('http', 'ws') + path);
      socket.on('error', () => undefined);
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
      expect(response.statusCode).toBe(404);
      socket.terminate();
    },
  );
});

describe('health', () => {
  it('is live from the start, and ready only while a log is followed', async () => {
    const system = await TestSystem.prepare({ logs: LOGS });
    try {
      const status = async () => (await system.get('/readyz')).status;
      const faults = system.simulator.logs.map((log) =>
        log.faults.add({ kind: 'status', status: 503, endpoint: '*' }),
      );
      await system.startServer();
      await Promise.all(faults.map(({ fired }) => fired));
      expect(await json(system, '/healthz')).toEqual({
        status: 200,
        type: JSON_TYPE,
        body: { status: 'live' },
      });
      expect(await json(system, '/readyz')).toMatchObject({ status: 503, body: { status: 'not ready' } });
      faults[0].remove();
      await system.following(1);
      const other = system.simulator.logs[1];
      await system.eventually(() => statsOf(system, other)?.state === 'failing', 'the other log to fail');
      expect(await json(system, '/readyz')).toMatchObject({
        status: 200,
        body: {
          status: 'ready',
          logs: { following: 1, failing: 1 },
          log_list: { source: 'network', error: null },
        },
      });
      system.simulator.logs[0].faults.add({ kind: 'reset', endpoint: '*' });
      await system.eventually(async () => (await status()) === 503, 'no log to be followed');
      expect((await system.get('/healthz')).status).toBe(200);
    } finally {
      await system.close();
    }
  });
});

const WEB = { listen_addr: '127.0.0.1' };
const METRICS: readonly { where: string; config: TestConfig; url: (system: TestSystem) => string }[] = [
  {
    where: 'the port of the streams',
    config: { webserver: WEB, prometheus: { ...WEB, enabled: true } },
    url: ({ server }) => `${server.url}/metrics`,
  },
  {
    where: 'a port of their own',
    config: {
      webserver: WEB,
      prometheus: { enabled: true, metrics_url: '/numbers', listen_addr: '0.0.0.0' },
    },
    url: ({ server }) => `http://127.0.0.1:${server.app.get(MetricsListener).port}/numbers`,
  },
];

describe.each(METRICS)('metrics on $where', ({ config, url }) => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await TestSystem.start({ logs: LOGS, config });
  });
  afterAll(() => system?.close());

  it('count what was streamed', async () => {
    const clients = await Promise.all(['/', '/', '/full-stream'].map((path) => system.connect(path)));
    const indices = new LogIndices(clients[0]);
    const [rfc, tiled] = system.simulator.logs;
    rfc.faults.add({ kind: 'status', status: 429, retryAfter: 1, endpoint: 'get-entries', times: 1 });
    await grow(system, indices, 40);
    await Promise.all(clients.map((client) => client.until(({ frames }) => frames.length === 80)));
    const samples = await scrape(system, url(system));
    const labels = (log: typeof rfc, more = '') =>
      `{url="${log.url.replace(/^http:\/\/|\/$/g, '')}",operator="${log.options.operator}"${more}}`;
    for (const log of [rfc, tiled]) {
      expect(samples.get(`certs_by_log_total${labels(log)}`)).toBe(40);
      expect(samples.get(`log_tree_size_entries${labels(log)}`)).toBe(50);
      expect(samples.get(`log_next_index${labels(log)}`)).toBe(50);
      expect(samples.get(`log_lag_entries${labels(log)}`)).toBe(0);
      expect(samples.get(`log_state${labels(log, ',state="following"')}`)).toBe(1);
      expect(samples.get(`log_requests_total${labels(log)}`)).toBeGreaterThan(0);
    }
    expect(samples.get(`log_errors_total${labels(rfc, ',code="CT_RATE_LIMITED"')}`)).toBe(1);
    expect(samples.get(`log_retries_total${labels(rfc)}`)).toBe(1);
    const precerts = clients[0].updates().filter(({ data }) => data.update_type === 'PrecertLogEntry').length;
    expect(samples.get('certificates_total{type="precert"}')).toBe(precerts);
    expect(samples.get('certificates_total{type="regular"}')).toBe(80 - precerts);
    expect(samples.get('clients_total{type="lite"}')).toBe(2);
    expect(samples.get('clients_total{type="full"}')).toBe(1);
    expect(samples.get('clients_total{type="domain"}')).toBe(0);
    expect(samples.get('messages_sent_total{type="lite"}')).toBe(160);
    expect(samples.get('messages_sent_total{type="full"}')).toBe(80);
    expect(samples.get('dropped_messages_total{type="full"}')).toBe(0);
  });

  it('are at no other address', async () => {
    const elsewhere = url(system).endsWith('/numbers') ? '/numbers' : '/numbers/metrics';
    expect((await system.get(elsewhere)).status).toBe(404);
  });
});

describe('restricted metrics', () => {
  it.each([
    ['disabled', { enabled: false }, 404],
    ['behind a whitelist without the client', { enabled: true, whitelist: ['192.0.2.0/24'] }, 403],
    ['behind a whitelist with the client', { enabled: true, whitelist: ['127.0.0.0/8'] }, 200],
  ] as const)('are %s', async (_what, prometheus, status) => {
    const system = await TestSystem.start({
      config: { webserver: WEB, prometheus: { ...WEB, ...prometheus } },
    });
    try {
      expect((await system.get('/metrics')).status).toBe(status);
      expect((await system.get('/healthz')).status).toBe(200);
    } finally {
      await system.close();
    }
  });

  it('have a whitelist on their own port', async () => {
    const prometheus = { enabled: true, listen_addr: '0.0.0.0', whitelist: ['192.0.2.1'] };
    const system = await TestSystem.start({ config: { webserver: WEB, prometheus } });
    try {
      const { port } = system.server.app.get(MetricsListener);
      expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(403);
      expect((await system.get('/healthz')).status).toBe(200);
    } finally {
      await system.close();
    }
  });
});
