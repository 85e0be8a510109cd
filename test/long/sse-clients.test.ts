import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { range } from '../support/range.js';
import { SseReader } from '../support/sse-reader.js';
import { sseSystem } from '../support/sse-system.js';

const { system, target, clients, track, get, start, open, onlyClient, grow } = sseSystem();

describe('access to an event stream', () => {
  it('needs a token that opens the stream', async () => {
    const [lite, all] = ['lite-token-0123456789', 'all-token-0123456789'];
    await start({
      config: {
        auth: {
          tokens: [
            { name: 'lite', token: lite, streams: ['lite'], max_connections: 1 },
            { name: 'all', token: all },
          ],
        },
      },
    });
    const statusOf = async (path: string, ...headers: string[]) => {
      const reader = get(path, ...headers);
      await reader.until(() => reader.head !== undefined, 'an answer');
      const { status } = reader;
      await reader.cut();
      await system().eventually(() => clients().count === 0, 'the end');
      return status;
    };
    expect(await statusOf('/sse')).toBe(401);
    expect(await statusOf('/sse?token=wrong-token-0123456789')).toBe(401);
    expect(await statusOf(`/sse?token=${lite}`)).toBe(200);
    expect(await statusOf('/sse', `Authorization: Bearer ${lite}`)).toBe(200);
    expect(await statusOf(`/sse?stream=full&token=${lite}`)).toBe(403);
    expect(await statusOf(`/sse?stream=domains&token=${lite}`)).toBe(403);
    expect(await statusOf(`/sse?stream=domains-only&token=${all}`)).toBe(200);
    await open(`/sse?token=${lite}`);
    const second = await system().get(`/sse?token=${lite}`);
    expect([second.status, await second.json()]).toMatchObject([429, { code: 'TOKEN_CONNECTIONS' }]);
  });

  it('counts for the limits of WebSocket clients', async () => {
    await start({
      config: {
        prometheus: { enabled: true, listen_addr: '127.0.0.1' },
        webserver: { listen_addr: '127.0.0.1', limits: { max_connections_per_address: 2 } },
      },
    });
    const reader = await open('/sse?stream=full');
    const webSocket = await system().connect('/');
    const third = await system().get('/sse');
    expect([third.status, await third.json()]).toMatchObject([429, { code: 'ADDRESS_CONNECTIONS' }]);
    expect(third.headers.get('retry-after')).toBe('30');
    const metrics = await (await system().get('/metrics')).text();
    expect(metrics).toContain('sse_connections{type="full"} 1');
    expect(metrics).toContain('sse_connections{type="lite"} 0');
    expect(metrics).toContain('open_websockets 1');
    const { connections } = (await (await system().get('/api/stats')).json()) as { connections: object };
    expect(connections).toMatchObject({ total: 2, websocket: 1, sse: 1 });
    await reader.cut();
    await system().eventually(async () => clients().count === 1, 'the free slot');
    await open();
    await webSocket.close();
  });

  it('is limited by the rate of handshakes', async () => {
    await start({
      config: {
        webserver: { listen_addr: '127.0.0.1', limits: { handshakes_per_second_per_address: 0.2 } },
      },
    });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const reader = get('/sse');
      await reader.until(() => reader.head !== undefined, 'an answer');
      statuses.push(reader.status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('answers HEAD without a body and other methods with 405', async () => {
    await start();
    const head = await system().get('/sse?stream=full', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(await head.text()).toBe('');
    expect((await system().get('/sse?stream=none', { method: 'HEAD' })).status).toBe(400);
    const post = await system().get('/sse', { method: 'POST', body: '{}' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const body = get('/sse', 'Content-Length: 2');
    await body.until(() => body.body.endsWith('}'), 'an answer');
    expect([body.status, JSON.parse(body.body)]).toMatchObject([400, { code: 'STREAM_BODY' }]);
    expect(clients().count).toBe(0);
  });

  it('is possible at the configured path', async () => {
    await start({ config: { webserver: { listen_addr: '127.0.0.1', sse_url: '/events' } } });
    await open('/events/');
    expect((await system().get('/sse')).status).toBe(404);
  });
});

describe('the connection of an event stream', () => {
  it('serves clients of HTTP/1.0, and survives what a client sends after its request', async () => {
    await start();
    const old = new SseReader(target(), 'GET /sse HTTP/1.0\r\n\r\n');
    track(old);
    const noisy = await open();
    noisy.socket.write('GET /latest.json HTTP/1.1\r\nHost: localhost\r\n\r\n\u0000garbage');
    const pipelined = new SseReader(
      target(),
      'GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    );
    track(pipelined);
    await system().eventually(() => clients().count === 3, 'three clients');
    grow(10);
    for (const reader of [old, noisy, pipelined]) {
      await reader.until(() => reader.events.length >= 10, 'ten events');
      expect(reader.indices()).toEqual(range(0, 10));
      expect(reader.comments).toEqual([]);
    }
  });

  it('is cut when the client sends very much, ends its half, or leaves a request incomplete', async () => {
    await start({
      config: {
        webserver: {
          listen_addr: '127.0.0.1',
          limits: { bytes_per_second_per_client: 10, handshake_timeout_seconds: 0.5 },
        },
      },
    });
    const flood = await open();
    flood.socket.write(Buffer.alloc(1_000_000));
    await flood.ended();
    const half = await open();
    half.socket.end();
    await half.ended();
    const incomplete = new SseReader(target(), 'GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HT');
    track(incomplete);
    await incomplete.ended();
    expect(incomplete.status).toBe(200);
    expect(incomplete.events).toEqual([]);
    await system().eventually(() => clients().count === 0, 'no clients');
    const twice = new SseReader(target(), 'GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2));
    track(twice);
    await twice.ended();
    await system().eventually(() => clients().count === 0, 'no clients');
  });

  it('is not subject to the times of requests, but to the idle timeout when the client does not read', async () => {
    await start();
    const reader = await open();
    const { socket } = onlyClient().connection as unknown as {
      socket: { timeout: number; setTimeout(ms: number): void };
    };
    expect(socket.timeout).toBe(65_000);
    reader.socket.pause();
    while (!onlyClient().connection.isFull) {
      grow(500);
      const { entries } = system().stream.stats;
      await system().eventually(() => system().stream.stats.entries >= entries + 500, 'the entries');
    }
    socket.setTimeout(100);
    await system().eventually(() => clients().count === 0, 'the end of the client');
  });
});

describe('a slow client of an event stream', () => {
  const SMALL = { general: { buffer_sizes: { websocket: 300 } }, journal: { max_mb: 64 } };

  /** Grows the log until the condition holds. */
  async function growUntil(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { entries } = system().stream.stats;
      grow(250);
      await system().eventually(() => system().stream.stats.entries >= entries + 250, 'the entries');
    }
  }

  it('gets a gap event with the missing entries', async () => {
    await start({ config: SMALL });
    const reader = await open('/sse?stream=full');
    const client = onlyClient();
    reader.socket.pause();
    await growUntil(() => client.stats.dropped > 500);
    const { size } = system().simulator.log('log');
    reader.socket.resume();
    await reader.until(() => reader.indices().at(-1) === size - 1, 'the last entry');
    interface Gap {
      readonly dropped: number;
      readonly disconnecting: boolean;
      readonly data: { messages: number; reason: string; logs: { ranges: { from: number; to: number }[] }[] };
    }
    const gaps = reader.of('gap') as Gap[];
    const missing = gaps.flatMap(({ data }) => data.logs.flatMap(({ ranges }) => ranges));
    const lost = missing.flatMap(({ from, to }) => range(from, to + 1));
    expect(gaps.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(client.stats.dropped);
    expect(gaps.every(({ disconnecting, data }) => !disconnecting && data.reason === 'slow')).toBe(true);
    expect([...reader.indices(), ...lost].toSorted((a, b) => a - b)).toEqual(range(0, size));
  });

  it('loses nothing with slow=close and a reconnect', async () => {
    await start({ config: SMALL });
    const reader = await open('/sse?stream=full&slow=close');
    reader.socket.pause();
    await growUntil(() => clients().audiences.full.stats.closedSlow === 1);
    const { size } = system().simulator.log('log');
    reader.socket.resume();
    await reader.ended();
    const again = await open('/sse?stream=full&slow=close', `Last-Event-ID: ${reader.lastEventId}`);
    await again.until(() => again.indices().at(-1) === size - 1, 'the last entry');
    expect([...reader.indices(), ...again.indices()]).toEqual(range(0, size));
  });

  it('holds no messages while it replays', async () => {
    await start({ config: SMALL });
    grow(5000);
    await system().eventually(() => system().stream.stats.entries >= 5000, 'the entries');
    const reader = get('/sse?stream=full&since=-1h');
    reader.socket.pause();
    await system().eventually(
      () => clients().count === 1 && onlyClient().connection.isFull,
      'a full connection',
    );
    const client = onlyClient();
    const unsent = client.connection.unsentBytes;
    await growUntil(() => system().stream.stats.entries >= 6000);
    expect(client.backlog).toBe(0);
    expect(client.connection.unsentBytes).toBeLessThanOrEqual(unsent);
    reader.socket.resume();
    await reader.until(() => reader.of('live').length === 1, 'the end of the replay');
    expect(client.stats.dropped).toBe(0);
    expect(reader.indices()).toEqual(range(0, system().simulator.log('log').size));
  });
});

describe('an event stream at the end of the server', () => {
  it('ends after the last message with the time to reconnect', async () => {
    await start();
    const reader = await open();
    const replaying = await open('/sse?since=-1h');
    grow(100);
    await reader.until(() => reader.events.length >= 100, 'the events');
    reader.retry = undefined;
    const stopped = system().server.stop();
    await reader.ended();
    await replaying.ended();
    await stopped;
    expect(reader.indices()).toEqual(range(0, 100));
    expect([reader.retry, reader.comments.at(-1)]).toEqual([1000, 'server is shutting down']);
  });

  it('does not wait for a client that does not read', async () => {
    await start();
    const reader = await open('/sse?stream=full');
    reader.socket.pause();
    while (!onlyClient().connection.isFull) {
      const { entries } = system().stream.stats;
      grow(500);
      await system().eventually(() => system().stream.stats.entries >= entries + 500, 'the entries');
    }
    await system().server.stop();
    expect(clients().count).toBe(0);
    reader.socket.resume();
    await once(reader.socket, 'close');
  });
});
