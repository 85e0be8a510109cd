import { afterEach, describe, expect, it } from 'vitest';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Subscriber } from '../src/stream/subscription/subscriber.js';
import { StreamClients } from '../src/stream/subscription/stream-clients.js';
import { SseStreams } from '../src/stream/sse/sse-streams.js';
import { TestSystem, type TestSystemOptions } from '../src/testing/test-system.js';
import { range } from './support/range.js';
import { SseReader } from './support/sse-reader.js';

let system: TestSystem;
const readers: SseReader[] = [];
afterEach(async () => {
  for (const { socket } of readers.splice(0)) socket.destroy();
  await system.close();
});

async function start(options: TestSystemOptions = {}): Promise<void> {
  system = await TestSystem.start({ logs: [{ name: 'log' }], ...options });
}

const target = () => ({ port: Number(new URL(system.url).port), host: '127.0.0.1' });

function get(path: string, ...headers: readonly string[]): SseReader {
  const reader = SseReader.get(target(), path, ...headers);
  readers.push(reader);
  return reader;
}

/** Requests a stream and waits until the client has joined it. */
async function open(path = '/sse', ...headers: readonly string[]): Promise<SseReader> {
  const before = joined();
  const reader = get(path, ...headers);
  await system.eventually(() => joined() > before, 'the client');
  await reader.until(() => reader.retry !== undefined, 'start of the stream');
  return reader;
}

const clients = () => system.server.app.get(StreamClients);
/** Number of clients ever. */
const joined = () =>
  Object.values(clients().audiences).reduce((sum, { stats }) => sum + stats.connections, 0);

/** The server's side of the only client. */
function onlyClient(): Subscriber {
  const all = Object.values(clients().audiences).flatMap((audience) => [...audience.clients]);
  expect(all).toHaveLength(1);
  return all[0];
}

function grow(count: number): void {
  system.simulator.log('log').append(count);
  system.simulator.log('log').publish();
}

