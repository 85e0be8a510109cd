import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { MetricsListener } from '../src/metrics/metrics-listener.js';
import { createServerCertificate } from '../src/simulator/server-certificate.js';
import { StreamClients } from '../src/stream/subscription/stream-clients.js';
import { startCli } from '../src/testing/cli-process.js';
import { StreamReader } from '../src/testing/stream-reader.js';
import { TestSystem, type TestConfig } from '../src/testing/test-system.js';

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
if (!hasIPv6) console.warn('SKIPPED the IPv6 tests of test/access.test.ts: this machine has no ::1');

let system: TestSystem;
afterEach(() => system.close());

async function start(config: TestConfig): Promise<void> {
  system = await TestSystem.start({ logs: [{ name: 'log' }], config });
}

const portOf = (url: string): string => new URL(url).port;

/** Returns the status of a plain request. */
async function status(url: string, options: RequestOptions = {}): Promise<number> {
  const request = (url.startsWith('https') ? httpsRequest : httpRequest)(url, { agent: false, ...options });
  const answered = once(request, 'response');
  request.end();
  const [response] = (await answered) as [{ statusCode: number; resume(): void }];
  response.resume();
  return response.statusCode;
}

/** Returns the status of an upgrade request, 101 on success. */
async function upgradeStatus(url: string, options: ClientOptions = {}): Promise<number> {
  const socket = new WebSocket(url.replace('http', 'ws'), options);
  socket.on('error', () => undefined);
  const answer = await Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(
      ([, response]) => (response as { statusCode: number }).statusCode,
    ),
  ]);
  socket.terminate();
  return answer;
}

/** Returns the status of a plain request and checks that an upgrade agrees with it. */
async function access(url: string, headers: Record<string, string> = {}): Promise<number> {
  const plain = await status(`${url}/healthz`, { headers });
  const upgraded = await upgradeStatus(url, { headers });
  expect({ plain, upgraded }).toEqual(plain === 200 ? { plain, upgraded: 101 } : { plain, upgraded: plain });
  return plain;
}

describe('TLS', () => {
  it('protects streams, pages and metrics, and does not answer plain HTTP', async () => {
    const { certPem, keyPem, caPem } = createServerCertificate(['localhost', '127.0.0.1']);
    system = await TestSystem.prepare({ logs: [{ name: 'log' }] });
    const files = {
      cert_path: join(system.folder, 'cert.pem'),
      cert_key_path: join(system.folder, 'key.pem'),
    };
    writeFileSync(files.cert_path, certPem);
    writeFileSync(files.cert_key_path, keyPem);
    const config = system.config();
    Object.assign(config.webserver, files);
    Object.assign(config.prometheus, { ...files, enabled: true, listen_addr: '0.0.0.0' });
    await system.startServer(config);
    await system.following();
    const { url } = system.server;
    expect(url).toMatch(/^https:/);
    expect(await status(`${url}/healthz`, { ca: caPem } as RequestOptions)).toBe(200);
    const metricsUrl = `https://127.0.0.1:${system.server.app.get(MetricsListener).port}/metrics`;
    expect(await status(metricsUrl, { ca: caPem } as RequestOptions)).toBe(200);

    const reader = await StreamReader.connect(url.replace('https', 'wss'), { ca: caPem });
    system.simulator.log('log').append(3);
    system.simulator.log('log').publish();
    await reader.until(({ frames }) => frames.length === 3);
    reader.socket.terminate();

    await expect(status(`${url}/healthz`)).rejects.toThrow(/certificate/);
    for (const secure of [url, metricsUrl]) {
      await expect(status(secure.replace('https', 'http'))).rejects.toThrow(/socket hang up|ECONNRESET/);
    }
  });

  it('ends the start with a typed error when its files are unusable', async () => {
    system = await TestSystem.prepare();
    const config = system.config();
    Object.assign(config.webserver, {
      cert_path: join(system.folder, 'none.pem'),
      cert_key_path: 'none.key',
    });
    await expect(system.startServer(config)).rejects.toMatchObject({ code: 'WEB_TLS_UNUSABLE' });
  });
});

