import { once } from 'node:events';
import { Module } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { emptyEntries, startStreamApp } from '../../test/support/stream-app.js';
import { connectionOf } from '../../test/support/stream-clients.js';
import { StreamReader } from '../testing/stream-reader.js';
import { range } from '../../test/support/range.js';
import { createServerCertificate } from '../simulator/server-certificate.js';
import type { CertificateBatch } from '../certificate/certificate-batch.js';
import { StreamClients } from './subscription/stream-clients.js';

const received = async (reader: StreamReader, count: number) => {
  await reader.until(({ frames }) => frames.length >= count);
  expect(reader.frames).toHaveLength(count);
};
const indices = (reader: StreamReader) =>
  reader.frames.map((frame) => (JSON.parse(frame) as { data: { cert_index: number } }).data.cert_index);

describe('the streams', () => {
  it('send every entry once and in order, as one Text frame each', async () => {
    const { ws, stream } = await startStreamApp();
    const lite = await StreamReader.connect(`${ws}/`);
    const full = await StreamReader.connect(`${ws}/full-stream`);
    const domains = await StreamReader.connect(`${ws}/domains-only`);
    stream.publish(emptyEntries(100, 40));
    stream.publish(emptyEntries(140, 2));
    await Promise.all([received(lite, 42), received(full, 42), received(domains, 42)]);
    const expected = Array.from({ length: 42 }, (_, i) => 100 + i);
    expect(indices(lite)).toEqual(expected);
    expect(indices(full)).toEqual(expected);
    expect(full.frames[0]).toContain('"chain":[]');
    expect(lite.frames[0]).not.toContain('"chain"');
    expect(domains.frames[0]).toBe('{"data":[],"message_type":"dns_entries"}');
    expect(lite.frames[0].endsWith('}\n')).toBe(true);
  });

  it('write no text while they have no client', async () => {
    const { ws, stream, app } = await startStreamApp();
    const batches: CertificateBatch[] = [];
    const texts = new Set<string>();
    stream.batches$.subscribe((batch) => {
      batches.push(batch);
      const render = batch.texts.bind(batch);
      batch.texts = (kind) => {
        texts.add(kind);
        return render(kind);
      };
    });
    const lite = await StreamReader.connect(`${ws}/`);
    stream.publish(emptyEntries(0, 3));
    await received(lite, 3);
    expect([...texts]).toEqual(['lite']);
    lite.socket.close();
    await lite.closed;
    await vi.waitFor(() => expect(app.get(StreamClients).audiences.lite.clients.size).toBe(0));
    texts.clear();
    stream.publish(emptyEntries(3, 3));
    expect(batches).toHaveLength(2);
    expect([...texts]).toEqual([]);
  });

  it('continue when one client leaves and another joins', async () => {
    const { ws, stream } = await startStreamApp();
    const first = await StreamReader.connect(`${ws}/`);
    first.socket.close();
    await first.closed;
    const second = await StreamReader.connect(`${ws}/`);
    stream.publish(emptyEntries(7, 1));
    await received(second, 1);
    expect(indices(second)).toEqual([7]);
    expect(first.frames).toEqual([]);
  });

  it('ignore the messages of clients, and close with 1009 when one is too large', async () => {
    const { ws, stream } = await startStreamApp();
    const reader = await StreamReader.connect(`${ws}/`);
    reader.socket.send('ping');
    reader.socket.send(Buffer.alloc(4096));
    reader.socket.ping('are you there');
    expect(String((await once(reader.socket, 'pong'))[0])).toBe('are you there');
    stream.publish(emptyEntries(0, 1));
    await received(reader, 1);
    reader.socket.send(Buffer.alloc(4097));
    expect((await reader.closed).code).toBe(1009);
  });

  it('answer a client that only sends pings and never reads with a bounded number of pongs', async () => {
    const limits = { frames_per_second_per_client: 0, bytes_per_second_per_client: 0 };
    const { ws, app } = await startStreamApp({ config: { webserver: { limits } } });
    const reader = await StreamReader.connect(`${ws}/`);
    const [client] = app.get(StreamClients).audiences.lite.clients;
    const { socket, webSocket } = connectionOf(client);
    reader.socket.pause();
    let pings = 0;
    webSocket.on('ping', () => pings++);
    // More pongs than the socket buffers of both sides hold.
    const wanted = 100_000;
    for (let i = 1; i <= wanted; i++) reader.socket.ping(String(i).padStart(125));
    await vi.waitFor(() => expect(pings).toBe(wanted), { interval: 10 });
    expect(socket.writableLength).toBeLessThan(1000);
    const answers: number[] = [];
    reader.socket.on('pong', (data) => answers.push(Number(data)));
    reader.socket.resume();
    await vi.waitFor(() => expect(answers.at(-1)).toBe(wanted), { interval: 10 });
  });

  it('close with 1001 at shutdown after the messages in flight, and cut clients that do not answer', async () => {
    const { ws, app, stream } = await startStreamApp({ timings: { closeTimeout: 50, checkInterval: 10 } });
    const polite = await StreamReader.connect(`${ws}/`);
    const deaf = await StreamReader.connect(`${ws}/`);
    deaf.socket.pause();
    stream.publish(emptyEntries(0, 5));
    const clients = app.get(StreamClients);
    await Promise.all([clients.close(), clients.close()]);
    expect(await polite.closed).toEqual({ code: 1001, reason: expect.stringContaining('shutting down') });
    expect(polite.frames).toHaveLength(5);
    const late = new WebSocket(`${ws}/`);
    expect((await once(late, 'close'))[0]).toBe(1001);
    deaf.socket.terminate();
  });

  it('count messages, bytes, connections and drops', async () => {
    const { ws, app, stream } = await startStreamApp();
    const readers = [await StreamReader.connect(`${ws}/`), await StreamReader.connect(`${ws}/`)];
    stream.publish(emptyEntries(0, 10));
    stream.publish(emptyEntries(10, 5, 1));
    await Promise.all(readers.map((reader) => received(reader, 15)));
    const { stats, clients } = app.get(StreamClients).audiences.lite;
    const payload = readers[0].frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0);
    expect(stats).toEqual({
      connections: 2,
      messages: 30,
      bytes: 2 * (payload + 15 * 4),
      dropped: 0,
      closedSlow: 0,
    });
    expect([...clients].map(({ address }) => address)).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    ]);
    expect(stream.stats).toMatchObject({ batches: 2, entries: 15, certificates: 10, precertificates: 5 });
  });
});

