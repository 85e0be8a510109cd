import { describe, expect, it, vi } from 'vitest';
import { batchOf, ConnectedClients, framesOf, testAudience } from '../../../test/support/stream-clients.js';
import type { DialectName } from '../../certificate/dialects/dialect.js';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import { deflateEncoding } from '../encoding/deflate-encoding.js';
import { webSocketEncoding } from '../encoding/websocket-encoding.js';
import { EntryFilter } from '../../filter/entry-filter.js';
import { SubscriberQueue } from './subscriber-queue.js';
import type { StreamBatch } from './batch-delivery.js';
import { StreamAudience } from './stream-audience.js';

const texts = { go: framesOf(['{"go":1}']), calidog: framesOf(['{"calidog":1}']) };

describe(StreamAudience.name, () => {
  it('writes texts only in the dialects that a client receives', async () => {
    const { audience } = testAudience();
    const clients = await ConnectedClients.listen(audience);
    const framesIn = vi.fn((_kind: StreamKind, dialect: DialectName) => texts[dialect]);
    const batch = { ...batchOf(['']), texts: framesIn };
    audience.deliver(batch);
    expect(framesIn).not.toHaveBeenCalled();

    const original = await clients.connect({ dialect: 'calidog' });
    audience.deliver(batch);
    expect(framesIn.mock.calls).toEqual([['lite', 'calidog', false]]);
    const modern = await clients.connect({ dialect: 'go' });
    audience.leave(original.client);
    audience.deliver(batch);
    expect(framesIn.mock.calls.slice(1)).toEqual([['lite', 'go', false]]);
    await Promise.all([original, modern].map(({ peer }) => peer.until(({ frames }) => frames.length > 0)));
    expect(original.peer.frames).toEqual(['{"calidog":1}']);
    expect(modern.peer.frames).toEqual(['{"go":1}']);
    expect(audience.clients.size).toBe(1);
    expect(audience.stats).toMatchObject({ connections: 2, messages: 2 });
  });

  it('compresses texts that dialects share once, and sends them to the clients that negotiated it', async () => {
    const { audience } = testAudience();
    const clients = await ConnectedClients.listen(audience, { serverNoContextTakeover: true });
    const { connection: go, peer } = await clients.connect();
    const { connection: calidog, peer: other } = await clients.connect({ dialect: 'calidog' });
    const { connection: plain, peer: third } = await clients.connect({}, { perMessageDeflate: false });
    expect([go, calidog, plain].map(({ encoding }) => encoding)).toEqual([
      deflateEncoding,
      deflateEncoding,
      webSocketEncoding,
    ]);
    const sent = [go, calidog, plain].map(({ socket }) => vi.spyOn(socket, 'write'));
    const shared = framesOf([`{"data":[${'"example.com",'.repeat(50)}""]}`]);
    audience.deliver({ ...batchOf(['']), texts: () => shared });
    await Promise.all([peer, other, third].map((reader) => reader.until(({ frames }) => frames.length > 0)));
    for (const { frames } of [peer, other]) expect(frames).toEqual(third.frames);
    const [a, b, c] = sent.map((write) => write.mock.calls[0][0] as Buffer);
    expect(a.buffer).toBe(b.buffer);
    expect(c.buffer).toBe(shared.buffer.buffer);
    expect(a.length).toBeLessThan(c.length / 2);
  });
});