describe('an event stream', () => {
  it('carries the JSON of the WebSocket streams, one event for each message, with a cursor', async () => {
    await start();
    for (const [name, path] of [
      ['full', '/full-stream'],
      ['lite', '/'],
      ['domains', '/domains-only'],
      ['domains-only', '/domains-only'],
    ] as const) {
      const webSocket = await system.connect(path);
      const reader = await open(`/sse?stream=${name}`);
      grow(20);
      await webSocket.until(({ frames }) => frames.length >= 20);
      await reader.until(() => reader.events.length >= 20, 'twenty events');
      expect(reader.events.map(({ data }) => data)).toEqual(webSocket.frames.map((frame) => frame.trimEnd()));
      expect(new Set(reader.events.map(({ type }) => type))).toEqual(new Set(['message']));
      expect(new Set(reader.events.map(({ id }) => id)).size).toBe(20);
      await webSocket.close();
      await reader.cut();
    }
  });

  it('is answered with headers that keep caches and proxies from holding events back', async () => {
    await start();
    const reader = await open();
    expect(reader.head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (const line of [
      'Content-Type: text/event-stream; charset=utf-8',
      'Cache-Control: no-store, no-transform',
      'X-Accel-Buffering: no',
      'Access-Control-Allow-Origin: *',
      'Connection: close',
    ])
      expect(reader.head).toContain(`${line}\r\n`);
    expect(reader.head).not.toMatch(/transfer-encoding|content-length/i);
    expect(reader.retry).toBe(1000);
  });
});

describe('a client that reconnects with Last-Event-ID', () => {
  it('misses nothing and gets nothing twice while the stream runs', async () => {
    await start();
    let reader = await open('/sse?stream=domains&since=-1h');
    const ids: string[] = [];
    const texts: string[] = [];
    let total = 0;
    for (let cuts = 0; cuts < 15; cuts++) {
      grow(40 + cuts * 17);
      total += 40 + cuts * 17;
      const wanted = cuts % 3 === 0 ? 0 : 1 + ((cuts * 31) % 90);
      await reader.until(() => reader.events.length >= wanted, `${wanted} events`);
      await reader.cut();
      for (const { type, id, data } of reader.events)
        if (type === 'message') {
          ids.push(id);
          texts.push(data);
        }
      const headers = reader.lastEventId === '' ? [] : [`Last-Event-ID: ${reader.lastEventId}`];
      reader = await open('/sse?stream=domains&since=-1h', ...headers);
    }
    await reader.until(
      () => ids.length + reader.events.filter(({ type }) => type === 'message').length >= total,
      'all events',
    );
    grow(1);
    await reader.until(
      () => reader.events.at(-1)!.id !== ids.at(-1) && reader.of('live').length === 1,
      'live',
    );
    await reader.until(
      () => ids.length + reader.events.filter(({ type }) => type === 'message').length > total,
      'the last event',
    );
    const all = [...ids, ...reader.events.filter(({ type }) => type === 'message').map(({ id }) => id)];
    expect(all).toHaveLength(total + 1);
    expect(new Set(all).size).toBe(total + 1);
  });

  it('continues where it was cut off before the first event', async () => {
    await start();
    const first = await open();
    await first.until(() => first.lastEventId !== '', 'an id');
    await first.cut();
    grow(30);
    await system.eventually(() => system.stream.stats.entries === 30, 'the entries');
    const second = await open('/sse', `Last-Event-ID: ${first.lastEventId}`);
    await second.until(() => second.of('live').length === 1, 'the end of the replay');
    expect(second.indices()).toEqual(range(0, 30));
    expect(second.events.at(-1)!.id).toBe((second.of('live')[0] as { data: { cursor: string } }).data.cursor);
  });

  it('gets a gap and the oldest entries when this server does not know the id, whatever since says', async () => {
    await start();
    grow(10);
    await system.eventually(() => system.stream.stats.entries === 10, 'the entries');
    for (const id of ['another.1.2.3', 'x'.repeat(3000), '17', '"'])
      for (const query of ['', '?since=nonsense']) {
        const reader = get(`/sse${query}`, `Last-Event-ID: ${id}`);
        await reader.until(() => reader.of('live').length === 1, 'the end of the replay');
        const [gap] = reader.events;
        expect([gap.type, gap.id]).not.toContain('message');
        expect(JSON.parse(gap.data)).toMatchObject({
          message_type: 'gap',
          dropped: 0,
          disconnecting: false,
          data: { reason: 'expired', from: id.slice(0, 64), to: gap.id, cursor: gap.id },
        });
        expect(reader.indices()).toEqual(range(0, 10));
        await reader.cut();
      }
    // The query alone is a mistake that the user can correct.
    const mistaken = get('/sse?since=another.1.2.3');
    await mistaken.until(() => mistaken.body.endsWith('}'), 'an answer');
    expect([mistaken.status, JSON.parse(mistaken.body)]).toMatchObject([400, { code: 'STREAM_SINCE' }]);
    expect(JSON.parse(mistaken.body)).toHaveProperty('oldest');
  });

  it('keeps a fresh id by heartbeats although its filter lets nothing through', async () => {
    await start();
    const reader = await open('/sse?domain=nothing.invalid');
    const { lastEventId: before } = reader;
    grow(50);
    await system.eventually(() => system.stream.stats.entries === 50, 'the entries');
    system.server.app.get(SseStreams).beat();
    await reader.until(() => reader.comments.includes('heartbeat'), 'a heartbeat');
    await reader.until(() => reader.lastEventId !== before, 'a new id');
    expect(reader.events).toEqual([]);
    const later = await open('/sse', `Last-Event-ID: ${reader.lastEventId}`);
    grow(1);
    await later.until(() => later.messages().length > 0, 'an event');
    expect(later.indices()).toEqual([50]);
  });
});

describe('the parameters of an event stream', () => {
  it('are those of the WebSocket streams', async () => {
    await start();
    const calidog = await open('/sse?format=calidog&stream=full');
    const limited = await open('/sse?limit=5');
    grow(20);
    await calidog.until(() => calidog.events.length >= 20, 'events');
    expect(calidog.events[0].data).toContain('"as_der"');
    await limited.ended();
    expect(limited.indices()).toEqual(range(0, 5));
    expect(limited.comments).toEqual(['limit reached']);
    const next = get('/sse?limit=5', `Last-Event-ID: ${limited.lastEventId}`);
    await next.ended();
    expect(next.indices()).toEqual(range(5, 10));
    const since = await open('/sse?since=-1h&domain=com');
    await since.until(() => since.of('live').length === 1, 'the end of the replay');
    const names = since
      .messages()
      .map(({ data }) => (data as unknown as { leaf_cert: { all_domains: string[] } }).leaf_cert.all_domains);
    for (const all of names) expect(all.some((name) => name.endsWith('.com'))).toBe(true);
  });

  it.each([
    ['stream=v2', 'STREAM_NAME'],
    ['stream=', 'STREAM_NAME'],
    ['stream=full&stream=lite', 'STREAM_NAME'],
    ['strem=full', 'FILTER_UNKNOWN_PARAMETER'],
    ['format=xml', 'STREAM_FORMAT'],
    ['slow=block', 'STREAM_SLOW'],
    ['events=2', 'STREAM_OPTION'],
    ['limit=0', 'STREAM_LIMIT'],
    ['domain=a.com,,b.com', 'FILTER_EMPTY_TERM'],
  ])('%s is answered with 400 %s', async (query, code) => {
    await start();
    const answer = await system.get(`/sse?${query}`);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code, error: expect.any(String) }]);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });
});

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
      await system.eventually(() => clients().count === 0, 'the end');
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
    const second = await system.get(`/sse?token=${lite}`);
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
    const webSocket = await system.connect('/');
    const third = await system.get('/sse');
    expect([third.status, await third.json()]).toMatchObject([429, { code: 'ADDRESS_CONNECTIONS' }]);
    expect(third.headers.get('retry-after')).toBe('30');
    const metrics = await (await system.get('/metrics')).text();
    expect(metrics).toContain('sse_connections{type="full"} 1');
    expect(metrics).toContain('sse_connections{type="lite"} 0');
    expect(metrics).toContain('open_websockets 1');
    const { connections } = (await (await system.get('/api/stats')).json()) as { connections: object };
    expect(connections).toMatchObject({ total: 2, websocket: 1, sse: 1 });
    await reader.cut();
    await system.eventually(async () => clients().count === 1, 'the free slot');
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
    const head = await system.get('/sse?stream=full', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(await head.text()).toBe('');
    expect((await system.get('/sse?stream=none', { method: 'HEAD' })).status).toBe(400);
    const post = await system.get('/sse', { method: 'POST', body: '{}' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const body = get('/sse', 'Content-Length: 2');
    await body.until(() => body.body.endsWith('}'), 'an answer');
    expect([body.status, JSON.parse(body.body)]).toMatchObject([400, { code: 'STREAM_BODY' }]);
    expect(clients().count).toBe(0);
  });

  it('is possible at the configured path', async () => {
    await start({ config: { webserver: { listen_addr: '127.0.0.1', sse_url: '/events' } } });
    await open('/events/');
    expect((await system.get('/sse')).status).toBe(404);
  });
});

