import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ClientOptions } from 'ws';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { RawDeflate } from '../../src/stream/encoding/raw-deflate.js';
import { PIECE } from '../../src/stream/subscription/shared-slice.js';
import { StreamClients } from '../../src/stream/subscription/stream-clients.js';
import { StreamReader } from '../../src/testing/stream-reader.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { scrape } from '../support/metrics.js';
import { RawClient } from '../support/raw-client.js';
import { connectionOf } from '../support/stream-clients.js';

const DEFLATE = 'permessage-deflate';
/** How clients of `ws` ask for compression. */
const WITH_CONTEXT: ClientOptions = { perMessageDeflate: true };
const WITHOUT_CONTEXT: ClientOptions = { perMessageDeflate: { serverNoContextTakeover: true } };
const PLAIN: ClientOptions = { perMessageDeflate: false };

let system: TestSystem;
let log: SimulatedLog;
afterEach(async () => {
  vi.restoreAllMocks();
  await system.close();
});

async function start(): Promise<void> {
  system = await TestSystem.start({
    logs: [{ name: 'log', pageSize: 250 }],
    config: {
      prometheus: { enabled: true, listen_addr: '127.0.0.1' },
      webserver: { listen_addr: '127.0.0.1', compression_enabled: true },
    },
  });
  log = system.simulator.log('log');
}

const audienceOf = (kind: 'full' | 'lite' | 'domains') =>
  system.server.app.get(StreamClients).audiences[kind];

function connect(path: string, options: ClientOptions): Promise<StreamReader> {
  return StreamReader.connect(system.server.url.replace('http', 'ws') + path, options);
}

/** Returns the Sec-WebSocket-Extensions of the answer to a client that leaves after it. */
async function answerTo(offer: string): Promise<string | undefined> {
  const client = await RawClient.connect({
    port: Number(new URL(system.server.url).port),
    host: '127.0.0.1',
  });
  client.send(RawClient.upgradeRequest('/', [`Sec-WebSocket-Extensions: ${offer}`]));
  await client.until(() => client.text.includes('\r\n\r\n'), 'the answer to the handshake');
  const answer = /sec-websocket-extensions: ([^\r]*)/i.exec(client.text)?.[1];
  client.socket.destroy();
  await system.eventually(() => audienceOf('lite').clients.size === 0, 'the client to be gone');
  return answer;
}

async function grow(witness: StreamReader, count: number): Promise<void> {
  const wanted = witness.frames.length + count;
  log.append(count);
  log.publish();
  await witness.until(({ frames }) => frames.length >= wanted);
}

