import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { StreamKind } from '../src/certificate/certificate-batch.js';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import { CertificateFeed } from '../src/feed/certificate-feed.js';
import type { Subscriber } from '../src/stream/subscription/subscriber.js';
import { StreamClients } from '../src/stream/subscription/stream-clients.js';
import { scrape } from './support/metrics.js';
import { type StreamReader } from '../src/testing/stream-reader.js';
import { range } from './support/range.js';
import { TestSystem } from '../src/testing/test-system.js';

const LIMIT = 300;
const CHUNK = 250;

interface GapData {
  readonly messages: number;
  readonly logs: { url: string; ranges: { from: number; to: number }[] }[];
  readonly truncated: boolean;
}
interface Message {
  readonly message_type: string;
  readonly data: GapData & { cert_index: number; source: { url: string } };
}

let system: TestSystem;

async function start(logs: string[], config: Record<string, Record<string, unknown>> = {}): Promise<void> {
  system = await TestSystem.start({
    logs: logs.map((name) => ({ name, pageSize: 250 })),
    config: {
      prometheus: { enabled: true, listen_addr: '127.0.0.1' },
      general: { buffer_sizes: { websocket: LIMIT } },
      ...config,
    },
  });
}

function grow(count: number, logs: readonly SimulatedLog[] = system.simulator.logs): void {
  for (const log of logs) {
    log.append(count);
    log.publish();
  }
}

const clientsOf = (kind: StreamKind) => system.server.app.get(StreamClients).audiences[kind].clients;

async function connectPaused(path: string): Promise<{ reader: StreamReader; client: Subscriber }> {
  const known = new Set(clientsOf('full'));
  const reader = await system.connect(path);
  await system.eventually(() => clientsOf('full').size > known.size, 'the client to be known');
  reader.socket.pause();
  return { reader, client: [...clientsOf('full')].find((client) => !known.has(client))! };
}

/** Grows the logs until `isEnough`. The witness shows that every entry was streamed. */
async function growUntil(witness: StreamReader, isEnough: () => boolean): Promise<void> {
  let wanted = witness.frames.length;
  while (!isEnough()) {
    grow(CHUNK);
    wanted += CHUNK * system.simulator.logs.length;
    await witness.until(({ frames }) => frames.length >= wanted);
  }
}

describe('a slow client of two logs', () => {
  beforeAll(() => start(['first', 'second']));
  afterAll(() => system?.close());

  it('receives exact reports of missing entries at the right places if it requested events', async () => {
    const witness = await system.connect('/domains-only');
    const { reader, client } = await connectPaused('/full-stream?events=1');
    for (let gaps = 1; gaps <= 2; gaps++) {
      reader.socket.pause();
      const before = client.stats.dropped;
      await growUntil(witness, () => client.stats.dropped > before + CHUNK);
      reader.socket.resume();
      await system.eventually(
        () => client.backlog === 0 && client.connection.unsentBytes === 0,
        'the client to catch up',
      );
    }
    grow(1);
    const last = system.simulator.logs[0].size - 1;
    await system.eventually(
      () =>
        system.simulator.logs.every((log) =>
          reader.frames.slice(-10).some((text) => isEntry(text, log, last)),
        ),
      'the last entries',
    );
    const next = new Map(system.simulator.logs.map(({ url }) => [url.replace(/\/$/, ''), 0]));
    let missed = 0;
    let gaps = 0;
    for (const text of reader.frames) {
      const { message_type: type, data } = JSON.parse(text) as Message;
      if (type === 'gap') {
        gaps++;
        missed += data.messages;
        const ranges = data.logs.flatMap(({ url, ranges: list }) => list.map((one) => ({ url, ...one })));
        expect(ranges.reduce((sum, { from, to }) => sum + to + 1 - from, 0)).toBe(data.messages);
        expect(data.truncated).toBe(false);
        for (const { url, from, to } of ranges) {
          expect(from).toBe(next.get(url));
          next.set(url, to + 1);
        }
      } else if (type !== 'cursor') {
        expect(data.cert_index).toBe(next.get(data.source.url));
        next.set(data.source.url, data.cert_index + 1);
      }
    }
    expect([...next.values()]).toEqual([last + 1, last + 1]);
    expect(gaps).toBeGreaterThanOrEqual(2);
    expect(missed).toBe(client.stats.dropped);
  });

  it('is closed with 1001 and counted if it chose to be closed', async () => {
    const witness = await system.connect('/domains-only');
    const { reader, client } = await connectPaused('/full-stream?slow=close');
    await growUntil(witness, () => client.stats.dropped > 0);
    reader.socket.resume();
    expect(await reader.closed).toEqual({ code: 1001, reason: 'too many messages wait for this client' });
    expect((await scrape(system)).get('slow_clients_closed_total{type="full"}')).toBe(1);
  });

  it.each(['/?slow=block', '/full-stream?slow=quick', '/domains-only?events=yes'])(
    'is refused if it requests an unknown or forbidden option: %s',
    async (path) => {
      await expect(system.connect(path)).rejects.toThrow('400');
    },
  );
});