describe('a whitelist', () => {
  it.each([
    ['no whitelist', [], 200],
    ['our address', ['192.0.2.1', '127.0.0.1'], 200],
    ['our network', ['127.0.0.0/8'], 200],
    ['our address, IPv4-mapped', ['::ffff:127.0.0.1'], 200],
    ['other addresses', ['192.0.2.1', '10.0.0.0/8', '::/0'], 403],
  ] as const)('with %s applies to requests and upgrades', async (_what, whitelist, expected) => {
    await start({ webserver: { listen_addr: '127.0.0.1', whitelist } });
    expect(await access(system.server.url)).toBe(expected);
  });

  it('ignores forwarding headers', async () => {
    await start({ webserver: { listen_addr: '127.0.0.1', whitelist: ['192.0.2.1'] } });
    for (const name of ['X-Real-IP', 'X-Forwarded-For', 'True-Client-IP', 'Forwarded']) {
      expect(await access(system.server.url, { [name]: '192.0.2.1' })).toBe(403);
    }
  });
});

describe('real_ip', () => {
  const whitelist = ['192.0.2.0/24'];
  const spoofed = { 'X-Forwarded-For': '192.0.2.1' };

  it('ignores all headers without trusted_proxies', async () => {
    await start({ webserver: { listen_addr: '127.0.0.1', real_ip: true, whitelist } });
    expect(await access(system.server.url, spoofed)).toBe(403);
  });

  it('ignores the headers of a proxy that is not trusted', async () => {
    await start({
      webserver: { listen_addr: '127.0.0.1', real_ip: true, trusted_proxies: ['192.0.2.99'], whitelist },
    });
    expect(await access(system.server.url, spoofed)).toBe(403);
  });

  it('takes the address of the client from the part of the header that a trusted proxy appended', async () => {
    const trusted_proxies = ['127.0.0.1'];
    await start({ webserver: { listen_addr: '127.0.0.1', real_ip: true, trusted_proxies, whitelist } });
    const { url } = system.server;
    expect(await access(url, spoofed)).toBe(200);
    expect(await access(url, { 'X-Real-IP': '::ffff:192.0.2.7' })).toBe(200);
    expect(await access(url, { 'X-Forwarded-For': '192.0.2.1, 198.51.100.1' })).toBe(403);
    expect(await access(url)).toBe(403);
    const socket = new WebSocket(url.replace('http', 'ws'), { headers: spoofed });
    await once(socket, 'open');
    const { clients } = system.server.app.get(StreamClients).audiences.lite;
    await system.eventually(() => clients.size === 1, 'the client');
    expect([...clients][0].address).toMatch(/^192\.0\.2\.1:\d+$/);
    socket.terminate();
  });
});

describe.skipIf(!hasIPv6)('IPv6', () => {
  it('on :: accepts IPv4 clients as well, and applies their rules', async () => {
    await start({ webserver: { listen_addr: '::', whitelist: ['127.0.0.1'] } });
    const port = portOf(system.server.url);
    expect(await access(`http://127.0.0.1:${port}`)).toBe(200);
    expect(await access(`http://[::1]:${port}`)).toBe(403);
  });

  it('on ::1 serves streams and pages, and logs its address in brackets', async () => {
    await start({ webserver: { listen_addr: '::1', whitelist: ['::/64'] } });
    expect(system.server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect(await access(system.server.url)).toBe(200);
    const reader = await system.connect('/');
    system.simulator.log('log').append(2);
    system.simulator.log('log').publish();
    await reader.until(({ frames }) => frames.length === 2);
  });
});

describe('a port that is in use', () => {
  it('ends the start of a second server with a typed error, for streams and metrics', async () => {
    await start({ webserver: { listen_addr: '127.0.0.1' } });
    const taken = Number(portOf(system.server.url));
    const first = system.server;
    for (const section of ['webserver', 'prometheus'] as const) {
      const config = system.config();
      config.prometheus.enabled = true;
      Object.assign(config[section], { listen_addr: '127.0.0.1', listen_port: taken });
      await expect(system.startServer(config)).rejects.toMatchObject({
        code: 'WEB_PORT_IN_USE',
        message: `cannot listen on 127.0.0.1:${taken}: another program already listens there; stop it, or set another ${section}.listen_port`,
      });
    }
    expect(await status(`${first.url}/healthz`)).toBe(200);
  });

  it('ends the command with one line and exit code 2', async () => {
    await start({ webserver: { listen_addr: '127.0.0.1' } });
    const taken = portOf(system.server.url);
    const path = system.configFile(Number(taken));
    const { code, err } = await startCli(['serve', '-c', path], { cwd: system.folder }).ended;
    expect({ code, err }).toEqual({
      code: 2,
      err: `cannot listen on 127.0.0.1:${taken}: another program already listens there; stop it, or set another webserver.listen_port\n`,
    });
  });
});