describe('the connection of an event stream', () => {
  it('serves clients of HTTP/1.0, and survives what a client sends after its request', async () => {
    await start();
    const old = new SseReader(target(), 'GET /sse HTTP/1.0\r\n\r\n');
    readers.push(old);
    const noisy = await open();
    noisy.socket.write('GET /latest.json HTTP/1.1\r\nHost: x\r\n\r\n\u0000garbage');
    const pipelined = new SseReader(
      target(),
      'GET /sse HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    );
    readers.push(pipelined);
    await system.eventually(() => clients().count === 3, 'three clients');
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
    const incomplete = new SseReader(target(), 'GET /sse HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HT');
    readers.push(incomplete);
    await incomplete.ended();
    expect(incomplete.status).toBe(200);
    expect(incomplete.events).toEqual([]);
    await system.eventually(() => clients().count === 0, 'no clients');
    const twice = new SseReader(target(), 'GET /sse HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
    readers.push(twice);
    await twice.ended();
    await system.eventually(() => clients().count === 0, 'no clients');
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
      const { entries } = system.stream.stats;
      await system.eventually(() => system.stream.stats.entries >= entries + 500, 'the entries');
    }
    socket.setTimeout(100);
    await system.eventually(() => clients().count === 0, 'the end of the client');
  });
});

describe('a slow client of an event stream', () => {
  const SMALL = { general: { buffer_sizes: { websocket: 300 } }, journal: { max_mb: 64 } };

  /** Grows the log until the condition holds. */
  async function growUntil(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { entries } = system.stream.stats;
      grow(250);
      await system.eventually(() => system.stream.stats.entries >= entries + 250, 'the entries');
    }
  }

  it('gets a gap event with the missing entries', async () => {
    await start({ config: SMALL });
    const reader = await open('/sse?stream=full');
    const client = onlyClient();
    reader.socket.pause();
    await growUntil(() => client.stats.dropped > 500);
    const { size } = system.simulator.log('log');
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
    const { size } = system.simulator.log('log');
    reader.socket.resume();
    await reader.ended();
    const again = await open('/sse?stream=full&slow=close', `Last-Event-ID: ${reader.lastEventId}`);
    await again.until(() => again.indices().at(-1) === size - 1, 'the last entry');
    expect([...reader.indices(), ...again.indices()]).toEqual(range(0, size));
  });

  it('holds no messages while it replays', async () => {
    await start({ config: SMALL });
    grow(5000);
    await system.eventually(() => system.stream.stats.entries >= 5000, 'the entries');
    const reader = get('/sse?stream=full&since=-1h');
    reader.socket.pause();
    await system.eventually(
      () => clients().count === 1 && onlyClient().connection.isFull,
      'a full connection',
    );
    const client = onlyClient();
    const unsent = client.connection.unsentBytes;
    await growUntil(() => system.stream.stats.entries >= 6000);
    expect(client.backlog).toBe(0);
    expect(client.connection.unsentBytes).toBeLessThanOrEqual(unsent);
    reader.socket.resume();
    await reader.until(() => reader.of('live').length === 1, 'the end of the replay');
    expect(client.stats.dropped).toBe(0);
    expect(reader.indices()).toEqual(range(0, system.simulator.log('log').size));
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
    const stopped = system.server.stop();
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
      const { entries } = system.stream.stats;
      grow(500);
      await system.eventually(() => system.stream.stats.entries >= entries + 500, 'the entries');
    }
    await system.server.stop();
    expect(clients().count).toBe(0);
    reader.socket.resume();
    await once(reader.socket, 'close');
  });
});

const hasCurl = spawnSync('curl', ['--version']).status === 0;
if (!hasCurl) console.warn('SKIPPED a part of test/sse.test.ts: no curl on the path');

describe.skipIf(!hasCurl)('curl', () => {
  it.each([['-N'], ['-N', '--compressed'], ['-N', '--http1.0']])(
    'prints each event at once with %s %s',
    async (...options) => {
      await start({ config: { webserver: { listen_addr: '127.0.0.1', compression_enabled: true } } });
      const curl = spawn('curl', [
        '-s',
        '--noproxy',
        '*',
        ...options,
        `${system.url}/sse?stream=domains&limit=20`,
      ]);
      const ended = once(curl, 'close') as Promise<[number]>;
      let printed = '';
      curl.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
      await system.eventually(() => clients().count === 1, 'curl');
      for (let i = 1; i <= 20; i++) {
        grow(1);
        await system.eventually(() => printed.split('\ndata: ').length > i, 'the event');
      }
      const [status] = await ended;
      expect(status).toBe(0);
      expect(printed.match(/^id: /gm)).toHaveLength(21);
      expect(printed).toMatch(/^retry: 1000\n\nid: .*\n\n: limit reached\n\nretry: 1000\n\n$/s);
    },
  );
});
