import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createServerCertificate } from '../simulator/server-certificate.js';
import { Http1Client, type HttpRequest } from './http1-client.js';
import { HttpTimeoutError, ProxyError } from './http-errors.js';
import { ProxySettings } from './proxy-settings.js';
import { TestProxy, type TestProxyOptions } from './testing/test-proxy.js';

const certificate = createServerCertificate(['localhost', '127.0.0.1']);
const ESTABLISHED = 'HTTP/1.1 200 OK\r\nvia: proxy\r\n\r\n';

let origins: Server[];
let proxies: TestProxy[];
let clients: Http1Client[];
/** Requests that the origins have received. */
let requests: { readonly url: string | undefined; readonly headers: object; readonly serverName: unknown }[];

beforeEach(() => {
  origins = [];
  proxies = [];
  clients = [];
  requests = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const client of clients) client.close();
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  for (const origin of origins) origin.closeAllConnections();
  for (const origin of origins) origin.close();
});

async function startOrigin(scheme: 'http' | 'https', host = '127.0.0.1'): Promise<string> {
  const answer: RequestListener = ({ url, headers, socket }, response) => {
    requests.push({ url, headers, serverName: (socket as TLSSocket).servername });
    response.end('hello');
  };
  const { certPem: cert, keyPem: key } = certificate;
  const server = scheme === 'http' ? createHttpServer(answer) : createHttpsServer({ cert, key }, answer);
  origins.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `${scheme}://${host}:${(server.address() as AddressInfo).port}`;
}

async function startProxy(options?: TestProxyOptions): Promise<TestProxy> {
  const proxy = await TestProxy.start(options);
  proxies.push(proxy);
  return proxy;
}

function clientOf(proxy: string, no_proxy = ''): Http1Client {
  const limits = { connectionsPerOrigin: 2, keepAliveMs: 300_000, bodySilenceMs: 300_000 };
  const client = new Http1Client({ ...limits, proxies: new ProxySettings({ http_proxy: proxy, no_proxy }) });
  clients.push(client);
  return client;
}

async function get(client: Http1Client, url: string, request: Partial<HttpRequest> = {}): Promise<string> {
  const limits = { headers: {}, timeoutMs: 300_000, maxBytes: 10_000 };
  const { status, body } = await client.get(url, { ...limits, ...request });
  return `${status} ${body.toString()}`;
}

/** Disables certificate checks, for tests that do not concern certificates. */
function trustEverything(): void {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
}

describe('a proxy', () => {
  it('gets requests for http in absolute-form, over kept connections', async () => {
    const origin = await startOrigin('http');
    const proxy = await startProxy();
    const client = clientOf(proxy.url);
    for (const path of ['/a?b=c', '/d']) expect(await get(client, origin + path)).toBe('200 hello');
    expect(proxy.requests).toEqual([`GET ${origin}/a?b=c`, `GET ${origin}/d`]);
    expect(proxy.connections).toBe(1);
    expect(requests[0]).toMatchObject({ url: '/a?b=c', headers: { host: new URL(origin).host } });
  });

  it.each([['http'], ['https']])('opens tunnels for https, over a connection by %s', async (scheme) => {
    trustEverything();
    const origin = await startOrigin('https', 'localhost');
    const proxy = await startProxy(scheme === 'https' ? { tls: certificate } : {});
    const client = clientOf(proxy.url);
    for (const path of ['/a?b=c', '/d']) expect(await get(client, origin + path)).toBe('200 hello');
    expect(proxy.requests).toEqual([`CONNECT ${new URL(origin).host}`]);
    expect(requests.map(({ url, serverName }) => [url, serverName])).toEqual([
      ['/a?b=c', 'localhost'],
      ['/d', 'localhost'],
    ]);
    expect(await get(client, origin, { reuseConnection: false })).toBe('200 hello');
    expect(proxy.connections).toBe(2);
  });

  it.each(['http', 'https'])(
    'does not prevent the check of the certificate of the origin, over %s',
    async (scheme) => {
      const origin = await startOrigin('https', 'localhost');
      const proxy = await startProxy(scheme === 'https' ? { tls: certificate } : {});
      await expect(get(clientOf(proxy.url), origin)).rejects.toMatchObject({
        code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      });
      expect(requests).toEqual([]);
    },
  );

  it.each(['http', 'https'] as const)(
    'receives name and password, but the origin does not, for %s',
    async (scheme) => {
      trustEverything();
      const origin = await startOrigin(scheme);
      const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
      const proxy = await startProxy({ authorization });
      const url = proxy.url.replace('//', '//user:p%40ss@');
      expect(await get(clientOf(url), origin)).toBe('200 hello');
      expect(requests[0].headers).not.toHaveProperty('proxy-authorization');
      const error: unknown = await get(clientOf(proxy.url.replace('//', '//user:secret@')), origin).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ProxyError);
      expect(error).toMatchObject({ status: 407, message: expect.stringContaining('status 407') });
      expect((error as Error).message).not.toContain('secret');
    },
  );

  it('that refuses is named with its status, and used again', async () => {
    trustEverything();
    const origin = await startOrigin('https');
    const proxy = await startProxy();
    const client = clientOf(proxy.url);
    await expect(get(client, 'https://127.0.0.1:1')).rejects.toMatchObject({
      name: 'ProxyError',
      status: 502,
      message: `the proxy ${new URL(proxy.url).host} answered CONNECT with status 502`,
    });
    expect(await get(client, origin)).toBe('200 hello');
  });

  it('that does not listen is named', async () => {
    const proxy = await startProxy();
    const { url, port } = proxy;
    await proxy.stop();
    proxies = [];
    for (const origin of ['http://log.example', 'https://log.example'])
      await expect(get(clientOf(url), origin)).rejects.toMatchObject({
        name: 'DialError',
        message: 'no connection to 127.0.0.1: 127.0.0.1 ECONNREFUSED',
      });
    await proxy.listen(port);
    proxies = [proxy];
  });

  it('that does not answer delays a request until its timeout, but not the next one', async () => {
    trustEverything();
    const origin = await startOrigin('https');
    const proxy = await startProxy();
    const client = clientOf(proxy.url);
    proxy.onConnect = () => undefined;
    const error: unknown = await get(client, origin, { timeoutMs: 100 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HttpTimeoutError);
    expect(error).toMatchObject({
      isUnsent: true,
      reason: `no connection through the proxy ${new URL(proxy.url).host}: it has not answered CONNECT`,
    });
    proxy.onConnect = undefined;
    expect(await get(client, origin)).toBe('200 hello');
  });

  it('that has opened a tunnel is not blamed for the TLS handshake', async () => {
    const proxy = await startProxy();
    const client = clientOf(proxy.url);
    proxy.onConnect = (socket) => socket.write(ESTABLISHED);
    await expect(get(client, 'https://log.example', { timeoutMs: 200 })).rejects.toMatchObject({
      reason: `the TLS handshake with log.example through the proxy ${new URL(proxy.url).host} has not completed`,
    });
  });

  it('is not used for hosts in NO_PROXY', async () => {
    const origin = await startOrigin('http');
    const proxy = await startProxy();
    expect(await get(clientOf(proxy.url, '127.0.0.1'), origin)).toBe('200 hello');
    expect(proxy.requests).toEqual([]);
  });

  it('loses its connections when the client is closed', async () => {
    const proxy = await startProxy();
    const client = clientOf(proxy.url);
    const asked = new Promise<Socket>((resolve) => (proxy.onConnect = resolve));
    const end = get(client, 'https://log.example').catch((error: unknown) => error);
    const closed = once(await asked, 'close');
    client.close();
    expect(await end).toMatchObject({ message: 'the client is closed' });
    await closed;
  });
});

