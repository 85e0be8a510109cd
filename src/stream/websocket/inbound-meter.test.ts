import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Module } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { connectionOf } from '../../../test/support/stream-clients.js';
import { RawClient } from '../../../test/support/raw-client.js';
import { emptyEntries, startStreamApp } from '../../../test/support/stream-app.js';
import { StreamReader } from '../../testing/stream-reader.js';
import { closeFrame, frame, PING, PONG, serverFrames, TEXT } from '../../../test/support/websocket-frames.js';
import { createServerCertificate } from '../../simulator/server-certificate.js';
import { Refusals } from '../../web/refusals.js';
import { InboundMeter } from './inbound-meter.js';
import { StreamClients } from '../subscription/stream-clients.js';

const FLOOD = Buffer.alloc(6 * 20_000, frame(PING));

@WebSocketGateway({ path: '/echo' })
class EchoGateway {
  @SubscribeMessage('say')
  say(_client: unknown, text: string) {
    return { event: 'said', data: text };
  }
}

@Module({ providers: [EchoGateway] })
class EchoModule {}

const start = (limits: Record<string, number> = {}, tls?: { cert: string; key: string }) =>
  startStreamApp({
    config: { webserver: { limits, compression_enabled: true } },
    tls,
    imports: () => [EchoModule],
  });

/** Returns the opcodes of the frames after the server's answer to the handshake, and the code of its Close frame. */
async function untilClose(socket: Socket): Promise<{ code: number; opcodes: number[] }> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    const head = received.indexOf('\r\n\r\n');
    const frames = head < 0 ? [] : serverFrames(received.subarray(head + 4));
    const close = frames.find(({ opcode }) => opcode === 0x8);
    if (close !== undefined)
      return { code: close.payload.readUInt16BE(0), opcodes: frames.map(({ opcode }) => opcode) };
  }
  throw new Error(`ended without Close: ${received.toString('latin1')}`);
}

