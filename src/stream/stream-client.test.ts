import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { FrameBatch } from './frame-batch.js';
import { frameHeaderLength, writeFrameHeader } from './frame-header.js';
import { StreamClient } from './stream-client.js';

vi.setConfig({ testTimeout: 30_000 });

const PATIENCE = { timeout: 20_000, interval: 5 };
let server: Server;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** Both ends of one connection. */
async function connect(
  limit: number,
): Promise<{ client: StreamClient; peer: WebSocket; received: string[] }> {
  const upgrades = new WebSocketServer({ noServer: true });
  const accepted = new Promise<StreamClient>((resolve) => {
    server.once('upgrade', (request, socket, head) =>
      upgrades.handleUpgrade(request, socket, head, (webSocket) =>
        resolve(new StreamClient(webSocket, socket as Socket, 'peer', limit)),
      ),
    );
  });
  const peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const received: string[] = [];
  peer.on('message', (data: Buffer) => received.push(data.toString()));
  await once(peer, 'open');
  return { client: await accepted, peer, received };
}

function frames(texts: string[]): FrameBatch {
  const frameStart = new Uint32Array(texts.length + 1);
  const parts = texts.map((text, i) => {
    const payload = Buffer.from(text);
    const header = Buffer.alloc(frameHeaderLength(payload.length));
    writeFrameHeader(header, 0, payload.length);
    frameStart[i + 1] = frameStart[i] + header.length + payload.length;
    return Buffer.concat([header, payload]);
  });
  return { buffer: Buffer.concat(parts), count: texts.length, frameStart };
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => String(from + i));
const PADDING = 'x'.repeat(64 * 1024);
/** More than two sockets on loopback ever buffer. */
const FLOOD = 400;

describe(StreamClient.name, () => {
  it('delivers every message in order, between the control frames of ws', async () => {
    const { client, peer, received } = await connect(10);
    for (let batch = 0; batch < 50; batch++) {
      expect(client.send(frames(numbers(batch * 10, 10)))).toBe(10);
      client.webSocket.ping();
      await vi.waitFor(() => expect(client.backlog).toBe(0), PATIENCE);
    }
    client.webSocket.close();
    await once(peer, 'close');
    expect(received).toEqual(numbers(0, 500));
    expect(client.stats).toMatchObject({ messages: 500, dropped: 0 });
  });

  it('drops the newest for a client that does not read, and goes on when it reads again', async () => {
    const { client, peer, received } = await connect(20);
    peer.pause();
    const written: string[] = [];
    for (let i = 0; i < FLOOD; i++) {
      const text = `${i} ${PADDING}`;
      if (client.send(frames([text])) === 1) written.push(text);
    }
    expect(client.backlog).toBe(20);
    expect(client.stats.dropped).toBe(FLOOD - written.length);
    expect(client.stats.dropped).toBeGreaterThan(0);
    expect(client.socket.writableLength).toBeLessThan(21 * (PADDING.length + 20));
    peer.resume();
    await vi.waitFor(() => expect(client.backlog).toBe(0), PATIENCE);
    client.send(frames(['last']));
    await vi.waitFor(() => expect(received.at(-1)).toBe('last'), PATIENCE);
    expect(received).toEqual([...written, 'last']);
  });

  it('takes a whole batch while fewer messages than the limit wait, then drops whole ones', async () => {
    const { client, peer, received } = await connect(10);
    peer.pause();
    while (client.backlog === 0) client.send(frames([PADDING]));
    const waiting = client.backlog;
    expect(client.send(frames(numbers(0, 30)))).toBe(30);
    expect(client.backlog).toBe(waiting + 30);
    expect(client.send(frames(numbers(100, 5)))).toBe(0);
    expect(client.stats.dropped).toBe(5);
    peer.resume();
    await vi.waitFor(
      () => expect(received.filter((text) => text !== PADDING)).toEqual(numbers(0, 30)),
      PATIENCE,
    );
  });

  it('gives the whole batch to a client that waits for nothing', async () => {
    const { client, received } = await connect(5);
    expect(client.send(frames(numbers(0, 50)))).toBe(50);
    await vi.waitFor(() => expect(received).toHaveLength(50), PATIENCE);
  });

  it('writes nothing behind a Close frame', async () => {
    const { client, peer, received } = await connect(5);
    const closed = once(peer, 'close');
    client.webSocket.close(1001, 'bye');
    expect(client.send(frames(['late']))).toBe(0);
    const [code] = (await closed) as [number];
    expect(code).toBe(1001);
    expect(received).toEqual([]);
  });

  it('survives a connection that was cut', async () => {
    const { client, peer } = await connect(5);
    peer.terminate();
    await once(client.webSocket, 'close');
    expect(client.send(frames(['late']))).toBe(0);
  });
});
