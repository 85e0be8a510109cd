import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BufferedConnection } from '../../../test/support/buffered-connection.js';
import { FAKE_SOURCE } from '../../../test/support/fake-ct-log.js';
import { TestStream } from '../../../test/support/context-stream.js';
import { range } from '../../../test/support/range.js';
import type { AudienceSettings } from '../../../test/support/stream-clients.js';
import { SeededRandom } from '../../simulator/pki/seeded-random.js';
import { deflateEncoding } from '../encoding/deflate-encoding.js';
import { SharedDeflate, sharedDeflateEncoding } from '../encoding/shared-deflate.js';
import { MAX_FRAME_HEADER, webSocketEncoding } from '../encoding/websocket-encoding.js';
import { ContextMembers } from './context-members.js';
import { PIECE } from './shared-slice.js';

const WINDOW = sharedDeflateEncoding.sharing!.windowBytes;

/** Returns how many texts fill the window when the server takes every header for one of the greatest length. */
function messagesOfWindow(texts: readonly string[]): number {
  let known = 0;
  return 1 + texts.findIndex((text) => (known += text.length + 4 - MAX_FRAME_HEADER) >= WINDOW);
}

const indices = (connection: BufferedConnection) =>
  connection.texts().map((text) => Number(/^\d+/.exec(text)));

afterEach(() => {
  vi.restoreAllMocks();
});

describe(ContextMembers.name, () => {
  it('compresses from the first message when a client is alone', () => {
    const stream = new TestStream();
    const { connection } = stream.join();
    stream.publish(3);
    expect(indices(connection)).toEqual([0, 1, 2]);
    expect(connection.reader.compressed).toBe(3);
    expect(stream.audience.compression).toMatchObject({ messages: 3, clients: 1, outsiders: 0 });
  });

  it.each([0, 1, 10, 100])(
    'lets a client that joins after %i messages use the context as soon as it knows the texts in the window',
    (position) => {
      const stream = new TestStream();
      const first = stream.join();
      for (let i = 0; i < position; i++) stream.publish();
      const late = stream.join();
      const before = stream.audience.compression.bytes;
      let alone = 0;
      while (stream.published < position + 300) {
        stream.publish();
        if (stream.audience.compression.outsiders > 0) alone++;
      }
      expect(stream.audience.compression).toMatchObject({
        messages: stream.published,
        clients: 2,
        outsiders: 0,
      });
      expect(alone).toBe(position === 0 ? 0 : messagesOfWindow(stream.texts.slice(position)));
      for (const { connection, joinedAt } of [first, late]) {
        expect(connection.texts()).toEqual(stream.texts.slice(joinedAt));
        expect(connection.reader.compressed).toBe(stream.published - joinedAt);
      }
      const { bytes } = late.client.stats;
      const saved = stream.audience.compression.bytes - before;
      if (position === 0) expect(bytes).toBe(saved);
      else expect(bytes).toBeGreaterThan(saved);
    },
  );

  it('sends a gap message that a full connection did not take before the next message of the context', () => {
    const stream = new TestStream();
    const { connection } = stream.join(sharedDeflateEncoding, { events: true });
    stream.publish();
    vi.spyOn(connection, 'isFull', 'get').mockReturnValueOnce(true);
    stream.audience.reportUnavailable({ source: FAKE_SOURCE, from: 1, to: 3 });
    expect(connection.texts()).toHaveLength(1);
    stream.publish();
    const [, gap, last] = connection.texts();
    expect(JSON.parse(gap)).toMatchObject({ message_type: 'gap', data: { reason: 'unavailable' } });
    expect(last).toBe(stream.texts[1]);
    expect(connection.reader.compressed).toBe(2);
  });

  it('compresses nothing and keeps no context when its clients have left', () => {
    const close = vi.spyOn(SharedDeflate.prototype, 'close');
    const compress = vi.spyOn(SharedDeflate.prototype, 'compress');
    const stream = new TestStream();
    const clients = [stream.join(), stream.join(), stream.join(webSocketEncoding)];
    stream.publish();
    for (const { client } of clients.slice(0, 2)) stream.audience.leave(client);
    expect(close).toHaveBeenCalledOnce();
    stream.publish();
    expect(compress).toHaveBeenCalledOnce();
    expect(stream.audience.compression).toMatchObject({ clients: 0, outsiders: 0 });
  });

  it('sends a client that has become slow other messages, and the context again after it has caught up', () => {
    const stream = new TestStream();
    const { connection, client } = stream.join();
    const other = stream.join();
    stream.publish(2);
    connection.stall();
    const unsent = () => connection.unsentBytes;
    while (unsent() < PIECE) stream.publish(50, new SeededRandom(unsent()).bytes(1000).toString('hex'));
    expect(client.backlog).toBe(0);
    const compressed = stream.published;
    stream.publish(5);
    expect(client.backlog).toBe(5);
    expect(stream.audience.compression).toMatchObject({ clients: 1, outsiders: 1 });
    connection.drain();
    stream.publish();
    expect(stream.audience.compression).toMatchObject({ clients: 2, outsiders: 0 });
    for (const each of [connection, other.connection])
      expect(indices(each)).toEqual(range(0, stream.published));
    expect(compressed).toBeGreaterThan(50);
  });

  it('finishes a slice of several pieces with other messages when the client becomes slow within it', () => {
    const stream = new TestStream({ maxBatchDelayMs: 3_600_000 });
    const { connection, client } = stream.join();
    stream.publish();
    connection.stall();
    const random = new SeededRandom(3);
    for (let i = 0; i < 400; i++) stream.publish(1, random.bytes(3000).toString('base64'));
    stream.audience.flush();
    expect(client.backlog).toBeGreaterThan(0);
    expect(client.backlog).toBeLessThan(400);
    connection.drain();
    expect(indices(connection)).toEqual(range(0, stream.published));
  });

  it.each(['the context', 'messages alone'])(
    'sends plain messages when the compression of %s fails',
    (what) => {
      const stream = new TestStream();
      const clients = [stream.join(), stream.join()];
      stream.publish(3);
      if (what === 'the context') {
        vi.spyOn(SharedDeflate.prototype, 'compress').mockImplementationOnce(() => {
          throw new Error('no memory');
        });
      } else {
        const [{ connection }] = clients;
        vi.spyOn(connection, 'unsentBytes', 'get').mockReturnValue(PIECE);
        vi.spyOn(sharedDeflateEncoding.sharing!, 'compressEach').mockImplementation(() => {
          throw new Error('no memory');
        });
      }
      stream.publish(2);
      vi.restoreAllMocks();
      for (let i = 0; i < 200; i++) stream.publish();
      for (const { connection, client } of clients) {
        expect(indices(connection)).toEqual(range(0, stream.published));
        expect(client.stats.dropped).toBe(0);
      }
      expect(stream.onCompressionError).toHaveBeenCalledOnce();
      expect(stream.onError).not.toHaveBeenCalled();
      expect(stream.audience.compression).toMatchObject({ failures: 1, clients: 2, outsiders: 0 });
    },
  );

  it('does not use the context for a client that missed messages of it because of an error', () => {
    const stream = new TestStream();
    const { connection, client } = stream.join();
    const other = stream.join();
    stream.publish(2);
    vi.spyOn(connection, 'write').mockImplementationOnce(() => {
      throw new Error('no memory');
    });
    stream.publish();
    for (let i = 0; i < 200; i++) stream.publish();
    expect(indices(connection)).toEqual([0, 1, ...range(3, stream.published)]);
    expect(indices(other.connection)).toEqual(range(0, stream.published));
    expect(client.stats.dropped).toBe(1);
  });
});

