import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import { WATCH_FILTERS } from '../../src/cli/watch/watch-command.js';
import { FILTER_FIELDS } from '../../src/filter/filter-terms.js';
import { startCli } from '../../src/testing/cli-process.js';
import { TestSystem } from '../../src/testing/test-system.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const start = (args: readonly string[], env: Record<string, string> = {}) =>
  startCli(['watch', ...args], { cwd: tmpdir(), env });

function linesOf(out: string): CertificateUpdate['data'][] {
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as CertificateUpdate).data);
}

describe('watch with this server', () => {
  async function startSystem(config: Parameters<typeof TestSystem.start>[0] = {}): Promise<TestSystem> {
    const system = await TestSystem.start({ logs: [{ name: 'log' }], ...config });
    closers.push(() => system.close());
    return system;
  }

  it('prints the messages of each stream as JSON lines, and ends after --limit', async () => {
    const system = await startSystem();
    const log = system.simulator.log('log');
    log.start({ entriesPerSecond: 50, headIntervalMs: 100 });
    const url = system.url.replace(/^http/, 'ws').replace(/\/?$/, '/');
    const lite = await start([url, '-n', '2']).ended;
    expect(lite).toMatchObject({ code: 0 });
    expect(lite.err).toMatch(/^2 certificates in \d+ s\n$/);
    expect(linesOf(lite.out)).toHaveLength(2);
    expect(linesOf(lite.out)[0].leaf_cert.as_der).toBeUndefined();
    const full = await start([url, '-n', '1', '--stream', 'full']).ended;
    expect(linesOf(full.out)[0].leaf_cert.as_der).toMatch(/^MI/);
    const domains = await start([`${url}domains-only`, '-n', '1']).ended;
    expect(domains.out).toMatch(/^\{"data":\[.*\],"message_type":"dns_entries"\}\n$/);
  });

  it('lets the server filter', async () => {
    const system = await startSystem();
    system.simulator.log('log').start({ entriesPerSecond: 100, headIntervalMs: 100 });
    const url = system.url.replace(/^http/, 'ws').replace(/\/?$/, '/');
    const { code, out, err } = await start([url, '-n', '5', '--domain', 'example.com', '--type', 'precert'])
      .ended;
    expect(code).toBe(0);
    expect(err).toMatch(/^5 certificates/);
    for (const { update_type: type, leaf_cert: leaf } of linesOf(out)) {
      expect(type).toBe('PrecertLogEntry');
      expect(leaf.all_domains.some((name) => /(^|\.)example\.com$/.test(name))).toBe(true);
    }
  });

  it('--since begins with older certificates', async () => {
    const system = await startSystem();
    const log = system.simulator.log('log');
    const client = await system.connect('/');
    log.append(10);
    log.publish();
    await client.until(({ frames }) => frames.length === 10);
    const url = system.url.replace(/^http/, 'ws').replace(/\/?$/, '/');
    const { code, out } = await start([url, '--since', '-10m', '-n', '10']).ended;
    expect(code).toBe(0);
    expect(linesOf(out).map(({ cert_index: index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('prints totals after %s, with exit code 0', async (signal) => {
    const system = await startSystem();
    system.simulator.log('log').start({ entriesPerSecond: 50, headIntervalMs: 100 });
    const watch = start([system.url.replace(/^http/, 'ws')]);
    await watch.printed(/\n/);
    watch.signal(signal);
    const { code, out, err } = await watch.ended;
    expect(code).toBe(0);
    expect(err).toMatch(new RegExp(`^${linesOf(out).length} certificates in \\d+ s\\n$`));
  });

  it('sends the token, and ends with the answer of the server without one', async () => {
    const token = 'a-token-of-sixteen-characters';
    const system = await startSystem({ config: { auth: { tokens: [{ name: 'test', token }] } } });
    system.simulator.log('log').start({ entriesPerSecond: 50, headIntervalMs: 100 });
    const url = system.url.replace(/^http/, 'ws');
    const without = await start([url]).ended;
    expect(without).toMatchObject({ code: 1, out: '' });
    expect(without.err).toMatch(/^ws:\S+ refused the connection with status 401: .+\n$/);
    expect((await start([url, '--token', token, '-n', '1']).ended).code).toBe(0);
    expect((await start([url, '-n', '1'], { CERTSTREAM_TOKEN: token }).ended).code).toBe(0);
  });

  it('ends with the line of the server for a mistake', async () => {
    const system = await startSystem();
    const { code, err } = await start([system.url.replace(/^http/, 'ws'), '--since', 'yesterday']).ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^ws:\S+ refused the connection with status 400: since is neither a cursor/);
  });
});

describe('watch with a scripted server', () => {
  /** Starts a server that calls one of `connections` for each connection, one after the other. */
  async function startServer(
    ...connections: ((socket: WebSocket, request: IncomingMessage) => void)[]
  ): Promise<{ url: string; requests: URL[]; server: Server; webSockets: WebSocketServer }> {
    const server = createServer((_request, response) => response.writeHead(426).end());
    const webSockets = new WebSocketServer({ server });
    const requests: URL[] = [];
    webSockets.on('connection', (socket, request) => {
      requests.push(new URL(request.url!, 'ws://server'));
      connections.shift()?.(socket, request);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(async () => {
      for (const client of webSockets.clients) client.terminate();
      await new Promise((closed) => server.close(closed));
    });
    return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests, server, webSockets };
  }

  const event = (type: string, data: object) => JSON.stringify({ message_type: type, data });
  const certificate = (index: number, more: object = {}, names = [`host-${index}.example.com`]) =>
    event('certificate_update', {
      cert_index: index,
      leaf_cert: { all_domains: names, issuer: { O: 'Test CA', CN: 'T1', aggregated: '/CN=T1' }, ...more },
      source: { url: 'https://ct.example/log', name: 'Log', operator: 'Operator' },
      update_type: 'X509LogEntry',
      seen: 1_700_000_000,
    });
  const indicesOf = (out: string) => linesOf(out).map(({ cert_index: index }) => index);

  it('continues after the last certificate when the connection breaks', async () => {
    const { url, requests } = await startServer(
      (socket) => {
        for (const text of [
          certificate(1),
          certificate(2),
          event('cursor', { cursor: 'c.2' }),
          certificate(3),
        ])
          socket.send(text);
        socket.close(1011);
      },
      (socket) => {
        for (const text of [certificate(3), event('live', { cursor: 'c.3' }), certificate(4)])
          socket.send(text);
        socket.close(1001);
      },
      (socket) => socket.send(certificate(5)),
    );
    const { code, out, err } = await start([url, '-n', '5']).ended;
    expect({ code, indices: indicesOf(out) }).toEqual({ code: 0, indices: [1, 2, 3, 4, 5] });
    expect(requests.map(({ searchParams }) => searchParams.get('since'))).toEqual([null, 'c.2', 'c.3']);
    expect(requests.every(({ searchParams }) => searchParams.get('events') === '1')).toBe(true);
    expect(err).toMatch(/closed the connection \(1011\); connecting again\n[\s\S]*, 2 reconnections\n$/);
  });

  it('reports what the server left out', async () => {
    const { url } = await startServer((socket) => {
      socket.send(event('gap', { messages: 7, logs: [], truncated: false, reason: 'slow' }));
      socket.send(certificate(1));
    });
    const { err } = await start([url, '-n', '1']).ended;
    expect(err).toMatch(/^the server left out messages: 7 \(slow\)\n1 certificates in \d+ s, 7 missing\n$/);
  });

  it('filters the messages of a server that does not, and says it once', async () => {
    const { url } = await startServer((socket) => {
      socket.send(certificate(1, {}, ['a.example.net']));
      socket.send(certificate(2));
      socket.send(JSON.stringify({ message_type: 'heartbeat', timestamp: 1 }));
      socket.send(certificate(3, { issuer: { O: 'Other', CN: 'O1' } }));
      socket.send(certificate(4));
    });
    const { code, out, err } = await start([url, '--domain', 'example.com', '--issuer', 'test ca', '-n', '2'])
      .ended;
    expect({ code, indices: indicesOf(out) }).toEqual({ code: 0, indices: [2, 4] });
    expect(err).toMatch(
      /^the server does not know filters; this command filters its messages\n2 certificates/,
    );
  });

  it('trusts the filter of a server that answers requests', async () => {
    const { url, requests } = await startServer((socket) => {
      socket.send(certificate(1, {}, ['a.example.net']));
      socket.on('message', (data: Buffer) => {
        expect(JSON.parse(data.toString())).toEqual({ op: 'status' });
        socket.send(event('status', { cursor: 'c.1', sent: 1 }));
      });
    });
    const { out, err } = await start([url, '--log', 'AAAA', '--exclude-domain', 'a.com,b.com', '-n', '1'])
      .ended;
    expect(indicesOf(out)).toEqual([1]);
    expect(err).toMatch(/^1 certificates/);
    expect(requests[0].searchParams.get('exclude_domain')).toBe('a.com,b.com');
    expect(requests[0].searchParams.get('log')).toBe('AAAA');
  });

  it('--unique works with a server that does not know it', async () => {
    const { url } = await startServer((socket) => {
      socket.send(certificate(1, { serial_number: '0ABC' }));
      socket.send(certificate(2, { serial_number: 'ABC' }));
      socket.send(certificate(3, { serial_number: 'ABD' }));
    });
    expect(indicesOf((await start([url, '--unique', '-n', '2']).ended).out)).toEqual([1, 3]);
  });

  it('continues with the oldest certificate when the server does not know the cursor', async () => {
    const { url, server, webSockets } = await startServer(
      (socket) => {
        socket.send(certificate(1));
        socket.send(event('cursor', { cursor: 'old.1' }), () => {
          // From now on, the server answers the first handshake with 400.
          const listeners = server.listeners('upgrade');
          server.removeAllListeners('upgrade');
          server.once('upgrade', (_request, raw) => {
            const body = JSON.stringify({ error: 'unknown cursor', code: 'STREAM_SINCE', oldest: 'new.0' });
            raw.end(
              `HTTP/1.1 400 Bad Request\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
            );
            for (const listener of listeners) server.on('upgrade', listener as () => void);
          });
          for (const client of webSockets.clients) client.close(1012);
        });
      },
      (socket, request) =>
        socket.send(certificate(new URL(request.url!, url).searchParams.get('since') === 'new.0' ? 2 : 9)),
    );
    const { code, out, err } = await start([url, '-n', '2']).ended;
    expect({ code, indices: indicesOf(out) }).toEqual({ code: 0, indices: [1, 2] });
    expect(err).toContain(
      'the server no longer knows the last certificate; continuing with the oldest that it holds\n',
    );
  });

  it('ignores messages that are not certificates', async () => {
    const { url } = await startServer((socket) => {
      for (const text of [
        '',
        'no JSON',
        '[]',
        'null',
        '{"message_type":5}',
        '{"message_type":"certificate_update"}',
      ])
        socket.send(text);
      socket.send(`${certificate(1)}\n`);
    });
    const { code, out } = await start([url, '-n', '1']).ended;
    expect({ code, out }).toEqual({ code: 0, out: `${certificate(1)}\n` });
  });

  it('fails when there is no server', async () => {
    const { code, out, err } = await start(['127.0.0.1:1']).ended;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^ws:\/\/127\.0\.0\.1:1\/: .*ECONNREFUSED.*\n$/);
  });
});

it('has an option for every field of a filter', () => {
  expect(WATCH_FILTERS.map(([field]) => field)).toEqual([...FILTER_FIELDS]);
});
