import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MetricsListener } from '../src/metrics/metrics-listener.js';
import { TestSystem } from '../src/testing/test-system.js';
import { KEY, RawClient } from './support/raw-client.js';

const APP = 'https://app.example';
/** Forwards headers; a client at another address of the loopback interface is no proxy. */
const PROXY = '127.0.0.1';
const STRANGER = '127.0.0.2';

let system: TestSystem;
let proxied: TestSystem;
beforeAll(async () => {
  const logs = [{ name: 'log' }];
  const webserver = { listen_addr: '127.0.0.1', allowed_origins: [APP] };
  const prometheus = { enabled: true, listen_addr: '127.0.0.2' };
  system = await TestSystem.start({ logs, config: { webserver, prometheus } });
  proxied = await TestSystem.start({
    logs,
    config: { webserver: { ...webserver, real_ip: true, trusted_proxies: [PROXY] } },
  });
});
afterAll(async () => {
  await system.close();
  await proxied.close();
});

/** Sends a request as it stands and returns the answer up to its body. */
async function ask(
  url: string,
  path: string,
  headers: readonly string[],
  localAddress = PROXY,
): Promise<{ status: number; text: string }> {
  const { hostname: host, port } = new URL(url);
  const client = await RawClient.connect({ host, port: Number(port), localAddress });
  client.send(`${[`GET ${path} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n`);
  await client.until(() => client.text.includes('\r\n\r\n'), 'an answer');
  if (client.status === 403) await client.until(() => client.text.includes('}'), 'the body');
  client.socket.destroy();
  return { status: client.status, text: client.text };
}

const UPGRADE = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
];

async function handshake(url: string, headers: readonly string[], localAddress?: string): Promise<number> {
  return (await ask(url, '/', [...UPGRADE, ...headers], localAddress)).status;
}

describe('with allowed_origins, a WebSocket', () => {
  it("is open to the server's own origin, as Python's websocket-client and the dashboard send it", async () => {
    const { port } = new URL(system.url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'localhost'])
      for (const scheme of ['http', 'https', 'HTTP'])
        expect(await handshake(system.url, [`Host: ${host}`, `Origin: ${scheme}://${host}`]), host).toBe(101);
    expect(await handshake(system.url, [`Host: 127.0.0.1:${port}`, `Origin: ${APP}`])).toBe(101);
  });

  it('stays closed to other origins', async () => {
    const { port } = new URL(system.url);
    const host = `Host: 127.0.0.1:${port}`;
    for (const origin of [
      'https://evil.example',
      `http://127.0.0.1:${Number(port) ^ 1}`,
      'null',
      'http://localhost',
    ])
      expect(await handshake(system.url, [host, `Origin: ${origin}`]), origin).toBe(403);
  });

  it('is open to the origin that a trusted proxy forwards, and ignores such headers of others', async () => {
    const host = 'Host: 127.0.0.1:8080';
    const origin = 'Origin: https://ct.example:8443';
    const forwarded = [
      ['X-Forwarded-Host: ct.example:8443'],
      ['X-Forwarded-Host: CT.example', 'X-Forwarded-Port: 8443'],
      ['Forwarded: for=192.0.2.1;host="ct.example:8443";proto=https'],
      ['Forwarded: for=192.0.2.1, for=192.0.2.2; Host="ct.example:8443"'],
    ];
    for (const headers of forwarded) {
      expect(await handshake(proxied.url, [host, origin, ...headers]), headers[0]).toBe(101);
      expect(await handshake(proxied.url, [host, origin, ...headers], STRANGER), headers[0]).toBe(403);
      expect(await handshake(system.url, [host, origin, ...headers]), headers[0]).toBe(403);
      // The proxy has replaced Host, so a page at that address is not a page of this server.
      expect(await handshake(proxied.url, [host, 'Origin: http://127.0.0.1:8080', ...headers])).toBe(403);
    }
    expect(await handshake(proxied.url, ['Host: ct.example', 'Origin: https://ct.example'])).toBe(101);
  });
});

describe('a page of another site whose name resolves to this machine', () => {
  it('reads no page, no stream and no metrics of a server that listens on loopback', async () => {
    const host = 'Host: evil.example:8080';
    for (const path of [
      '/',
      '/logs',
      '/healthz',
      '/example.json',
      '/sse',
      '/api/stats',
      '/dashboard/data.json',
    ]) {
      const { status, text } = await ask(system.url, path, [host]);
      expect(status, path).toBe(403);
      expect(text).toContain('"code":"HOST"');
      expect(text).toContain('webserver.allowed_hosts');
    }
    expect(await handshake(system.url, [host, 'Origin: http://evil.example:8080'])).toBe(403);
    const metrics = `http://127.0.0.2:${system.server.app.get(MetricsListener).port}`;
    expect((await ask(metrics, '/metrics', [host])).status).toBe(403);
    expect((await ask(metrics, '/metrics', ['Host: localhost:9090'])).status).toBe(200);
    expect((await ask(system.url, '/logs', ['Host: localhost'])).status).toBe(200);
  });

  it('is served after a reload that allows its name', async () => {
    const config = structuredClone(system.config());
    config.webserver.allowed_hosts = ['ct.example'];
    await system.server.reload(config);
    const metrics = `http://127.0.0.2:${system.server.app.get(MetricsListener).port}`;
    for (const [host, status] of [
      ['ct.example', 200],
      ['evil.example', 403],
    ] as const) {
      expect((await ask(system.url, '/logs', [`Host: ${host}`])).status, host).toBe(status);
      expect((await ask(metrics, '/metrics', [`Host: ${host}`])).status, host).toBe(status);
    }
  });
});

it('slashes at the beginning of a path count as one', async () => {
  const host = 'Host: localhost';
  for (const path of ['//logs', '///healthz?x=//', '//api/stats'])
    expect((await ask(system.url, path, [host])).status, path).toBe(200);
  for (const path of ['//', '//domains-only', '//full-stream/?format=go'])
    expect((await ask(system.url, path, [...UPGRADE, host])).status, path).toBe(101);
  const metrics = `http://127.0.0.2:${system.server.app.get(MetricsListener).port}`;
  expect((await ask(metrics, '//metrics', [host])).status).toBe(200);
});

it('a percent-encoding that means the same does not matter, for streams, pages and metrics', async () => {
  const host = 'Host: localhost';
  for (const path of ['/%6cogs', '/he%61lthz?x=%2D', '/%6Catest%2Ejson', '/%6Cogs?a#b'])
    expect((await ask(system.url, path, [host])).status, path).not.toBe(404);
  for (const path of ['/domains%2Donly', '/full%2dstre%61m?format=go', '/%66ull-stream/'])
    expect((await ask(system.url, path, [...UPGRADE, host])).status, path).toBe(101);
  expect((await ask(system.url, '/domains%2Fonly', [...UPGRADE, host])).status).toBe(404);
  const metrics = `http://127.0.0.2:${system.server.app.get(MetricsListener).port}`;
  expect((await ask(metrics, '/metr%69cs', [host])).status).toBe(200);
});
