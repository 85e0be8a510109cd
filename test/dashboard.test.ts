import { once } from 'node:events';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
} from '@nestjs/common';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { DashboardData } from '../src/dashboard/dashboard-data.js';
import { ServerSamples } from '../src/dashboard/figures/server-samples.js';
import { CertstreamModule } from '../src/public-api.js';
import { PeriodicWork } from '../src/schedule/periodic-work.js';
import { type TestConfig, TestSystem } from '../src/testing/test-system.js';
import { config, hostModule, portOf, started, statusOf, TOKEN } from './support/host-app.js';

const CHROMIUM =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let system: TestSystem;

/** Sends a request whose path is not normalized. `Accept` is what curl sends, unless `headers` say otherwise. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(system.url);
  const sent = { accept: '*/*', ...headers };
  const request = httpRequest({ hostname, port, path, method, headers: sent, agent: false });
  const answered = once(request, 'response');
  request.end();
  const [response] = (await answered) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}

const html = (headers: Record<string, string> = {}) => ({ accept: CHROMIUM, ...headers });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const start = async (sections: TestConfig): Promise<void> => {
  system = await TestSystem.start({ logs: [{ name: 'log', initialEntries: 10 }], config: sections });
  // The tests take the samples.
  system.server.app.get(PeriodicWork).cancel('dashboard');
};
const sample = (): ServerSamples => {
  const samples = system.server.app.get(ServerSamples);
  // Every third sample includes the logs.
  for (let i = 0; i < 3; i++) samples.sample();
  return samples;
};

/** Returns the paths of the assets that the page names. */
async function assetsOfPage(): Promise<string[]> {
  const { body } = await ask('/', html());
  return [...body.toString().matchAll(/(?:src|href)="(\/dashboard\/assets\/[^"]+)"/g)].map(
    ([, path]) => path,
  );
}

const dataOf = async (query = '', headers: Record<string, string> = {}): Promise<DashboardData> => {
  const { status, body } = await ask(`/dashboard/data.json${query}`, headers);
  expect(status).toBe(200);
  return JSON.parse(body.toString()) as DashboardData;
};

