import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StreamKind } from '../src/certificate/certificate-batch.js';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import { STREAM_KINDS } from '../src/stream/subscription/stream-paths.js';
import { STREAM_TIMINGS, type StreamTimings } from '../src/stream/websocket/keep-alive.js';
import { StreamClients } from '../src/stream/subscription/stream-clients.js';
import { LogIndices } from './support/log-indices.js';
import { scrape } from './support/metrics.js';
import { StreamReader } from '../src/testing/stream-reader.js';
import { range } from './support/range.js';
import { TestSystem } from '../src/testing/test-system.js';

const METRICS = { enabled: true, listen_addr: '127.0.0.1' };

let system: TestSystem;
let log: SimulatedLog;

async function start(config: Record<string, Record<string, unknown>> = {}): Promise<void> {
  system = await TestSystem.start({
    logs: [{ name: 'log', pageSize: 250 }],
    config: { prometheus: METRICS, ...config },
  });
  log = system.simulator.log('log');
}

function grow(count: number): void {
  log.append(count);
  log.publish();
}

const wsUrl = (path: string): string => system.server.url.replace('http', 'ws') + path;

const clientsOf = (kind: StreamKind) => [...system.server.app.get(StreamClients).audiences[kind].clients];

describe('clients of all kinds', () => {
  beforeAll(() => start({ webserver: { listen_addr: '127.0.0.1', compression_enabled: true } }));
  afterAll(() => system?.close());

  it.each([
    ['/full-stream', 'full'],
    ['/full-stream/', 'full'],
    ['/full-stream?a=b', 'full'],
    ['/full-stream/?a=b&c', 'full'],
    ['/', 'lite'],
    ['', 'lite'],
    ['/?', 'lite'],
    ['/domains-only', 'domains'],
    ['/domains-only/', 'domains'],
    ['/domains-only/?x=/full-stream', 'domains'],
  ] as const)('receive the stream of %j', async (path, kind) => {
    const reader = await StreamReader.connect(wsUrl(path));
    await system.eventually(() => clientsOf(kind).length === 1, 'the client to be known');
    grow(1);
    await reader.until(({ frames }) => frames.length === 1);
    const data = (JSON.parse(reader.frames[0]) as { data: unknown }).data;
    expect(
      Array.isArray(data)
        ? 'domains'
        : 'as_der' in (data as { leaf_cert: object }).leaf_cert
          ? 'full'
          : 'lite',
    ).toBe(kind);
    await reader.close();
    await system.eventually(() => clientsOf(kind).length === 0, 'the client to be gone');
  });

  it('may send text, binary, pings and pongs', async () => {
    const reader = await system.connect('/');
    const pong = once(reader.socket, 'pong');
    reader.socket.send('ping');
    reader.socket.send('{"type":"subscribe"}');
    reader.socket.send(Buffer.alloc(4_000, 1));
    reader.socket.send('');
    reader.socket.pong('unasked');
    reader.socket.ping('are you there?');
    expect(String((await pong)[0])).toBe('are you there?');
    const from = log.size;
    grow(10);
    await reader.until(({ frames }) => frames.length >= 10);
    expect(reader.indices(log.url)).toEqual(range(from, from + 10));
    await reader.close();
  });

  it('receive the same texts with and without compression', async () => {
    for (const path of ['/full-stream', '/', '/domains-only']) {
      const plain = await StreamReader.connect(wsUrl(path), { perMessageDeflate: false });
      const compressed = await StreamReader.connect(wsUrl(path), { perMessageDeflate: true });
      expect([plain.socket.extensions, compressed.socket.extensions]).toEqual([
        '',
        expect.stringContaining('permessage-deflate') as string,
      ]);
      grow(100);
      await Promise.all(
        [plain, compressed].map((reader) => reader.until(({ frames }) => frames.length >= 100)),
      );
      expect(compressed.frames).toEqual(plain.frames);
      await Promise.all([plain.close(), compressed.close()]);
    }
  });

  it('join and leave by the hundred without traces', async () => {
    const witness = new LogIndices(await system.connect('/'));
    const from = log.size;
    for (let round = 0; round < 5; round++) {
      grow(20);
      const burst = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          StreamReader.connect(wsUrl(['/full-stream', '/', '/domains-only'][i % 3])),
        ),
      );
      for (const [i, reader] of burst.entries()) {
        if (i % 2 === 0) reader.socket.terminate();
        else reader.socket.close();
      }
      await Promise.all(burst.map(({ closed }) => closed));
    }
    await witness.upTo(from + 100, log);
    expect(witness.of(log)).toEqual(range(from, from + 100));
    await witness.reader.close();
    const left = () => STREAM_KINDS.flatMap(clientsOf);
    await system.eventually(() => left().length === 0, 'all clients to be gone');
    expect((await scrape(system)).get('clients_total{type="full"}')).toBe(0);
  });

  it('receive every message in order, fifty clients on three streams', async () => {
    const paths = ['/full-stream', '/', '/domains-only'];
    const readers = await Promise.all(Array.from({ length: 50 }, (_, i) => system.connect(paths[i % 3])));
    const from = log.size;
    grow(400);
    await Promise.all(readers.map((reader) => reader.until(({ frames }) => frames.length >= 400)));
    for (const path of [0, 1]) expect(readers[path].indices(log.url)).toEqual(range(from, from + 400));
    for (const [i, { frames }] of readers.entries()) expect(frames).toEqual(readers[i % 3].frames);
  });

  it('are closed with 1001 when the server stops, after all streamed messages', async () => {
    const reader = new LogIndices(await system.connect('/'));
    const from = log.size;
    grow(50);
    await reader.upTo(from + 50, log);
    await system.server.stop();
    expect(await reader.reader.closed).toEqual({ code: 1001, reason: 'server is shutting down' });
    await expect(StreamReader.connect(wsUrl('/'))).rejects.toThrow('ECONNREFUSED');
  });
});

