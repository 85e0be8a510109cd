import { brotliCompressSync, gzipSync } from 'node:zlib';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Answer, ScriptedServer } from '../../../../test/support/scripted-server.js';
import { CtHttpClient, type CtHttpOptions } from './ct-http-client.js';
import { newClientCounters } from '../client-counters.js';

const options: CtHttpOptions = {
  userAgent: 'test/1 (+https://example.net)',
  timeoutMs: 300_000,
  maxResponseBytes: 10_000,
  compression: true,
};
let server: ScriptedServer;
let client: CtHttpClient;

beforeEach(async () => {
  server = await ScriptedServer.start((_request, response) => response.end('hello'));
  client = new CtHttpClient(options);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await client.close();
  await server.stop();
});

async function failure(answer: Answer, request: Parameters<CtHttpClient['get']>[1] = {}): Promise<unknown> {
  server.answer = answer;
  return client.get(`${server.url}/x?a=1`, request).then(
    (body) => ({ unexpected: body.toString() }),
    (error: unknown) => error,
  );
}

describe.each([
  ['without proxy', undefined],
  ['with a proxy that is not used for this host', 'http://127.0.0.1:9'],
])('CtHttpClient, %s', (_route, proxy) => {
  beforeEach(async () => {
    if (proxy === undefined) return;
    vi.stubEnv('http_proxy', proxy);
    vi.stubEnv('no_proxy', '127.0.0.1');
    await client.close();
    client = new CtHttpClient(options);
  });

  it('fetches bodies with its User-Agent over reused connections, and counts them', async () => {
    const ports = new Set<number | undefined>();
    server.answer = (request, response) => {
      ports.add(request.socket.remotePort);
      response.end('hello');
    };
    const counters = newClientCounters();
    for (let i = 0; i < 9; i++) {
      expect((await client.get(`${server.url}/a?b=${i}`, { counters })).toString()).toBe('hello');
    }
    expect(server.requests.slice(0, 2)).toEqual(['/a?b=0', '/a?b=1']);
    expect(server.headers[0]).toMatchObject({
      'user-agent': options.userAgent,
      'accept-encoding': 'gzip, identity',
    });
    // With a proxy, a request in the same turn of the event loop in which the previous one ends takes a second connection.
    expect(ports.size).toBeLessThanOrEqual(proxy === undefined ? 1 : 2);
    expect(counters).toMatchObject({ requests: 9, bytesReceived: 45 });
  });

  it('reports the bytes that decompression adds, and rejects a body for which there is no room', async () => {
    const gzipped = gzipSync(Buffer.alloc(9000));
    server.answer = (_request, response) => response.end(gzipped);
    let reported = 0;
    const onBytes = (bytes: number): boolean => (reported += bytes) <= 9000;
    expect((await client.get(server.url, { onBytes })).length).toBe(9000);
    expect(reported).toBe(9000);
    for (const request of [
      client.get(server.url, { onBytes }),
      client.read(server.url, { onBytes }, () => 0),
    ]) {
      await expect(request).rejects.toMatchObject({ code: 'CT_NO_ROOM' });
      reported = gzipped.length;
    }
  });

  it('accepts chunked bodies, and gzip bodies with a matching, missing or wrong header', async () => {
    const text = 'a tile '.repeat(1000);
    const gzipped = gzipSync(text);
    server.answer = (_request, response) => {
      response.write(text.slice(0, 100));
      response.end(text.slice(100));
    };
    expect((await client.get(server.url)).toString()).toBe(text);
    for (const headers of [{ 'content-encoding': 'gzip' }, { 'content-encoding': 'X-GZIP' }, {}]) {
      server.answer = (_request, response) => response.writeHead(200, headers).end(gzipped);
      expect((await client.get(server.url)).toString()).toBe(text);
    }
  });

  it.each([
    [301, 'CT_HTTP_STATUS'],
    [204, 'CT_HTTP_STATUS'],
    [400, 'CT_HTTP_STATUS'],
    [404, 'CT_HTTP_STATUS'],
    [429, 'CT_RATE_LIMITED'],
    [500, 'CT_HTTP_STATUS'],
    [503, 'CT_HTTP_STATUS'],
  ])('reports status %i as %s and follows no redirect', async (status, code) => {
    const error = await failure((_request, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end(status === 204 ? undefined : '<html>'),
    );
    expect(error).toMatchObject({ code, status, retryAfterMs: undefined });
    expect((error as Error).message.includes(' and redirects to http')).toBe(status === 301);
    expect(server.requests).toHaveLength(1);
  });

  it('keeps the connection after an error with a short body, and closes it after a long one', async () => {
    const ports = new Set<number | undefined>();
    const answer = (body: string): Answer => {
      return (request, response) => {
        ports.add(request.socket.remotePort);
        response.writeHead(404).end(body);
      };
    };
    for (let i = 0; i < 9; i++)
      expect(await failure(answer('<html>not here'))).toMatchObject({ status: 404 });
    expect(ports.size).toBeLessThan(5);
    expect(await failure(answer('x'.repeat(1_000_000)))).toMatchObject({ status: 404 });
  });

  it('reports Retry-After of 429 and 503', async () => {
    for (const status of [429, 503]) {
      const error = await failure((_request, response) =>
        response.writeHead(status, { 'retry-after': '7' }).end(),
      );
      expect(error).toMatchObject({ code: 'CT_RATE_LIMITED', status, retryAfterMs: 7000 });
    }
  });

  it.each<[string, Answer]>([
    [
      'declared',
      (_request, response) => response.writeHead(200, { 'content-length': '10001' }).end('x'.repeat(10_001)),
    ],
    [
      'chunked',
      (_request, response) => void response.write('x'.repeat(6000), () => response.end('x'.repeat(6000))),
    ],
    ['inflated', (_request, response) => response.end(gzipSync('x'.repeat(1_000_000)))],
    ['inflated twice', (_request, response) => response.end(gzipSync(gzipSync('x'.repeat(1_000_000))))],
    [
      'inflated with brotli',
      (_request, response) =>
        response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync('x'.repeat(1_000_000))),
    ],
  ])('rejects a body that is too large when %s', async (_how, answer) => {
    expect(await failure(answer)).toMatchObject({ code: 'CT_TOO_LARGE' });
  });

  it('uses a smaller limit for one request', async () => {
    const error = failure((_request, response) => response.end('12345'), { maxBytes: 4 });
    expect(await error).toMatchObject({ code: 'CT_TOO_LARGE' });
  });

  it.each<[string, Answer, string]>([
    ['truncated gzip', (_q, r) => r.end(gzipSync('x'.repeat(5000)).subarray(0, 30)), 'CT_MALFORMED_ENCODING'],
    [
      'gzip in gzip in gzip in gzip',
      (_q, r) => r.end([1, 2, 3].reduce((body) => gzipSync(body), gzipSync('x'))),
      'CT_MALFORMED_ENCODING',
    ],
    [
      'an encoding that cannot be read',
      (_q, r) => r.writeHead(200, { 'content-encoding': 'zstd' }).end(Buffer.from('28b52ffd00', 'hex')),
      'CT_MALFORMED_ENCODING',
    ],
    ['a reset', (_q, r) => void r.socket?.destroy(), 'CT_NETWORK'],
    [
      'a body shorter than declared',
      (_q, r) => void r.writeHead(200, { 'content-length': '50' }).write('x', () => r.socket?.end()),
      'CT_NETWORK',
    ],
    ['a truncated chunked body', (_q, r) => void r.write('x', () => r.socket?.destroy()), 'CT_NETWORK'],
  ])('reports %s', async (_what, answer, code) => {
    expect(await failure(answer)).toMatchObject({ code });
  });

  it.each<[string, Answer]>([
    ['no answer', () => undefined],
    ['a stall in the body', (_request, response) => void response.writeHead(200).write('x')],
  ])('gives up on %s', async (_what, answer) => {
    expect(await failure(answer, { timeoutMs: 50 })).toMatchObject({ code: 'CT_TIMEOUT' });
  });

  it('reports that a request is sent', async () => {
    server.answer = (_request, response) => response.end('hello');
    const onSent = vi.fn();
    await client.get(server.url, { onSent });
    expect(onSent).toHaveBeenCalledOnce();
  });

  /** Writes `bytes` ten times per second, `times` times. */
  const flowing = (bytes: number, times: number): Answer => {
    return (_request, response) => {
      let left = times;
      const timer = setInterval(() => {
        response.write('x'.repeat(bytes));
        if (--left === 0) response.end();
      }, 100);
      response.on('close', () => clearInterval(timer)).writeHead(200);
    };
  };

  it('waits longer for a body while its bytes arrive', async () => {
    const patient = new CtHttpClient({ ...options, timeoutMs: 2000 });
    server.answer = flowing(250, 35);
    const body = await patient.get(server.url);
    await patient.close();
    expect(body).toHaveLength(8750);
  });

  it('gives up on a body that arrives too slowly', async () => {
    expect(await failure(flowing(10, 600), { timeoutMs: 300 })).toMatchObject({ code: 'CT_TIMEOUT' });
  });

  it('ends with the signal, before and during the request', async () => {
    const controller = new AbortController();
    const error = await failure(() => controller.abort(), { signal: controller.signal });
    expect(error).toMatchObject({ code: 'CT_ABORTED' });
    expect(await failure(() => undefined, { signal: controller.signal })).toMatchObject({
      code: 'CT_ABORTED',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('reports a refused connection and an invalid URL', async () => {
    const closed = await ScriptedServer.start(() => undefined);
    const { url } = closed;
    await closed.stop();
    await expect(client.get(url)).rejects.toMatchObject({
      code: 'CT_NETWORK',
      message: `${url}: no connection to 127.0.0.1: 127.0.0.1 ECONNREFUSED`,
    });
    await expect(client.get('not a url')).rejects.toMatchObject({ code: 'CT_NETWORK' });
  });
});

describe('CtHttpClient and proxies', () => {
  it.each(['proxy:3128', '::'])('names the variable if %s is not the URL of a proxy', (proxy) => {
    vi.stubEnv('http_proxy', proxy);
    expect(() => new CtHttpClient(options)).toThrow(
      expect.objectContaining({ code: 'CONFIG_PROXY', message: expect.stringContaining('HTTP_PROXY') }),
    );
  });

  it('names the addresses of a proxy that does not listen', async () => {
    const { url } = server;
    await server.stop();
    vi.stubEnv('http_proxy', url);
    const proxied = new CtHttpClient(options);
    await expect(proxied.get('http://log.example.net/')).rejects.toMatchObject({
      code: 'CT_NETWORK',
      message: expect.stringContaining('no connection to 127.0.0.1: 127.0.0.1 ECONNREFUSED'),
    });
    await proxied.close();
  });

  it('uses HTTP_PROXY, except for the hosts of NO_PROXY', async () => {
    const seen: string[] = [];
    const proxy = createTcpServer((socket) =>
      socket.once('data', (data) => {
        seen.push(data.toString('latin1').split('\r\n')[0]);
        socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      }),
    );
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv('no_proxy', '127.0.0.1');
    const proxied = new CtHttpClient(options);
    await expect(proxied.get('http://log.example.net/ct/v1/get-sth')).rejects.toMatchObject({
      code: expect.stringMatching(/^CT_/),
    });
    expect(seen[0]).toContain('log.example.net');
    expect((await proxied.get(server.url)).toString()).toBe('hello');
    await proxied.close();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
