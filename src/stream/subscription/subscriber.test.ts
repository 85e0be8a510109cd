import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { batchOf, ConnectedClients, testAudience } from '../../../test/support/stream-clients.js';
import { type StreamReader } from '../../testing/stream-reader.js';
import { range } from '../../../test/support/range.js';
import type { StreamAudience } from './stream-audience.js';
import { Subscriber } from './subscriber.js';

const PATIENCE = { interval: 5 };
const PADDING = 'x'.repeat(64 * 1024);
/** A number of 64 KB messages that exceeds the buffers of two loopback sockets. */
const FLOOD = 400;
const LOG = 'https://log.example';

const numbers = (from: number, count: number) => range(from, from + count).map(String);

interface GapMessage {
  readonly message_type: 'gap';
  readonly data: {
    readonly messages: number;
    readonly logs: { url: string; ranges: { from: number; to: number }[] }[];
    readonly truncated: boolean;
  };
}

/** Publishes messages that begin with their index until `untilDropped` messages were dropped. @returns the next index. */
function flood(audience: StreamAudience, first: number, untilDropped: number): number {
  let index = first;
  for (; audience.stats.dropped < untilDropped && index < first + FLOOD; index++)
    audience.deliver(batchOf([`${index} ${PADDING}`], index, LOG));
  expect(audience.stats.dropped).toBeGreaterThanOrEqual(untilDropped);
  return index;
}

const gapsOf = ({ frames }: StreamReader): GapMessage[] =>
  frames
    .filter((text) => text.startsWith('{"message_type":"gap"'))
    .map((text) => JSON.parse(text) as GapMessage);
const indicesOf = ({ frames }: StreamReader): number[] =>
  frames.filter((text) => /^\d/.test(text)).map((text) => Number.parseInt(text, 10));