describe('when texts cannot be written', () => {
  const url = 'https://log.example';
  const broken = (firstIndex: number): StreamBatch => ({
    ...batchOf([`${firstIndex}`], firstIndex),
    texts: () => {
      throw new RangeError('Array buffer allocation failed');
    },
  });

  it('drops only the entry that causes the error, counts it and lists it in a gap message', async () => {
    const { audience, onError, onDrop } = testAudience();
    const clients = await ConnectedClients.listen(audience);
    const { client, peer } = await clients.connect({ events: true });
    const other = await clients.connect();
    const singles = [batchOf(['0'], 0), broken(1), batchOf(['2'], 2)];
    audience.deliver({ ...broken(0), count: 3, single: (i) => singles[i] });
    audience.deliver(batchOf(['3'], 3));
    await Promise.all([
      peer.until(({ frames }) => frames.length === 4),
      other.peer.until(({ frames }) => frames.length === 3),
    ]);
    const [first, gap, ...rest] = peer.frames;
    expect([first, ...rest]).toEqual(['0', '2', '3']);
    expect(JSON.parse(gap)).toEqual({
      message_type: 'gap',
      data: {
        messages: 1,
        logs: [{ url, ranges: [{ from: 1, to: 1 }] }],
        truncated: false,
        reason: 'slow',
        cursor: 'cursor.2.0',
      },
    });
    expect(other.peer.frames).toEqual(['0', '2', '3']);
    expect(client.stats.dropped).toBe(1);
    expect(audience.stats.dropped).toBe(2);
    expect(onError).toHaveBeenCalledOnce();
    expect(onDrop).not.toHaveBeenCalled();
  });

  it('lists lost entries after the messages that wait for a client', async () => {
    const { audience } = testAudience({ messages: 3 });
    const clients = await ConnectedClients.listen(audience);
    const { client, connection, peer } = await clients.connect({ events: true });
    const full = vi.spyOn(connection.socket, 'writableNeedDrain', 'get').mockReturnValue(true);
    const held = vi.spyOn(connection.socket, 'writableLength', 'get').mockReturnValue(1);
    const other = 'https://other.example';
    for (const [i, log] of [url, other, url].entries()) audience.deliver(batchOf([`${i}`], i, log));
    audience.deliver(broken(3));
    for (const i of [4, 5, 6]) audience.deliver(batchOf([`${i}`], i, url));
    audience.deliver(broken(7));
    full.mockRestore();
    held.mockRestore();
    connection.socket.emit('drain');
    await peer.until(({ frames }) => frames.length === 7);
    const gapOf = (...ranges: [number, number][]) => ({
      messages: ranges.length,
      logs: [{ url, ranges: ranges.map(([from, to]) => ({ from, to })) }],
      truncated: false,
      reason: 'slow',
      cursor: `cursor.${ranges[0][0] + 1}.0`,
    });
    expect(
      peer.frames.map((frame) => (/^\d/.test(frame) ? frame : (JSON.parse(frame) as { data: unknown }).data)),
    ).toEqual([gapOf([0, 0], [2, 2]), '1', gapOf([3, 3]), '4', '5', '6', gapOf([7, 7])]);
    expect(client.stats.dropped).toBe(4);
  });

  it('delivers to all other clients when the messages of one cannot be sent, also at the end of a tick', async () => {
    const { audience, onError } = testAudience({ maxBatchDelayMs: 20 });
    const clients = await ConnectedClients.listen(audience);
    const bad = await clients.connect();
    const good = await clients.connect();
    vi.spyOn(bad.connection.socket, 'write').mockImplementation(() => {
      throw new Error('no memory');
    });
    for (let i = 0; i < 5; i++) audience.deliver(batchOf([`${i}`], i));
    await good.peer.until(({ frames }) => frames.length === 5);
    expect(good.peer.frames).toEqual(['0', '1', '2', '3', '4']);
    expect(bad.client.stats.dropped).toBe(5);
    expect(good.client.stats.dropped).toBe(0);
    expect(onError).toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it.each(['drain', 'block timeout', 'publication'])(
    'at the %s, cuts a client with waiting messages and counts every message once',
    async (when) => {
      const { audience, onError } = testAudience({ messages: 4, maxBlockMs: 20 });
      const clients = await ConnectedClients.listen(audience);
      const { client, connection, peer } = await clients.connect(
        when === 'block timeout' ? { slow: 'block' } : {},
      );
      const full = vi.spyOn(connection.socket, 'writableNeedDrain', 'get').mockReturnValue(true);
      const held = vi.spyOn(connection.socket, 'writableLength', 'get').mockReturnValue(1);
      audience.deliver(batchOf(['0', '1'], 0, 'https://a.example'));
      audience.deliver(batchOf(['0', '1'], 0, 'https://b.example'));
      expect(client.backlog).toBe(4);
      const fail = () => {
        throw new RangeError('Array buffer allocation failed');
      };
      if (when === 'drain') {
        full.mockReturnValue(false);
        held.mockReturnValue(0);
        vi.spyOn(SubscriberQueue.prototype, 'take').mockImplementation(fail);
        connection.socket.emit('drain');
      } else {
        vi.spyOn(SubscriberQueue.prototype, 'shrink').mockImplementation(fail);
        if (when === 'publication') audience.deliver(batchOf(['2', '3', '4'], 2, 'https://a.example'));
        if (when === 'publication') audience.deliver(batchOf(['5'], 5, 'https://a.example'));
      }
      await peer.closed;
      expect(onError).toHaveBeenCalledOnce();
      const lost = when === 'publication' ? 8 : 4;
      expect([client.backlog, client.stats.dropped, audience.stats.dropped]).toEqual([0, lost, lost]);
      vi.restoreAllMocks();
    },
  );
});

describe('when a log does not deliver entries', () => {
  const source = { name: 'Log', url: 'https://log.example', operator: 'Op', type: 'rfc6962' } as const;
  const gapOf = (messages: number | undefined, ...ranges: [number, number][]) => ({
    message_type: 'gap',
    data: {
      ...(messages === undefined ? {} : { messages }),
      logs: [{ url: source.url, ranges: ranges.map(([from, to]) => ({ from, to })) }],
      truncated: false,
      reason: 'unavailable',
    },
  });
  const parsed = ({ frames }: { readonly frames: readonly string[] }): unknown[] =>
    frames.map((frame) => JSON.parse(frame) as unknown);

  it('sends a gap message between the messages to clients with events whose filter can match the log', async () => {
    const { audience } = testAudience({ maxBatchDelayMs: 20 });
    const clients = await ConnectedClients.listen(audience);
    const [same, different] = ['log.example', 'other.example'].map((log) => EntryFilter.of({ log: [log] }));
    for (const filter of [same, different]) await audience.filtered.hold(filter);
    const plain = await clients.connect();
    const all = await clients.connect({ events: true });
    const [matching, other] = [
      await clients.connect({ events: true, filter: same }),
      await clients.connect({ events: true, filter: different }),
    ];
    for (const i of [0, 1]) audience.deliver(batchOf([`${i}`], i));
    audience.reportUnavailable({ source, from: 2, to: 5 });
    audience.deliver(batchOf(['5'], 5));
    for (const { client } of [plain, all, matching, other]) audience.flushFor(client);
    await Promise.all([
      plain.peer.until(({ frames }) => frames.length === 3),
      all.peer.until(({ frames }) => frames.length === 4),
      matching.peer.until(({ frames }) => frames.length > 0),
    ]);
    expect(parsed(plain.peer)).toEqual([0, 1, 5]);
    expect(parsed(all.peer)).toEqual([0, 1, gapOf(3, [2, 4]), 5]);
    // How many of the entries match the filter is unknown.
    expect(parsed(matching.peer).filter((each) => typeof each === 'object')).toEqual([
      gapOf(undefined, [2, 4]),
    ]);
    other.client.sendMessage({ message_type: 'last' });
    await other.peer.until(({ frames }) => frames.length > 0);
    expect(parsed(other.peer)).toEqual([{ message_type: 'last' }]);
    expect([all.client.stats.dropped, audience.stats.dropped]).toEqual([0, 0]);
  });

  it('sends one gap message after the messages that wait for a client', async () => {
    const { audience } = testAudience();
    const clients = await ConnectedClients.listen(audience);
    const { connection, peer } = await clients.connect({ events: true });
    const full = vi.spyOn(connection.socket, 'writableNeedDrain', 'get').mockReturnValue(true);
    const held = vi.spyOn(connection.socket, 'writableLength', 'get').mockReturnValue(1);
    audience.deliver(batchOf(['0'], 0));
    audience.reportUnavailable({ source, from: 1, to: 2 });
    audience.reportUnavailable({ source, from: 2, to: 3 });
    audience.reportUnavailable({ source, from: 8, to: 9 });
    full.mockRestore();
    held.mockRestore();
    connection.socket.emit('drain');
    await peer.until(({ frames }) => frames.length === 2);
    expect(parsed(peer)).toEqual([0, gapOf(3, [1, 2], [8, 8])]);
  });
});
