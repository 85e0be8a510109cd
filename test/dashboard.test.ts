import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  ask,
  assetsOfPage,
  CHROMIUM,
  closeSystem,
  html,
  PAGE_HEADERS,
  start,
  system,
} from './support/dashboard-system.js';

describe('the dashboard', () => {
  beforeAll(() => start({}));
  afterAll(() => closeSystem());

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
});

describe('the place of the dashboard', () => {
  afterEach(() => closeSystem());

  it('is nowhere when it is switched off', async () => {
    await start({});
    const [asset] = await assetsOfPage();
    expect((await ask(asset)).status).toBe(200);
    await closeSystem();
    await start({ webserver: { listen_addr: '127.0.0.1', dashboard: false } });
    expect((await ask(asset)).status).toBe(404);
    expect((await ask('/', html())).status).toBe(426);
    for (const path of ['config.json', 'data.json'])
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