describe(InboundMeter.name, () => {
  it.each(['/', '/full-stream', '/domains-only', '/echo'])(
    'closes a client that floods %s, and parses none of the flood',
    async (path) => {
      const { app, port } = await start();
      const socket = connect(port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.write(RawClient.upgradeRequest(path) + FLOOD.toString('latin1'), 'latin1');
      expect(await untilClose(socket)).toEqual({ code: 1008, opcodes: [0x8] });
      expect(app.get(Refusals).counts.get('client_frames')).toBe(1);
      // The client may continue to flood or be silent: its connection ends.
      await vi.waitFor(() => expect(app.get(StreamClients).audiences.lite.clients.size).toBe(0));
    },
  );

  it('closes a flooding client over TLS', async () => {
    const { certPem: cert, keyPem: key } = createServerCertificate(['127.0.0.1']);
    const { app, port } = await start({}, { cert, key });
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    onTestFinished(() => void socket.destroy());
    socket.write(RawClient.upgradeRequest());
    await once(socket, 'data');
    socket.write(FLOOD);
    expect(await untilCloseFrame(socket)).toBe(1008);
    expect(app.get(Refusals).counts.get('client_frames')).toBe(1);
  });

  it('counts octets, and accepts one large message', async () => {
    const { ws, app } = await start({ bytes_per_second_per_client: 100, max_message_bytes: 4096 });
    const counts = app.get(Refusals).counts;
    const reader = await StreamReader.connect(`${ws}/`, { perMessageDeflate: false });
    reader.socket.send(Buffer.alloc(4096));
    reader.socket.ping();
    await once(reader.socket, 'pong');
    reader.socket.send(Buffer.alloc(4096));
    expect((await reader.closed).code).toBe(1008);
    expect(counts.get('client_bytes')).toBe(1);
  });

  it('never closes a client with ordinary traffic', async () => {
    const { ws, stream } = await start({ frames_per_second_per_client: 1, bytes_per_second_per_client: 1 });
    const reader = await StreamReader.connect(`${ws}/`);
    for (let i = 0; i < 4; i++) {
      reader.socket.send('ping');
      reader.socket.ping(`${i}`);
      expect(String((await once(reader.socket, 'pong'))[0])).toBe(`${i}`);
    }
    stream.publish(emptyEntries(0, 1));
    await reader.until(({ frames }) => frames.length === 1);
    reader.socket.close(1000);
    expect((await reader.closed).code).toBe(1000);
  });

  it('accepts pings and one message of the permitted size under any limits', async () => {
    const { ws } = await start({ bytes_per_second_per_client: 0.1, max_message_bytes: 125 });
    const pinging = await StreamReader.connect(`${ws}/`);
    pinging.socket.ping();
    await once(pinging.socket, 'pong');
    // Each message takes at least one read.
    const { ws: other } = await start({ bytes_per_second_per_client: 26, max_message_bytes: 125 });
    const saying = await StreamReader.connect(`${other}/`, { perMessageDeflate: false });
    saying.socket.send(Buffer.alloc(125));
    await setImmediate();
    saying.socket.ping();
    await once(saying.socket, 'pong');
  });

  it('has no bound with limits of 0, and parses all messages in order', async () => {
    const { ws } = await start({ frames_per_second_per_client: 0, bytes_per_second_per_client: 0 });
    const client = new WebSocket(`${ws}/echo`);
    await once(client, 'open');
    const answers: string[] = [];
    client.on('message', (data: Buffer) =>
      answers.push((JSON.parse(data.toString()) as { data: string }).data),
    );
    const said = Array.from({ length: 5000 }, (_, i) => `${i} ${'.'.repeat(i % 300)}`);
    for (const text of said) client.send(JSON.stringify({ event: 'say', data: text }));
    await vi.waitFor(() => expect(answers).toHaveLength(said.length));
    expect(answers).toEqual(said);
    client.terminate();
  });

  it('does not resume a client that a gateway has paused', async () => {
    const { ws, app, port } = await start();
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(RawClient.upgradeRequest('/'));
    await once(socket, 'data');
    const [client] = app.get(StreamClients).audiences.lite.clients;
    const { webSocket } = connectionOf(client);
    const texts: string[] = [];
    webSocket.on('message', (data: Buffer) => {
      texts.push(data.toString());
      webSocket.pause();
    });
    socket.write(frame(TEXT, 'first'));
    await vi.waitFor(() => expect(texts).toEqual(['first']));
    socket.write(frame(TEXT, 'second'));
    const other = await StreamReader.connect(`${ws}/`);
    other.socket.ping();
    await once(other.socket, 'pong');
    expect(texts).toEqual(['first']);
    webSocket.resume();
    await vi.waitFor(() => expect(texts).toEqual(['first', 'second']));
  });

  it('also closes a client that sends a Close frame or garbage before its flood', async () => {
    const { app, port } = await start();
    for (const lead of [closeFrame(1000), frame(TEXT, '', { rsv: 2 }), frame(PONG, '', { masked: false })]) {
      const socket = connect(port, '127.0.0.1');
      socket.write(RawClient.upgradeRequest());
      await once(socket, 'data');
      socket.write(lead);
      await once(socket, 'data');
      let isCut = false;
      socket.on('error', () => undefined).on('close', () => (isCut = true));
      // More than the socket buffers of both sides hold: the server must read it or cut the connection.
      for (let i = 0; i < 200; i++) socket.write(FLOOD);
      await vi.waitFor(() => expect(isCut).toBe(true));
    }
    expect(app.get(Refusals).counts.get('client_bytes')).toBeGreaterThanOrEqual(1);
  });
});

/** Returns the code of the Close frame that arrives next. */
async function untilCloseFrame(socket: Socket): Promise<number> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    const close = serverFrames(received).find(({ opcode }) => opcode === 0x8);
    if (close !== undefined) return close.payload.readUInt16BE(0);
  }
  throw new Error('ended without Close');
}