describe('the dashboard', () => {
  beforeAll(() => start({}));
  afterAll(() => system?.close());

  it('is the answer to browsers at the path of a stream, and changes nothing for other clients', async () => {
    const page = await ask('/', html());
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.body.toString()).toMatch(/^<!doctype html>/i);
    for (const accept of ['*/*', 'application/json', 'text/event-stream', 'text/plain, */*', ''])
      expect(await ask('/', { accept }), accept).toMatchObject({
        status: 426,
        headers: { upgrade: 'websocket', 'content-type': 'application/json; charset=utf-8' },
      });
    expect((await ask('/', {}, 'HEAD')).status).toBe(200);
    const head = await ask('/', html(), 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(head.headers['content-length']).toBe(page.headers['content-length']);
    for (const path of ['/full-stream', '/domains-only']) expect((await ask(path, html())).status).toBe(426);
    for (const path of ['/logs', '/api/stats', '/example.json'])
      expect((await ask(path, html())).headers['content-type']).toMatch(/^application\/json/);
    expect((await ask('/', html(), 'POST')).status).toBe(405);
    expect((await ask('/?format=nonsense', html())).status).toBe(200);
    expect((await ask('/?format=nonsense')).status).toBe(400);
  });

  it('does not stand in the way of streams, whatever their clients accept', async () => {
    for (const accept of [CHROMIUM, 'text/html', '*/*']) {
      const socket = new WebSocket(system.url.replace('http', 'ws'), { headers: { accept } });
      await once(socket, 'open');
      socket.terminate();
    }
    const { hostname, port } = new URL(system.url);
    const events = httpRequest({ hostname, port, path: '/sse', headers: html(), agent: false });
    const answered = once(events, 'response');
    events.end();
    const [response] = (await answered) as [IncomingMessage];
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    response.on('error', () => undefined).destroy();
  });

  it('reads hostile values of Accept', async () => {
    for (const [accept, status] of [
      ['text/html;q=0', 426],
      ['text/html;q=nonsense', 426],
      ['text/*', 426],
      ['application/json, text/html', 426],
      [',,,;;;q=;=,/', 426],
      ['text/html'.repeat(1000), 426],
      [`${'a/b;q=0.1,'.repeat(1200)}text/html`, 200],
      ['constructor, __proto__;q=1, text/html', 200],
    ] as const)
      expect([accept.slice(0, 40), (await ask('/', { accept })).status]).toEqual([
        accept.slice(0, 40),
        status,
      ]);
  });

  it('consists of the page and assets that a browser may keep for ever, under a strict policy', async () => {
    const page = await ask('/', html());
    expect(page.headers).toMatchObject({ ...PAGE_HEADERS, 'cache-control': 'no-cache' });
    expect(page.headers.vary?.split(', ').sort()).toEqual(['Accept', 'Accept-Encoding']);
    const text = page.body.toString();
    expect(text).not.toMatch(/<style|style=|\son\w+=|javascript:|https?:\/\/(?!www\.w3\.org\/2000\/svg)/i);
    expect([...text.matchAll(/<script[^>]*>([^<]*)/g)].map(([, inline]) => inline.trim())).toEqual(['']);
    const assets = await assetsOfPage();
    expect(assets.length).toBeGreaterThanOrEqual(2);
    for (const path of assets) {
      const plain = await ask(path);
      expect([path, plain.status]).toEqual([path, 200]);
      expect(plain.headers['content-type']).toMatch(/^text\/(javascript|css); charset=utf-8$/);
      expect(plain.headers).toMatchObject({
        ...PAGE_HEADERS,
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'Accept-Encoding',
      });
      const br = await ask(path, { 'accept-encoding': 'gzip, deflate, br' });
      const gzip = await ask(path, { 'accept-encoding': 'gzip, br;q=0' });
      expect([br, gzip].map(({ headers }) => headers['content-encoding'])).toEqual(['br', 'gzip']);
      expect(brotliDecompressSync(br.body).equals(plain.body)).toBe(true);
      expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
      const tags = [plain, br, gzip].map(({ headers }) => headers.etag);
      expect(new Set(tags).size).toBe(3);
      for (const [i, coding] of ['identity', 'br', 'gzip'].entries()) {
        const known = await ask(path, { 'accept-encoding': coding, 'if-none-match': `"x", W/${tags[i]}` });
        expect([known.status, known.body.length, known.headers.etag]).toEqual([304, 0, tags[i]]);
      }
    }
  });

  it.each([
    '/dashboard/assets/',
    '/dashboard/assets/nothing.js',
    '/dashboard/assets/..',
    '/dashboard/assets/../index.html',
    '/dashboard/assets/../../../package.json',
    '/dashboard/assets/..%2findex.html',
    '/dashboard/assets/..%2f..%2f..%2fpackage.json',
    '/dashboard/assets/%2e%2e/%2e%2e/package.json',
    '/dashboard/assets/..%5c..%5cpackage.json',
    '/dashboard/assets/%00',
    '/dashboard/assets/index.html',
    '/dashboard/assets//etc/passwd',
    '/dashboard/assets/%2fetc%2fpasswd',
    '/dashboard/assets/__proto__',
    '/dashboard/page.controller.js',
    '/dashboard/index.html',
    '/dashboard',
    '/favicon.ico',
  ])('has no file %s', async (path) => {
    const { status, headers, body } = await ask(path, html());
    expect(status).toBe(404);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(body.toString())).toHaveProperty('code');
  });

  it('has data that agree with their schema, and says what the server does', async () => {
    const log = system.simulator.log('log');
    const reader = await system.connect('/');
    log.append(40);
    log.publish();
    await reader.until(({ frames }) => frames.length >= 40);
    sample();
    const { body } = await ask('/schemas/dashboard.json');
    const { $schema: _, ...schema } = JSON.parse(body.toString()) as object & { $schema: string };
    const validate = new Ajv2020({ allErrors: true }).compile(closed(schema) as object);
    const data = await dataOf();
    expect(validate(data) ? [] : validate.errors).toEqual([]);
    expect(data).toMatchObject({
      totals: { entries: 40 },
      delay: { head_to_feed: { count: 40 } },
      process: { cpu: expect.any(Number) as number, memory: { rss_bytes: expect.any(Number) as number } },
      logs: [
        {
          url: log.url.replace(/\/$/, ''),
          state: 'following',
          verdict: { level: 'good', code: 'keeping_up', text: 'keeping up' },
          tree_size: 50,
          streamed_index: 50,
          lag: 0,
        },
      ],
      slowest_clients: [],
      outputs: [],
    });
    expect(data.streams.map(({ stream, websocket_clients }) => [stream, websocket_clients])).toEqual([
      ['full', 0],
      ['lite', 1],
      ['domains', 0],
    ]);
    const { server, logs } = data.history;
    const lengths = Object.values(server).flatMap((values) => (Array.isArray(values) ? [values.length] : []));
    expect(new Set(lengths)).toEqual(new Set([server.times_ms.length]));
    expect(server.times_ms.length).toBeGreaterThan(0);
    expect(logs.of[data.logs[0].url]).toEqual({
      tree_size: expect.arrayContaining([50]) as number[],
      streamed_index: expect.arrayContaining([50]) as number[],
    });
    const { logs: reports } = JSON.parse((await ask('/logs')).body.toString()) as { logs: object[] };
    expect(reports[0]).toMatchObject({ verdict: data.logs[0].verdict, catch_up_seconds: null });
  });

  it('has samples that a page can ask for since its last one', async () => {
    const samples = sample();
    const before = (await dataOf()).history.server.times_ms;
    const last = before.at(-1)!;
    expect((await dataOf(`?since=${last}`)).history.server.times_ms).toEqual([]);
    samples.sample();
    const { server } = (await dataOf(`?since=${last}`)).history;
    expect(server.times_ms).toHaveLength(1);
    expect(server.times_ms[0]).toBeGreaterThan(last);
    expect((await dataOf()).history.server.times_ms).toEqual([...before, ...server.times_ms]);
    for (const since of ['-1', '1e3', 'NaN', '', '0&since=1', '9'.repeat(17)])
      expect([since, (await ask(`/dashboard/data.json?since=${since}`)).status]).toEqual([since, 400]);
    const packed = await ask('/dashboard/data.json', { 'accept-encoding': 'gzip, br' });
    expect(JSON.parse(gunzipSync(packed.body).toString())).toHaveProperty('version');
  });

  it('keeps the samples of one hour', async () => {
    const samples = system.server.app.get(ServerSamples);
    for (let i = 0; i < 500; i++) samples.sample();
    const { server, logs } = (await dataOf()).history;
    expect(server.times_ms).toHaveLength(3_600_000 / server.interval_ms);
    expect(logs.times_ms).toHaveLength(3_600_000 / logs.interval_ms);
  });

  it('tells the page what it needs before it can ask for a token', async () => {
    const { status, body, headers } = await ask('/dashboard/config.json');
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(JSON.parse(body.toString())).toEqual({
      streams: { full: '/full-stream', lite: '/', domains: '/domains-only', sse: '/sse' },
      tokens_required: false,
      api: true,
    });
  });
});