describe('the answer to CONNECT', () => {
  it.each([
    ESTABLISHED,
    'HTTP/1.0 200 Connection established\r\n\r\n',
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  ])('may be %j, in any two pieces, and TLS follows', async (answer) => {
    const proxy = await startProxy();
    const client = clientOf(proxy.url);
    for (let cut = 0; cut < answer.length; cut++) {
      const begun = new Promise<Buffer>((resolve) => {
        proxy.onConnect = (socket) => {
          socket.once('data', resolve);
          if (cut > 0) socket.write(answer.slice(0, cut));
          setImmediate(() => socket.write(answer.slice(cut)));
        };
      });
      const controller = new AbortController();
      const end = get(client, 'https://log.example', { signal: controller.signal }).catch(
        (error: unknown) => error,
      );
      // A TLS handshake record.
      expect((await begun)[0], `${cut}`).toBe(0x16);
      controller.abort();
      expect(await end).toMatchObject({ name: 'HttpAbortedError' });
    }
  });

  it('is an error when it breaks off, after any number of octets', async () => {
    const proxy = await startProxy();
    const client = clientOf(proxy.url);
    for (let octets = 0; octets < ESTABLISHED.length; octets++) {
      proxy.onConnect = (socket) => socket.end(ESTABLISHED.slice(0, octets));
      await expect(get(client, 'https://log.example'), `${octets}`).rejects.toMatchObject({
        name: 'ProxyError',
        message: expect.stringContaining('closed the connection without answering CONNECT'),
      });
    }
    expect(proxy.connections).toBe(ESTABLISHED.length);
  });

  it.each([
    ['of another protocol', 'SSH-2.0-OpenSSH\r\n\r\n', 'not HTTP/1.1'],
    ['without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}`, 'its head is too long'],
    [
      'with too many informational responses',
      'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20),
      'too many informational',
    ],
    ['with a folded field', 'HTTP/1.1 200 OK\r\n x: y\r\n\r\n', 'not HTTP/1.1'],
    ['that upgrades', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'status 101'],
    ['that redirects', 'HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n', 'with status 302'],
    ['that is followed by more', `${ESTABLISHED}\x16\x03\x03`, 'sent more than its answer'],
  ])('%s is an error', async (_what, answer, message) => {
    const proxy = await startProxy();
    proxy.onConnect = (socket) => socket.write(answer);
    const error: unknown = await get(clientOf(proxy.url), 'https://log.example').catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ProxyError);
    expect((error as Error).message).toContain(message);
    await vi.waitFor(() => expect(proxy.sockets.size).toBe(0));
  });
});