describe('the streams over TLS', () => {
  it('deliver in order to a client that reads, and drop messages for one that does not', async () => {
    const { certPem, keyPem, caPem } = createServerCertificate(['127.0.0.1']);
    const { ws, http, app, stream } = await startStreamApp({
      tls: { cert: certPem, key: keyPem },
      // On a busy machine two batches may be published within one tick.
      config: { stream: { max_batch_delay_ms: 0 } },
    });
    expect(http).toMatch(/^https:/);
    const fast = await StreamReader.connect(`${ws}/`, { ca: caPem });
    const slow = await StreamReader.connect(`${ws}/full-stream`, { ca: caPem });
    slow.socket.pause();
    const { stats, clients } = app.get(StreamClients).audiences.full;
    let next = 0;
    // Publishes at least three rounds, and continues until the socket buffers of both sides are full.
    while (next < 3 * 250 || stats.dropped === 0) {
      stream.publish(emptyEntries(next, 250));
      next += 250;
      await fast.until(({ frames }) => frames.length === next);
    }
    expect(indices(fast)).toEqual(range(0, next));
    // The limit of 300 and the batch that was published last.
    expect([...clients][0].backlog).toBeLessThanOrEqual(300 + 250);
    slow.socket.resume();
    await received(slow, stats.messages);
    expect(stats.messages + stats.dropped).toBe(next);
    expect(indices(slow)).toEqual(indices(slow).toSorted((a, b) => a - b));
  });
});

describe('compression', () => {
  const config = { webserver: { compression_enabled: true } };

  it('is shared by all clients that negotiated it and does not affect the others', async () => {
    const { ws, stream } = await startStreamApp({ config });
    const compressed = await StreamReader.connect(`${ws}/`);
    const again = await StreamReader.connect(`${ws}/`);
    const plain = await StreamReader.connect(`${ws}/`, { perMessageDeflate: false });
    const smallWindow = await StreamReader.connect(`${ws}/`, {
      perMessageDeflate: { serverMaxWindowBits: 10 },
    });
    expect(compressed.socket.extensions).toContain('permessage-deflate');
    expect(smallWindow.socket.extensions).toBe('');
    for (let i = 0; i < 5; i++) stream.publish(emptyEntries(i * 10, 10));
    const readers = [compressed, again, plain, smallWindow];
    await Promise.all(readers.map((reader) => received(reader, 50)));
    for (const reader of readers) expect(reader.frames).toEqual(plain.frames);
  });

  it('accepts compressed messages from clients', async () => {
    const { ws, stream } = await startStreamApp({ config });
    const reader = await StreamReader.connect(`${ws}/`, { perMessageDeflate: { threshold: 0 } });
    for (let i = 0; i < 3; i++) reader.socket.send('hello '.repeat(100));
    reader.socket.ping();
    await once(reader.socket, 'pong');
    stream.publish(emptyEntries(0, 1));
    await received(reader, 1);
  });

  it('is not offered unless configured', async () => {
    const { ws } = await startStreamApp();
    const reader = await StreamReader.connect(`${ws}/`);
    expect(reader.socket.extensions).toBe('');
  });
});

@WebSocketGateway({ path: '/mine' })
class EchoGateway {
  @SubscribeMessage('shout')
  shout(_client: WebSocket, text: string): string {
    return text.toUpperCase();
  }
}

@Module({ providers: [EchoGateway] })
class CustomModule {}

describe('gateways of custom modules', () => {
  it('work next to the streams, including their message handlers', async () => {
    const { ws, stream } = await startStreamApp({ imports: () => [CustomModule] });
    const lite = await StreamReader.connect(`${ws}/`);
    const mine = await StreamReader.connect(`${ws}/mine/?x=1`);
    mine.socket.send(JSON.stringify({ event: 'shout', data: 'hello' }));
    await received(mine, 1);
    expect(mine.frames[0]).toBe('"HELLO"');
    stream.publish(emptyEntries(0, 1));
    await received(lite, 1);
    expect(mine.frames).toHaveLength(1);
  });
});
