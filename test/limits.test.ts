import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Admission } from '../src/web/admission.js';
import { PendingConnections } from '../src/web/limits/pending-connections.js';
import { Refusals } from '../src/web/refusals.js';
import { RawClient } from './support/raw-client.js';
import { TestSystem } from '../src/testing/test-system.js';

let system: TestSystem;
afterEach(() => system.close());

interface Answer {
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly body: string;
  readonly socket: WebSocket;
}

async function start(webserver: Record<string, unknown>): Promise<void> {
  system = await TestSystem.start({
    logs: [{ name: 'log' }],
    config: { webserver: { listen_addr: '127.0.0.1', ...webserver } },
  });
}

/** Makes one handshake; the status is 101 when it succeeds. */
async function handshake(headers: Record<string, string> = {}, path = '/'): Promise<Answer> {
  const socket = new WebSocket(system.server.url.replace('http', 'ws') + path, { headers });
  socket.on('error', () => undefined);
  return Promise.race([
    once(socket, 'open').then(() => ({ status: 101, retryAfter: undefined, body: '', socket })),
    once(socket, 'unexpected-response').then(async ([, response]) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const { statusCode: status, headers: given } = response as {
        statusCode: number;
        headers: Record<string, string>;
      };
      const after = given['retry-after'];
      const retryAfter = after === undefined ? undefined : Number(after);
      return { status, retryAfter, body: Buffer.concat(chunks).toString(), socket };
    }),
  ]);
}

const from = (address: string) => ({ 'X-Forwarded-For': address });
const behindProxy = { real_ip: true, trusted_proxies: ['127.0.0.1'] };
const slots = () => system.server.app.get(Admission).connections;
const refused = (reason: string) => system.server.app.get(Refusals).counts.get(reason as never) ?? Number.NaN;
const leave = async (socket: WebSocket): Promise<void> => {
  socket.terminate();
  await once(socket, 'close');
};

