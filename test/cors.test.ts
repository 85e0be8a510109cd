import type { INestApplication } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CertstreamModule, type ConfigInput, defineConfig } from '../src/public-api.js';
import { hostModule, portOf, started, TOKEN } from './support/host-app.js';

const LISTENER = { listen_addr: '127.0.0.1', listen_port: 8080 };
const METRICS = { ...LISTENER, enabled: true };
const PAGES = [
  '/example.json',
  '/full-stream/example.json',
  '/latest.json',
  '/healthz',
  '/logs',
  '/api/stats',
];
const APP = 'https://app.example';
const OTHER = 'https://other.example';

/** Starts an application of a host with a page `/host`. */
function start(
  { webserver = {}, ...rest }: ConfigInput = {},
  prepare?: (app: INestApplication) => void,
): Promise<INestApplication> {
  const config = defineConfig({ prometheus: METRICS, ...rest, webserver: { ...LISTENER, ...webserver } });
  return started(() => hostModule([CertstreamModule.forRoot(config)]), prepare);
}

async function ask(app: INestApplication, path: string, origin: string, init: RequestInit = {}) {
  const headers = { Origin: origin, ...(init.headers as Record<string, string>) };
  const { status, headers: got } = await fetch(`http://127.0.0.1:${portOf(app)}${path}`, {
    ...init,
    headers,
  });
  const allow = (name: string) => got.get(`access-control-${name}`);
  return {
    status,
    origin: allow('allow-origin'),
    credentials: allow('allow-credentials'),
    exposed: allow('expose-headers'),
    methods: allow('allow-methods'),
    headers: allow('allow-headers'),
    vary: got.get('vary'),
  };
}

const preflight = (app: INestApplication, path: string, origin: string) =>
  ask(app, path, origin, {
    method: 'OPTIONS',
    headers: { 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization' },
  });

describe('CORS (Fetch, 3.2)', () => {
  it('lets every origin read every page without credentials by default, but not the metrics and the streams', async () => {
    const app = await start();
    for (const path of PAGES) {
      expect(await ask(app, path, OTHER), path).toMatchObject({ origin: '*', credentials: null });
      expect((await ask(app, path, OTHER)).exposed, path).toContain('X-Certstream-Cursor');
      expect(await preflight(app, path, OTHER), path).toMatchObject({
        status: 204,
        origin: '*',
        methods: 'GET, HEAD',
        headers: expect.stringContaining('Authorization') as string,
      });
    }
    for (const path of ['/metrics', '/host', '/'])
      expect(await ask(app, path, OTHER), path).toMatchObject({ origin: null, exposed: null });
  });

  it.each(['cors_origins', 'allowed_origins'])('lets only the origins of %s read', async (key) => {
    const app = await start({ webserver: { [key]: [APP, 'https://*.wild.example'] } });
    for (const path of PAGES) {
      for (const origin of [APP, 'https://a.wild.example'])
        expect(await ask(app, path, origin), path).toMatchObject({
          origin,
          credentials: 'true',
          vary: 'Origin',
        });
      expect(await ask(app, path, OTHER), path).toMatchObject({ origin: null, vary: 'Origin' });
      expect(await preflight(app, path, APP), path).toMatchObject({ status: 204, origin: APP });
      expect(await preflight(app, path, OTHER), path).toMatchObject({
        status: 204,
        origin: null,
        methods: null,
      });
    }
  });

  it('prefers cors_origins to allowed_origins', async () => {
    const app = await start({ webserver: { cors_origins: [APP], allowed_origins: [OTHER] } });
    expect(await ask(app, '/healthz', APP)).toMatchObject({ origin: APP });
    expect(await ask(app, '/healthz', OTHER)).toMatchObject({ origin: null });
  });

  it('answers a preflight request without the token, and lets the page read the refusal of the request', async () => {
    const app = await start({ auth: { tokens: [{ name: 'host', token: TOKEN }] } });
    expect(await preflight(app, '/latest.json', APP)).toMatchObject({ status: 204, origin: '*' });
    expect(await ask(app, '/latest.json', APP)).toMatchObject({ status: 401, origin: '*' });
    const headers = { Authorization: `Bearer ${TOKEN}` };
    expect(await ask(app, '/latest.json', APP, { headers })).toMatchObject({ status: 503, origin: '*' });
    expect(await preflight(app, '/host', APP)).toMatchObject({ status: 401, origin: null });
  });

  it('keeps to its own rule in a host that calls enableCors, and leaves the pages of the host to the host', async () => {
    const app = await start({ webserver: { cors_origins: [APP] } }, (host) =>
      host.enableCors({ origin: 'https://host.example', credentials: true, exposedHeaders: 'X-Host' }),
    );
    for (const path of PAGES) {
      expect(await ask(app, path, APP), path).toMatchObject({ origin: APP, vary: 'Origin' });
      expect(await ask(app, path, 'https://host.example'), path).toMatchObject({
        origin: null,
        credentials: null,
      });
      expect(await preflight(app, path, APP), path).toMatchObject({ status: 204, origin: APP });
    }
    expect(await ask(app, '/host', APP)).toMatchObject({ origin: 'https://host.example', exposed: 'X-Host' });
    expect(await preflight(app, '/host', APP)).toMatchObject({ status: 204, origin: 'https://host.example' });
  });

  it('refuses addresses that are not on the whitelist before it answers a preflight request', async () => {
    const app = await start({ webserver: { whitelist: ['192.0.2.1'] } });
    expect(await preflight(app, '/latest.json', APP)).toMatchObject({ status: 403 });
  });
});

describe('methods', () => {
  it('other than GET and HEAD get 405 on every page', async () => {
    const app = await start();
    const url = `http://127.0.0.1:${portOf(app)}`;
    for (const path of [...PAGES, '/', '/metrics', '/readyz'])
      for (const method of ['POST', 'DELETE', 'OPTIONS']) {
        const response = await fetch(url + path, { method });
        expect(response.status, `${method} ${path}`).toBe(405);
        expect(response.headers.get('allow')).toBe('GET, HEAD');
        expect(await response.json()).toEqual({ error: 'Method Not Allowed', code: 'METHOD_NOT_ALLOWED' });
      }
  });
});