/** Makes a schema refuse keys that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  if (copy['type'] === 'object' && 'properties' in copy) copy['additionalProperties'] ??= false;
  return copy;
}

describe('a dashboard with access tokens', () => {
  const [ALL, LITE, FILTERED] = ['all', 'lite', 'filtered'].map((name) => `${name}-token-0123456789`);
  beforeAll(() =>
    start({
      auth: {
        tokens: [
          { name: 'all', token: ALL },
          { name: 'lite', token: LITE, streams: ['lite'] },
          { name: 'filtered', token: FILTERED, filter: { domain: ['example.com'] } },
        ],
      },
    }),
  );
  afterAll(() => system?.close());

  it('shows the page, assets and settings to everybody, and data only with a token', async () => {
    const assets = await assetsOfPage();
    expect(assets.length).toBeGreaterThan(0);
    for (const path of ['/', ...assets, '/dashboard/config.json']) {
      expect([path, (await ask(path, html())).status]).toEqual([path, 200]);
      expect([path, (await ask(path, html(bearer('wrong-token-0123456789')))).status]).toEqual([path, 200]);
    }
    expect((await ask('/dashboard/config.json')).body.toString()).toContain('"tokens_required":true');
    for (const path of ['/dashboard/data.json', '/logs', '/full-stream', '/domains-only', '/sse'])
      expect([path, (await ask(path, html())).status]).toEqual([path, 401]);
    for (const accept of ['*/*', 'text/html;q=0']) expect((await ask('/', { accept })).status).toBe(401);
    for (const method of ['POST', 'DELETE']) expect((await ask('/', html(), method)).status).toBe(401);
    // Express does not read this form of a target as other parts of the server do.
    expect((await ask('/%2e/', html())).status).toBe(401);
  });

  it('shows tokens for a part of the entries neither the process nor the clients', async () => {
    sample();
    const all = await dataOf('', bearer(ALL));
    expect([all.process, all.slowest_clients]).toEqual([expect.any(Object), []]);
    expect(all.history.server.rss_bytes).toEqual(all.history.server.times_ms.map(() => expect.any(Number)));
    for (const token of [LITE, FILTERED]) {
      const part = await dataOf('', bearer(token));
      expect([part.process, part.slowest_clients]).toEqual([null, null]);
      for (const name of ['cpu', 'event_loop_utilization', 'rss_bytes'] as const)
        expect(new Set(part.history.server[name])).toEqual(new Set([null]));
      expect(part.logs).toHaveLength(1);
    }
  });
});

