import { describe, expect, it } from 'vitest';
import { memoryJournal } from '../../../test/support/feed.js';
import { framesOf } from '../../../test/support/stream-clients.js';
import { cursorPrefix } from '../../feed/cursor.js';
import { expiredMessage, liveMessage } from '../subscription/stream-events.js';
import type { FrameBatch } from '../encoding/frame-encoding.js';
import { comment, EventStreamEncoding } from './event-stream-encoding.js';

const journal = memoryJournal();
const prefix = cursorPrefix(journal);
const encoding = new EventStreamEncoding(journal);

/** Returns the text of each frame. */
const eventsOf = ({ buffer, count, frameStart }: FrameBatch) =>
  Array.from({ length: count }, (_, i) => buffer.toString('utf8', frameStart[i], frameStart[i + 1]));

describe(EventStreamEncoding, () => {
  it('writes each message as an event whose id is the cursor after the entry', () => {
    const texts = framesOf(['{"a":"é"}', '{"b":2}\n', `{"c":"${'x'.repeat(70_000)}"}`]);
    expect(eventsOf(encoding.encode(texts, { seq: 7, offset: 8 }))).toEqual([
      `id: ${prefix}7.9\ndata: {"a":"é"}\n\n`,
      `id: ${prefix}7.10\ndata: {"b":2}\n\n`,
      `id: ${prefix}7.11\ndata: {"c":"${'x'.repeat(70_000)}"}\n\n`,
    ]);
  });

  it('writes the largest numbers of a cursor', () => {
    const [event] = eventsOf(encoding.encode(framesOf(['{}']), { seq: 1e12 - 1, offset: 1e9 - 2 }));
    expect(event).toBe(`id: ${prefix}999999999999.999999999\ndata: {}\n\n`);
  });

  it('writes no id for entries without a place, and nothing for an empty batch', () => {
    expect(eventsOf(encoding.encode(framesOf(['{"a":1}', '{"b":2}'])))).toEqual([
      'data: {"a":1}\n\n',
      'data: {"b":2}\n\n',
    ]);
    expect(encoding.encode(framesOf([]), { seq: 1, offset: 0 })).toMatchObject({ count: 0 });
  });

  it('does not change the texts, which other encodings share', () => {
    const texts = framesOf(['{"a":1}\n']);
    const before = Buffer.from(texts.buffer);
    encoding.encode(texts, { seq: 1, offset: 0 });
    expect(texts.buffer).toEqual(before);
  });

  it('names other messages after their type, with an id where the client has got everything before it', () => {
    const text = (message: Parameters<typeof encoding.encodeMessage>[0]) =>
      encoding.encodeMessage(message).toString();
    expect(text(liveMessage('e.1.2.3'))).toBe(
      'id: e.1.2.3\nevent: live\ndata: {"message_type":"live","data":{"cursor":"e.1.2.3"}}\n\n',
    );
    expect(text({ message_type: 'heartbeat' })).toBe(
      'event: heartbeat\ndata: {"message_type":"heartbeat"}\n\n',
    );
    expect(text(expiredMessage('a\n', 'b', 'e.1.2.3'))).toMatch(/^id: e\.1\.2\.3\nevent: gap\ndata: .+\n\n$/);
  });

  it('adds the keys of certstream-server-rust to gap messages', () => {
    const data = { messages: 12, logs: [], truncated: false, reason: 'slow', cursor: 'e.1.2.3' } as const;
    const text = encoding.encodeMessage({ message_type: 'gap', data } as never).toString();
    const [event, written] = text.trimEnd().split('\n');
    expect(event).toBe('event: gap');
    expect(JSON.parse(written.replace('data: ', ''))).toEqual({
      message_type: 'gap',
      dropped: 12,
      disconnecting: false,
      data,
    });
  });
});

describe(comment, () => {
  it('stays one line', () => {
    expect(comment('a\r\nid: 1\n\nb')).toBe(': a id: 1 b\n\n');
  });
});