describe('random sequences', () => {
  const encodings = [
    sharedDeflateEncoding,
    sharedDeflateEncoding,
    deflateEncoding,
    webSocketEncoding,
  ] as const;

  /** Joins, leaves, stalls, drains and publications in any order. */
  function run(seed: number, settings: AudienceSettings) {
    const random = new SeededRandom(seed);
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const stream = new TestStream(settings);
    const clients: ReturnType<TestStream['join']>[] = [];
    const gone: ReturnType<TestStream['join']>[] = [];
    const padding = () => random.bytes(random.below(3000)).toString('base64');
    for (let step = 0; step < 300; step++) {
      now += random.below(40);
      const chosen = clients[random.below(Math.max(1, clients.length))] as (typeof clients)[0] | undefined;
      const dice = random.below(20);
      if (dice === 0 && clients.length < 12)
        clients.push(stream.join(random.pick(encodings), { events: random.below(2) === 0 }));
      else if (dice === 1 && clients.length > 6) {
        stream.audience.leave(chosen!.client);
        gone.push(...clients.splice(clients.indexOf(chosen!), 1));
      } else if (dice < 6) chosen?.connection.stall();
      else if (dice === 6) chosen?.connection.drain(random.below(3) === 0);
      else if (dice === 7) stream.audience.flush();
      else if (dice === 8) stream.audience.sendAside({ message_type: 'heartbeat' });
      else stream.publish(1 + random.below(random.below(30) === 0 ? 300 : 10), padding());
    }
    stream.audience.flush();
    for (const { client, connection } of clients) {
      connection.drain();
      client.finish();
    }
    return { stream, clients, gone };
  }

  it.each(range(1, 7))('give every client exactly its messages in order (seed %i)', (seed) => {
    const alone = vi.spyOn(sharedDeflateEncoding.sharing!, 'compressEach');
    const { stream, clients, gone } = run(seed, { maxBatchDelayMs: seed % 2 === 0 ? 0 : 20 });
    expect(stream.audience.compression.messages).toBeGreaterThan(100);
    expect(alone).toHaveBeenCalled();
    const read = (connection: BufferedConnection) =>
      connection.texts().filter((text) => !text.includes('heartbeat'));
    for (const { connection, joinedAt } of clients)
      expect(read(connection)).toEqual(stream.texts.slice(joinedAt));
    for (const { connection, joinedAt } of gone) {
      const texts = read(connection);
      expect(texts).toEqual(stream.texts.slice(joinedAt, joinedAt + texts.length));
    }
    expect(stream.onCompressionError).not.toHaveBeenCalled();
  });

  it.each(range(1, 5))(
    'with drops, give every client the other messages, and gap messages (seed %i)',
    (seed) => {
      const { stream, clients } = run(seed, { maxBatchDelayMs: 20, messages: 40 });
      expect(stream.audience.stats.dropped).toBeGreaterThan(0);
      for (const { connection, client, joinedAt } of clients) {
        let next = joinedAt;
        let dropped = 0;
        for (const text of connection.texts()) {
          if (text.includes('heartbeat')) continue;
          if (!text.startsWith('{')) {
            const index = Number(/^\d+/.exec(text));
            if (client.options.events) expect(index).toBe(next);
            dropped += index - next;
            next = index + 1;
            continue;
          }
          const { data } = JSON.parse(text) as {
            data: { logs: { ranges: { from: number; to: number }[] }[] };
          };
          for (const { from, to } of data.logs.flatMap(({ ranges }) => ranges)) {
            expect(from).toBe(next);
            next = to + 1;
            dropped += next - from;
          }
        }
        expect(dropped + stream.published - next).toBe(client.stats.dropped);
      }
    },
  );
});