describe('webserver.limits', () => {
  it('bounds all connections together with 503, and releases slots', async () => {
    await start({ limits: { max_connections: 2 } });
    const [first] = [await handshake(), await handshake({}, '/full-stream')];
    const third = await handshake({}, '/domains-only');
    expect(third).toMatchObject({ status: 503, retryAfter: expect.any(Number) as number });
    expect(third.retryAfter).toBeGreaterThan(0);
    expect(JSON.parse(third.body)).toEqual({ error: expect.any(String) as string, code: 'CONNECTIONS' });
    expect([slots(), refused('connections')]).toEqual([2, 1]);
    await leave(first.socket);
    await system.eventually(() => slots() === 1, 'the slot');
    expect((await handshake()).status).toBe(101);
    expect((await handshake()).status).toBe(503);
    // It is logged once for all refusals.
    expect(system.output.filter((line) => line.includes('limits.max_connections'))).toHaveLength(1);
  });

  it('bounds connections per client address with 429, also behind a proxy, and IPv6 by /64', async () => {
    await start({ ...behindProxy, limits: { max_connections_per_address: 1 } });
    expect((await handshake(from('192.0.2.1'))).status).toBe(101);
    expect(await handshake(from('192.0.2.1'))).toMatchObject({ status: 429 });
    expect((await handshake(from('192.0.2.2'))).status).toBe(101);
    expect((await handshake(from('2001:db8::1'))).status).toBe(101);
    expect((await handshake(from('2001:db8::ffff:1'))).status).toBe(429);
    expect((await handshake(from('2001:db8:0:1::1'))).status).toBe(101);
    expect(refused('address_connections')).toBe(2);
  });

  it('applies to clients that invent a header that the proxy passes on', async () => {
    await start({ ...behindProxy, limits: { max_connections_per_address: 1, max_connections: 3 } });
    const madeUp = (n: number) => ({ 'True-Client-IP': `203.0.113.${n}`, ...from('192.0.2.1') });
    const first = await handshake(madeUp(1));
    expect(first.status).toBe(101);
    expect((await handshake(madeUp(2))).status).toBe(429);
    expect((await handshake({ 'X-Real-IP': '203.0.113.3', ...from('192.0.2.1') })).status).toBe(429);
    expect([slots(), refused('address_connections')]).toEqual([1, 2]);
    await leave(first.socket);
    await system.eventually(() => slots() === 0, 'the slot');
    expect((await handshake(madeUp(2))).status).toBe(101);
  });

  it('ignores address headers from senders other than the proxy', async () => {
    await start({ limits: { max_connections_per_address: 1 } });
    expect((await handshake(from('192.0.2.1'))).status).toBe(101);
    expect((await handshake(from('192.0.2.2'))).status).toBe(429);
  });

  it('bounds handshakes per second, per address with 429 and in total with 503', async () => {
    const limits = { handshakes_per_second_per_address: 0.1, handshakes_per_second: 0.3 };
    await start({ ...behindProxy, limits });
    expect((await handshake(from('192.0.2.1'))).status).toBe(101);
    const second = await handshake(from('192.0.2.1'));
    expect(second.status).toBe(429);
    expect(second.retryAfter).toBeGreaterThanOrEqual(1);
    expect(second.retryAfter).toBeLessThanOrEqual(10);
    expect((await handshake(from('192.0.2.2'))).status).toBe(101);
    expect((await handshake(from('192.0.2.3'))).status).toBe(101);
    expect((await handshake(from('192.0.2.4'))).status).toBe(503);
    expect([refused('address_handshake_rate'), refused('handshake_rate')]).toEqual([1, 1]);
  });

  it('bounds plain requests per second and address with 429, except for health pages', async () => {
    await start({ limits: { requests_per_second_per_address: 0.2 } });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await system.get('/latest.json')).status);
    expect(statuses.map((status) => status === 429)).toEqual([false, false, true, true]);
    const answer = await system.get('/nothing-there');
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toEqual({ error: 'too many requests', code: 'ADDRESS_REQUEST_RATE' });
    for (let i = 0; i < 5; i++) expect((await system.get('/healthz')).status).toBe(200);
  });

  it('closes a connection with more waiting requests than a client may send, and serves others meanwhile', async () => {
    await start({ limits: { max_pipelined_requests: 3 } });
    const get = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const answers = ({ text }: RawClient) => text.split('HTTP/1.1 200').length - 1;
    const target = { host: '127.0.0.1', port: Number(new URL(system.server.url).port) };
    const within = await RawClient.connect(target);
    for (const total of [3, 6]) {
      within.send(get.repeat(3));
      await within.until(() => answers(within) === total, 'answers to all');
    }
    expect(refused('pipelined_requests')).toBe(0);
    const beyond = await RawClient.connect(target);
    beyond.send(get.repeat(500));
    await beyond.closed();
    expect(answers(beyond)).toBeLessThanOrEqual(3);
    expect(refused('pipelined_requests')).toBe(1);
    within.socket.destroy();
    expect((await fetch(`${system.server.url}/healthz`)).status).toBe(200);
  });

  it('counts slots exactly for every result of a handshake', async () => {
    await start({ limits: { max_connections: 1 } });
    const target = { port: Number(new URL(system.server.url).port), host: '127.0.0.1' };
    const request = RawClient.upgradeRequest();
    const broken: [string, number][] = [
      [request.replace(/Sec-WebSocket-Key:.*\r\n/, ''), 400],
      [request.replace('Version: 13', 'Version: 12'), 400],
      [request.replace('GET', 'POST'), 405],
      [request.replace('GET /', 'GET /nowhere'), 404],
      [request.replace('GET /', 'GET /?format=none'), 400],
      [request.replace('Sec-WebSocket-Key: ', 'Sec-WebSocket-Key: short'), 400],
    ];
    for (let round = 0; round < 3; round++) {
      for (const [text, status] of broken) {
        const client = await RawClient.connect(target);
        client.send(text);
        await client.until(() => client.text.includes('\r\n\r\n'), 'an answer');
        expect([client.status, text]).toEqual([status, text]);
        await client.closed();
        client.socket.destroy();
        await system.eventually(() => slots() === 0, 'no slot to be held');
      }
      // This client disconnects before it can read the answer.
      const hasty = await RawClient.connect(target);
      hasty.send(request);
      hasty.socket.resetAndDestroy();
      const half = await RawClient.connect(target);
      half.socket.end(request.slice(0, 60));
      await system.eventually(() => slots() === 0, 'no slot to be held');
    }
    const last = await handshake();
    expect([last.status, slots()]).toEqual([101, 1]);
    await leave(last.socket);
    await system.eventually(() => slots() === 0, 'the last slot');
  });

  it('bounds silent connections, and closes them in time', async () => {
    await start({ limits: { max_pending_connections_per_address: 3, handshake_timeout_seconds: 0.5 } });
    const pending = system.server.app.get(PendingConnections);
    const target = { port: Number(new URL(system.server.url).port), host: '127.0.0.1' };
    const silent = await Promise.all([1, 2, 3].map(() => RawClient.connect(target)));
    await system.eventually(() => pending.count === 3, 'three connections');
    const fourth = await RawClient.connect(target);
    await fourth.closed();
    expect(fourth.text).toMatch(/^HTTP\/1\.1 503 .*Retry-After: \d+\r\n/s);
    expect(JSON.parse(fourth.text.split('\r\n\r\n')[1])).toEqual({
      error: 'too many connections; try again later',
      code: 'ADDRESS_PENDING_CONNECTIONS',
    });
    expect(refused('address_pending_connections')).toBe(1);
    // Slow headers: single bytes do not extend the time.
    silent[0].send('GET / HTTP/1.1\r\nHost: localhost\r\n');
    await Promise.all(silent.map((client) => client.closed()));
    expect(silent[0].status).toBe(408);
    for (const { socket } of silent) socket.destroy();
    await system.eventually(() => pending.count === 0, 'all connections to be closed');
    const socket = await handshake();
    expect(socket.status).toBe(101);
    await system.eventually(() => pending.count === 0, 'clients not to count');
  });

  it('keeps connections for others when a few addresses open as many as they can', async () => {
    await start({ limits: { max_pending_connections: 40, max_pending_connections_per_address: 30 } });
    const pending = system.server.app.get(PendingConnections);
    const target = { port: Number(new URL(system.server.url).port), host: '127.0.0.1' };
    const all: RawClient[] = [];
    const countFrom = async (localAddress: string): Promise<number> => {
      const before = pending.count;
      const refusals = refused('address_pending_connections');
      for (let i = 0; i < 30; i++) all.push(await RawClient.connect({ ...target, localAddress }));
      await system.eventually(
        () => pending.count - before + refused('address_pending_connections') - refusals === 30,
        'an answer to each',
      );
      return pending.count - before;
    };
    expect(await countFrom('127.0.0.2')).toBe(20);
    expect(await countFrom('127.0.0.3')).toBe(10);
    expect(await countFrom('127.0.0.4')).toBe(5);
    expect((await handshake()).status).toBe(101);
    expect(refused('pending_connections')).toBe(0);
    for (const { socket } of all) socket.destroy();
    await system.eventually(() => pending.count === 0, 'all connections to be closed');
  });

  it('bounds headers with 431 and messages with 1009', async () => {
    await start({ limits: { max_header_bytes: 2048, max_message_bytes: 500 } });
    expect((await system.get('/healthz', { headers: { 'X-Long': 'x'.repeat(1000) } })).status).toBe(200);
    const long = await system.get('/healthz', { headers: { 'X-Long': 'x'.repeat(3000) } });
    expect(long.status).toBe(431);
    expect(await long.json()).toEqual({ error: 'Request Header Fields Too Large', code: 'HEADER_SIZE' });
    expect((await handshake({ 'X-Long': 'x'.repeat(3000) })).status).toBe(431);
    const { socket } = await handshake();
    socket.send('x'.repeat(500));
    socket.send('x'.repeat(501));
    expect((await once(socket, 'close'))[0]).toBe(1009);
    await system.eventually(() => slots() === 0, 'the slot');
  });

  it('closes clients after the configured silence, and pings before', async () => {
    await start({ limits: { ping_interval_seconds: 1, idle_timeout_seconds: 2 } });
    const target = { port: Number(new URL(system.server.url).port), host: '127.0.0.1' };
    const mute = await RawClient.upgraded(target);
    const { socket } = await handshake();
    await mute.until(() => mute.received.includes(Buffer.from([0x89, 0])), 'a ping');
    await mute.until(() => mute.received.includes(Buffer.from([0x88])), 'a close');
    expect(socket.readyState).toBe(WebSocket.OPEN);
    mute.socket.destroy();
  });
});

describe('webserver.allowed_origins', () => {
  it('refuses pages of other origins, and accepts clients without an origin', async () => {
    await start({ allowed_origins: ['https://app.example', 'https://*.app.example'] });
    expect((await handshake()).status).toBe(101);
    expect((await handshake({ Origin: 'https://app.example' })).status).toBe(101);
    expect((await handshake({ Origin: 'https://a.b.app.example' })).status).toBe(101);
    expect((await handshake({ Origin: 'https://evil.example' })).status).toBe(403);
    expect(refused('origin')).toBe(1);
    expect((await system.get('/healthz', { headers: { Origin: 'https://evil.example' } })).status).toBe(200);
  });
});
