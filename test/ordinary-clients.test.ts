import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamClients } from '../src/stream/subscription/stream-clients.js';
import { TestSystem } from '../src/testing/test-system.js';

const PAGE = 250;
let system: TestSystem;

/** Adds one page to the log. */
function grow(): void {
  const log = system.simulator.log('only');
  log.append(PAGE);
  log.publish();
}

const liteClients = () => system.server.app.get(StreamClients).audiences.lite.clients;

describe('the stream of an ordinary client', () => {
  beforeAll(async () => {
    system = await TestSystem.start({
      logs: [{ name: 'only', pageSize: PAGE }],
      config: { stream: { heartbeat_seconds: 0.1 } },
    });
  });
  afterAll(() => system?.close());

  const isHeartbeat = (text: string) => text.startsWith('{"message_type":"heartbeat","timestamp":');

  it('has heartbeats between whole messages if they are configured, except on domains-only', async () => {
    const readers = await Promise.all(
      ['/', '/full-stream', '/domains-only'].map((path) => system.connect(path)),
    );
    const [lite, full, domains] = readers;
    grow();
    await domains.until(({ frames }) => frames.length === PAGE);
    for (const reader of [lite, full])
      await reader.until(({ frames }) => frames.length > PAGE && frames.filter(isHeartbeat).length > 1);
    const [text] = lite.frames.filter(isHeartbeat);
    const { timestamp } = JSON.parse(text) as { timestamp: number };
    expect(timestamp).toBeGreaterThan(1_767_225_600);
    expect(Number.isInteger(timestamp * 1000)).toBe(true);
    expect(domains.frames.filter(isHeartbeat)).toEqual([]);
    expect(lite.frames.filter((frame) => !isHeartbeat(frame))).toHaveLength(PAGE);
    for (const { socket } of readers) socket.terminate();
  });

  it('survives fragmented messages with pings in the middle, and its own pings in the middle of a page', async () => {
    const reader = await system.connect('/domains-only');
    const { socket } = reader;
    const pong = once(socket, 'pong');
    socket.send('first ', { fin: false });
    socket.ping('in the middle');
    socket.send('second ', { fin: false });
    grow();
    socket.ping('again');
    socket.send('third', { fin: true });
    expect(String((await pong)[0])).toBe('in the middle');
    await reader.until(({ frames }) => frames.length === PAGE);
    socket.terminate();
  });

  it('ends when the client closes its half, without effect on other clients', async () => {
    const witness = await system.connect('/domains-only');
    await system.eventually(() => liteClients().size === 0, 'earlier clients to be gone');
    const half = connect(Number(new URL(system.server.url).port), '127.0.0.1');
    half.write(
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
        `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
    );
    await once(half, 'data');
    await system.eventually(() => liteClients().size === 1, 'the client to be known');
    const ended = once(half.resume(), 'close');
    half.end();
    grow();
    await ended;
    await system.eventually(() => liteClients().size === 0, 'the client to be gone');
    await witness.until(({ frames }) => frames.length === PAGE);
  });
});