describe(Subscriber.name, () => {
  it('delivers every message in order, between the control frames of ws', async () => {
    const { audience } = testAudience({ messages: 10 });
    const { client, connection, peer } = await (await ConnectedClients.listen(audience)).connect();
    for (let batch = 0; batch < 50; batch++) {
      audience.deliver(batchOf(numbers(batch * 10, 10)));
      connection.webSocket.ping();
      connection.webSocket.emit('ping', Buffer.from('from the middle'));
      await vi.waitFor(() => expect(client.backlog).toBe(0), PATIENCE);
    }
    connection.webSocket.close();
    await peer.closed;
    expect(peer.frames).toEqual(numbers(0, 500));
    expect(client.stats).toMatchObject({ messages: 500, dropped: 0 });
  });

  it('drops the oldest messages for a client that does not read, and continues when it reads again', async () => {
    const { audience, onDrop } = testAudience({ messages: 20 });
    const { client, connection, peer } = await (await ConnectedClients.listen(audience)).connect();
    peer.socket.pause();
    const end = flood(audience, 0, 50);
    expect(client.backlog).toBeLessThanOrEqual(21);
    expect(connection.socket.writableLength).toBeLessThan(3 * PADDING.length);
    expect(onDrop).toHaveBeenCalled();
    const sent = client.stats.messages;
    peer.socket.resume();
    audience.deliver(batchOf([`${end}`], end, LOG));
    const { dropped } = client.stats;
    await peer.until(({ frames }) => frames.at(-1) === `${end}`);
    expect(indicesOf(peer)).toEqual([...range(0, sent), ...range(sent + dropped, end + 1)]);
    expect(gapsOf(peer)).toEqual([]);
    expect(client.stats).toMatchObject({ messages: end + 1 - dropped, dropped });
    expect(audience.stats).toMatchObject({ messages: end + 1 - dropped, dropped });
    expect([client.backlog, client.backlogBytes, connection.socket.listenerCount('drain')]).toEqual([
      0, 0, 0,
    ]);
  });

  it('keeps at most the limit of bytes and the last slice, regardless of the number of messages', async () => {
    const { audience } = testAudience({ bytes: 5 * PADDING.length });
    const { client, peer } = await (await ConnectedClients.listen(audience)).connect();
    peer.socket.pause();
    flood(audience, 0, 10);
    expect(client.backlogBytes).toBeLessThanOrEqual(6 * (PADDING.length + 20));
    expect(client.backlog).toBe(5);
  });

  it('sends pages above the limit of bytes to a client without waiting messages', async () => {
    const { audience } = testAudience({ bytes: 65_536, messages: 10 });
    const { client, peer } = await (await ConnectedClients.listen(audience)).connect();
    for (let page = 0; page < 3; page++) {
      const texts = numbers(page * 300, 300).map((text) => `${text} ${PADDING}`);
      audience.deliver(batchOf(texts, page * 300));
      await peer.until(({ frames }) => frames.length === (page + 1) * 300);
      await vi.waitFor(() => expect(client.backlog).toBe(0), PATIENCE);
    }
    expect(indicesOf(peer)).toEqual(range(0, 900));
    expect(client.stats.dropped).toBe(0);
  });

  it('queues a whole page while no more than the limit waits, and drops parts of pages above it', async () => {
    const { audience } = testAudience({ messages: 10 });
    const { client, peer } = await (await ConnectedClients.listen(audience)).connect();
    peer.socket.pause();
    while (client.backlog < 10) audience.deliver(batchOf([PADDING]));
    audience.deliver(batchOf(numbers(0, 30)));
    expect([client.backlog, client.stats.dropped]).toEqual([40, 0]);
    audience.deliver(batchOf(numbers(30, 5)));
    expect([client.backlog, client.stats.dropped]).toEqual([15, 30]);
    peer.socket.resume();
    await peer.until(({ frames }) => frames.at(-1) === '34');
    expect(peer.frames.filter((text) => text !== PADDING)).toEqual(numbers(20, 15));
  });

  it('sends a page above the limit to a client without waiting messages', async () => {
    const { audience } = testAudience({ messages: 5 });
    const { peer } = await (await ConnectedClients.listen(audience)).connect();
    audience.deliver(batchOf(numbers(0, 50).map((text) => text + PADDING)));
    await peer.until(({ frames }) => frames.length === 50);
  });

  it('sends a gap message in place of dropped messages to a client that requested events', async () => {
    const { audience } = testAudience({ messages: 20 });
    const { client, peer } = await (await ConnectedClients.listen(audience)).connect({ events: true });
    let end = 0;
    for (let round = 0; round < 3; round++) {
      peer.socket.pause();
      end = flood(audience, end, client.stats.dropped + 30);
      peer.socket.resume();
      audience.deliver(batchOf([`${end}`], end++, LOG));
      await peer.until(({ frames }) => frames.at(-1) === `${end - 1}`);
    }
    const gaps = gapsOf(peer);
    expect(gaps).toHaveLength(3);
    let next = 0;
    for (const text of peer.frames) {
      if (text.startsWith('{')) {
        const { data } = JSON.parse(text) as GapMessage;
        const [missed] = data.logs[0].ranges;
        expect(data).toEqual({
          messages: missed.to + 1 - next,
          logs: [{ url: LOG, ranges: [missed] }],
          truncated: false,
          reason: 'slow',
          cursor: expect.stringMatching(/^cursor\.\d+\.\d+$/),
        });
        expect(missed.from).toBe(next);
        next = missed.to + 1;
      } else expect(Number.parseInt(text, 10)).toBe(next++);
    }
    expect(next).toBe(end);
    expect(gaps.reduce((sum, { data }) => sum + data.messages, 0)).toBe(client.stats.dropped);
  });

  it('closes a slow client that chose `close`, and counts its messages', async () => {
    const { audience, onSlow } = testAudience({ messages: 20 });
    const { client, peer } = await (await ConnectedClients.listen(audience)).connect({ slow: 'close' });
    onSlow.mockImplementation((slow: Subscriber) => slow.connection.close(1001, ''));
    peer.socket.pause();
    const end = flood(audience, 0, 1);
    expect(onSlow).toHaveBeenCalledExactlyOnceWith(client);
    audience.deliver(batchOf(['late'], end));
    expect(client.backlog).toBe(0);
    peer.socket.resume();
    expect(await peer.closed).toMatchObject({ code: 1001 });
    expect(indicesOf(peer)).toEqual(range(0, client.stats.messages));
    expect(client.stats.messages + client.stats.dropped).toBe(end);
    expect(audience.stats).toMatchObject({ closedSlow: 1 });
  });

  it('writes nothing after a Close frame', async () => {
    const { audience } = testAudience();
    const { connection, peer } = await (await ConnectedClients.listen(audience)).connect();
    connection.close(1001, 'bye');
    audience.deliver(batchOf(['late']));
    expect(await peer.closed).toEqual({ code: 1001, reason: 'bye' });
    expect(peer.frames).toEqual([]);
  });

  it('writes all waiting messages at the end', async () => {
    const { audience } = testAudience();
    const { client, connection, peer } = await (await ConnectedClients.listen(audience)).connect();
    peer.socket.pause();
    while (client.backlog < 20) audience.deliver(batchOf([PADDING]));
    const { messages } = client.stats;
    client.finish();
    connection.webSocket.close();
    peer.socket.resume();
    await peer.closed;
    expect(peer.frames).toHaveLength(messages + 20);
  });

  it('does not fail when its connection is cut', async () => {
    const { audience } = testAudience();
    const { client, connection, peer } = await (await ConnectedClients.listen(audience)).connect();
    peer.socket.terminate();
    await once(connection.webSocket, 'close');
    client.send({ count: 1 } as never);
    expect(client.stats.messages).toBe(0);
  });

  it('measures the delay of messages, including those that wait', async () => {
    const { audience } = testAudience();
    const { client, connection, peer } = await (await ConnectedClients.listen(audience)).connect();
    peer.socket.pause();
    while (client.backlog < 3) audience.deliver(batchOf([PADDING]));
    peer.socket.resume();
    await vi.waitFor(() => expect(connection.socket.writableLength + client.backlog).toBe(0), PATIENCE);
    const observed = audience.delays.counts.reduce((sum, count) => sum + count, 0);
    await vi.waitFor(() => expect(observed).toBe(client.stats.messages), PATIENCE);
    expect(audience.delays.sum).toBeGreaterThan(0);
  });
});