describe('the place of the dashboard', () => {
  afterEach(() => system?.close());

  it('is nowhere when it is switched off', async () => {
    await start({ webserver: { listen_addr: '127.0.0.1', dashboard: false } });
    expect((await ask('/', html())).status).toBe(426);
    for (const path of ['config.json', 'data.json', 'assets/index.js'])
      expect((await ask(`/dashboard/${path}`, html())).status).toBe(404);
    expect((await ask('/openapi.json')).body.toString()).not.toContain('/dashboard/');
  });

  it('is a path of its own if the configuration names one', async () => {
    await start({ webserver: { listen_addr: '127.0.0.1', dashboard_path: '/Look' } });
    for (const path of ['/Look', '/look/', '/look?x=1'])
      for (const headers of [{}, html()]) {
        const page = await ask(path, headers);
        expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
        expect(page.headers).toMatchObject(PAGE_HEADERS);
      }
    expect((await ask('/', html())).status).toBe(426);
  });

  it('is behind the whitelist', async () => {
    await start({ webserver: { listen_addr: '127.0.0.1', whitelist: ['192.0.2.1'] } });
    for (const path of ['/', '/dashboard/config.json', '/dashboard/data.json', '/dashboard/assets/x.js'])
      expect([path, (await ask(path, html())).status]).toEqual([path, 403]);
  });
});

describe('a dashboard in an application of others', () => {
  @Controller()
  class RootController {
    @Get()
    root(): string {
      return 'root of the host';
    }
  }

  const accept = CHROMIUM;
  const seen = async (app: INestApplication, path: string) => {
    const response = await fetch(`http://127.0.0.1:${portOf(app)}${path}`, { headers: { accept } });
    return [response.status, (await response.text()).slice(0, 15).toLowerCase()];
  };
  const PAGE = [200, '<!doctype html>'];
  const REFUSED = [401, '{"error":"an ac'];

  it('has absolute paths, and needs no token, under a prefix and with settings of the application', async () => {
    const app = await started(
      () => hostModule([CertstreamModule.forRoot(config)]),
      (host) => {
        host.setGlobalPrefix('api');
        host.enableCors();
        host.useGlobalInterceptors({ intercept: (_: ExecutionContext, next: CallHandler) => next.handle() });
      },
    );
    expect(await seen(app, '/')).toEqual(PAGE);
    expect((await seen(app, '/dashboard/config.json'))[0]).toBe(200);
    for (const path of ['/dashboard/data.json', '/api', '/api/host', '/logs'])
      expect([path, ...(await seen(app, path))]).toEqual([path, ...REFUSED]);
    expect(await statusOf(app, '/dashboard/data.json', TOKEN)).toBe(200);
    expect(await statusOf(app, '/', TOKEN)).toBe(426);
  });

  it('leaves the root page of the application alone, and closed', async () => {
    const app = await started(() => hostModule([CertstreamModule.forRoot(config)], RootController));
    expect(await seen(app, '/')).toEqual(REFUSED);
    const headers = { accept, authorization: `Bearer ${TOKEN}` };
    const page = await fetch(`http://127.0.0.1:${portOf(app)}/`, { headers });
    expect(await page.text()).toBe('root of the host');
  });

  it('shows nothing of the application without a token: then the page needs one too, or a path of its own', async () => {
    const secret = (_request: IncomingMessage, response: ServerResponse, next: () => void): void => {
      response.setHeader('X-Secret', 'of the host');
      next();
    };
    const app = await started(
      () => hostModule([CertstreamModule.forRoot(config)]),
      (host) => void host.use(secret),
    );
    expect(await seen(app, '/')).toEqual(REFUSED);
    const response = await fetch(`http://127.0.0.1:${portOf(app)}/`, {
      headers: { accept, authorization: `Bearer ${TOKEN}` },
    });
    expect([response.status, response.headers.get('x-secret')]).toEqual([200, 'of the host']);
    const webserver = { dashboard_path: '/look' };
    const other = await started(
      () => hostModule([CertstreamModule.forRoot({ auth: config.auth, webserver })]),
      (host) => void host.use(secret),
    );
    expect(await seen(other, '/look')).toEqual(PAGE);
    expect(await seen(other, '/')).toEqual(REFUSED);
  });
});