describe('a client that does not read', () => {
  const LIMIT = 300;
  const CHUNK = 250;

  beforeAll(() => start({ general: { buffer_sizes: { websocket: LIMIT } } }));
  afterAll(() => system?.close());

  it('misses messages, which are counted, without loss for other clients, and continues when it reads again', async () => {
    const slow = await system.connect('/full-stream');
    await system.eventually(() => clientsOf('full').length === 1, 'the slow client');
    const [slowClient] = clientsOf('full');
    const others = await Promise.all(
      ['/full-stream', '/', '/domains-only'].map((path) => system.connect(path)),
    );
    slow.socket.pause();

    let sent = 0;
    while (slowClient.stats.dropped < 2 * CHUNK) {
      grow(CHUNK);
      sent += CHUNK;
      await Promise.all(others.map((reader) => reader.until(({ frames }) => frames.length >= sent)));
      // The limit, and the batch that was queued as a whole below it.
      expect(slowClient.backlog).toBeLessThanOrEqual(LIMIT + CHUNK);
    }
    for (const reader of others) expect(reader.frames).toHaveLength(sent);
    for (const reader of others.slice(0, 2)) expect(reader.indices(log.url)).toEqual(range(0, sent));

    const { dropped } = slowClient.stats;
    const messages = slowClient.stats.messages + slowClient.backlog;
    expect(messages + dropped).toBe(sent);
    const samples = await scrape(system);
    expect(samples.get(`skipped_certs{client="${slowClient.address}"}`)).toBe(dropped);
    expect(samples.get('dropped_messages_total{type="full"}')).toBe(dropped);
    expect(samples.get('dropped_messages_total{type="lite"}')).toBe(0);
    expect(
      [...samples].filter(([name, value]) => name.startsWith('skipped_certs') && value > 0),
    ).toHaveLength(1);

    slow.socket.resume();
    await slow.until(({ frames }) => frames.length === messages);
    grow(CHUNK);
    await slow.until(({ frames }) => frames.length === messages + CHUNK);
    const indices = slow.indices(log.url);
    expect(indices).toEqual([...new Set(indices)].sort((a, b) => a - b));
    expect(indices.slice(-CHUNK)).toEqual(range(sent, sent + CHUNK));
    expect(slowClient.stats.dropped).toBe(dropped);
  });
});

describe('a client that is silent', () => {
  beforeAll(async () => {
    await start();
    // The default of 65 s is too long for a test. The server reads these timings before its first client connects.
    const timings: Partial<StreamTimings> = { pingInterval: 50, idleTimeout: 2000, checkInterval: 50 };
    Object.assign(system.server.app.get<StreamTimings>(STREAM_TIMINGS), timings);
  });
  afterAll(() => system?.close());

  it('is closed with 1001, while one that answers pings stays', async () => {
    const silent = await StreamReader.connect(wsUrl('/'), { autoPong: false });
    const alive = await system.connect('/');
    const pinged = once(silent.socket, 'ping');
    expect(await silent.closed).toMatchObject({ code: 1001 });
    await pinged;
    grow(3);
    await alive.until(({ frames }) => frames.length === 3);
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
  });
});
