import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
} from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CertstreamModule } from '../src/public-api.js';
import {
  ask,
  assetsOfPage,
  bearer,
  CHROMIUM,
  closeSystem,
  dataOf,
  html,
  sample,
  start,
  system,
} from './support/dashboard-system.js';
import { config, hostModule, portOf, started, statusOf, TOKEN } from './support/host-app.js';

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
      outputs: [{ name: 'soc', type: 'webhook', url: 'http://127.0.0.1:1/', allow_private_addresses: true }],
    }),
  );
  afterAll(() => closeSystem());

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

  it('shows such tokens that an output fails, and not the text of its error', async () => {
    const log = system.simulator.log('log');
    log.append(1);
    log.publish();
    const errorFor = async (token: string) => (await dataOf('', bearer(token))).outputs[0].last_error;
    await expect
      .poll(() => errorFor(ALL))
      .toMatchObject({
        message: expect.stringContaining('127.0.0.1') as string,
      });
    for (const token of [LITE, FILTERED])
      await expect
        .poll(() => errorFor(token))
        .toEqual({ code: expect.any(String) as string, message: null, at_ms: expect.any(Number) as number });
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