describe('permessage-deflate', () => {
  it.each([
    [DEFLATE, `${DEFLATE}; client_no_context_takeover`],
    [`${DEFLATE}; client_max_window_bits`, `${DEFLATE}; client_no_context_takeover`],
    [
      `${DEFLATE}; server_max_window_bits=15`,
      `${DEFLATE}; server_max_window_bits=15; client_no_context_takeover`,
    ],
    [
      `${DEFLATE}; server_no_context_takeover; client_no_context_takeover`,
      `${DEFLATE}; server_no_context_takeover; client_no_context_takeover`,
    ],
    [`${DEFLATE}; server_max_window_bits=10`, undefined],
  ])('answers the offer %s', async (offer, answer) => {
    await start();
    expect(await answerTo(offer)).toBe(answer);
  });

  it('sends every client the same messages, with and without context, whenever it joins', async () => {
    await start();
    for (const path of ['/full-stream', '/', '/domains-only']) {
      const witness = await connect(path, PLAIN);
      const joined: { reader: StreamReader; from: number }[] = [];
      for (let round = 0; round < 12; round++) {
        const from = witness.frames.length;
        for (const options of [WITH_CONTEXT, WITHOUT_CONTEXT])
          joined.push({ reader: await connect(path, options), from });
        await grow(witness, 1 + ((round * 7) % 25));
      }
      for (const { reader, from } of joined) {
        await reader.until(({ frames }) => frames.length >= witness.frames.length - from);
        expect(reader.frames).toEqual(witness.frames.slice(from));
      }
      await Promise.all([witness, ...joined.map(({ reader }) => reader)].map((reader) => reader.close()));
    }
    const samples = await scrape(system);
    for (const type of ['full', 'lite', 'domain']) {
      expect(samples.get(`compressed_messages_total{type="${type}"}`)).toBeGreaterThan(100);
      const plain = samples.get(`compressed_plain_bytes_total{type="${type}"}`)!;
      expect(samples.get(`compressed_bytes_total{type="${type}"}`)).toBeLessThan(plain / 2);
      expect(samples.get(`compression_failures_total{type="${type}"}`)).toBe(0);
    }
  });

  it('lets a slow client leave the context and use it again, without loss', async () => {
    await start();
    const witness = await connect('/full-stream', PLAIN);
    const reader = await connect('/full-stream', WITH_CONTEXT);
    const { clients, compression } = audienceOf('full');
    await system.eventually(() => clients.size === 2, 'the clients to be known');
    await grow(witness, 10);
    expect(compression).toMatchObject({ clients: 1, outsiders: 0 });
    const [, client] = clients;
    reader.socket.pause();
    while (client.backlog === 0) await grow(witness, 200);
    expect(client.connection.unsentBytes).toBeGreaterThanOrEqual(PIECE);
    expect(compression).toMatchObject({ clients: 0, outsiders: 1 });
    reader.socket.resume();
    await system.eventually(() => client.backlog === 0, 'the client to catch up');
    await system.eventually(() => client.connection.unsentBytes === 0, 'the rest to be sent');
    const before = compression.messages;
    await grow(witness, 64);
    expect(compression).toMatchObject({ clients: 1, outsiders: 0 });
    expect(compression.messages).toBeGreaterThan(before);
    await reader.until(({ frames }) => frames.length >= witness.frames.length);
    expect(reader.frames).toEqual(witness.frames);
  });

  it('is not disturbed by messages that a gateway of the application sends with ws', async () => {
    await start();
    const witness = await connect('/', PLAIN);
    const reader = await connect('/', WITH_CONTEXT);
    const { clients, compression } = audienceOf('lite');
    await system.eventually(() => clients.size === 2, 'the clients to be known');
    const [, client] = clients;
    const { webSocket } = connectionOf(client);
    const answers = ['a'.repeat(5000), 'b'.repeat(5000), 'a'.repeat(5000)];
    for (const answer of answers) {
      await grow(witness, 3);
      await new Promise<void>((resolve, reject) =>
        webSocket.send(answer, (error) => (error instanceof Error ? reject(error) : resolve())),
      );
      webSocket.send(answer, { binary: false });
    }
    await grow(witness, 3);
    await reader.until(({ frames }) => frames.length >= witness.frames.length + 2 * answers.length);
    expect(compression.messages).toBe(12);
    expect(reader.frames.filter((text) => text.startsWith('{'))).toEqual(witness.frames);
    expect(reader.frames.filter((text) => !text.startsWith('{'))).toEqual(
      answers.flatMap((answer) => [answer, answer]),
    );
  });

  it('is per message where this Node.js cannot share a context', async () => {
    vi.spyOn(RawDeflate, 'isAvailable', 'get').mockReturnValue(false);
    await start();
    expect(await answerTo(DEFLATE)).toContain('server_no_context_takeover');
    const witness = await connect('/', PLAIN);
    const readers = await Promise.all([connect('/', WITH_CONTEXT), connect('/', WITHOUT_CONTEXT)]);
    await system.eventually(() => audienceOf('lite').clients.size === 3, 'the clients to be known');
    for (let i = 0; i < 3; i++) await grow(witness, 20);
    for (const reader of readers) {
      await reader.until(({ frames }) => frames.length >= 60);
      expect(reader.frames).toEqual(witness.frames);
    }
    expect(audienceOf('lite').compression).toMatchObject({ messages: 0, clients: 0, outsiders: 0 });
  });
});