function isEntry(text: string, log: SimulatedLog, index: number): boolean {
  const { message_type: type, data } = JSON.parse(text) as Message;
  return type !== 'gap' && data.cert_index === index && `${data.source.url}/` === log.url;
}

describe('a client that may let the logs wait', () => {
  beforeAll(() => start(['only'], { stream: { slow_client_choices: ['block'], max_block_seconds: 600 } }));
  afterAll(() => system?.close());

  it('receives everything, and the other clients receive everything later', async () => {
    const [log] = system.simulator.logs;
    const witness = await system.connect('/');
    const { reader, client } = await connectPaused('/full-stream?slow=block');
    const stream = system.server.app.get(CertificateFeed);
    while (stream.ready() === undefined) {
      grow(CHUNK);
      await system.eventually(
        () => witness.frames.length === log.size || stream.ready() !== undefined,
        'the entries, or the logs to wait',
      );
    }
    grow(4 * CHUNK);
    reader.socket.resume();
    await Promise.all([reader, witness].map((one) => one.until(({ frames }) => frames.length === log.size)));
    for (const one of [reader, witness]) expect(one.indices(log.url)).toEqual(range(0, log.size));
    expect(client.stats.dropped).toBe(0);
    const samples = await scrape(system);
    expect(samples.get('blocked_seconds_total')).toBeGreaterThan(0);
    expect(samples.get('queued_messages{type="full"}')).toBe(0);
    expect(samples.get('send_delay_seconds_count{type="full"}')).toBe(log.size);
  });
});

describe('a client that leaves while logs wait for it', () => {
  beforeAll(() => start(['only'], { stream: { slow_client_choices: ['block'], max_block_seconds: 600 } }));
  afterAll(() => system?.close());

  it.each([
    ['with a Close frame', (socket: WebSocket) => socket.close()],
    ['with the end of its half', (socket: WebSocket) => (Reflect.get(socket, '_socket') as Socket).end()],
  ])('%s, and stops reading, does not delay other clients', async (_how, leave) => {
    const [log] = system.simulator.logs;
    const witness = await system.connect('/domains-only');
    const first = log.size;
    const { reader } = await connectPaused('/full-stream?slow=block');
    while (system.stream.ready() === undefined) {
      const wanted = log.size - first + CHUNK;
      grow(CHUNK);
      await system.eventually(
        () => witness.frames.length >= wanted || system.stream.ready() !== undefined,
        'the entries, or the logs to wait',
      );
    }
    grow(CHUNK);
    leave(reader.socket);
    await witness.until(({ frames }) => frames.length === log.size - first);
    await system.eventually(() => clientsOf('full').size === 0, 'the client to be cut');
    reader.socket.terminate();
    witness.socket.terminate();
  });
});
