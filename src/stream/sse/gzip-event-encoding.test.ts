import { constants, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { memoryJournal } from '../../../test/support/feed.js';
import { framesOf } from '../../../test/support/stream-clients.js';
import { EventStreamEncoding } from './event-stream-encoding.js';
import { GzipEventEncoding } from './gzip-event-encoding.js';

const plain = new EventStreamEncoding(memoryJournal());
const gzip = new GzipEventEncoding(plain);
const place = { seq: 3, offset: 0 };
const texts = framesOf(
  Array.from({ length: 20 }, (_, i) => `{"i":${i},"text":"${'abcdefgh'.repeat(i * 400)}"}`),
);

/** Returns the text that a client reads from a part of a stream. */
const read = (...octets: readonly Buffer[]) =>
  gunzipSync(Buffer.concat([gzip.start, ...octets]), { finishFlush: constants.Z_SYNC_FLUSH }).toString();

describe(GzipEventEncoding, () => {
  const { buffer, count, frameStart } = gzip.encode(texts, place);
  const frames = Array.from({ length: count }, (_, i) => buffer.subarray(frameStart[i], frameStart[i + 1]));
  const expected = plain.encode(texts, place);
  const events = Array.from({ length: count }, (_, i) =>
    expected.buffer.toString('utf8', expected.frameStart[i], expected.frameStart[i + 1]),
  );

  it('lets a client read each event as soon as it has arrived', () => {
    for (let i = 0; i <= count; i++) expect(read(...frames.slice(0, i))).toBe(events.slice(0, i).join(''));
    expect(buffer.length).toBeLessThan(expected.buffer.length / 4);
  });

  it('lets a client miss any event, and get others in between', () => {
    const message = { message_type: 'gap', data: { text: 'x'.repeat(200_000), reason: 'slow' } };
    const aside = plain.encodeMessage(message).toString();
    const comment = gzip.encodeText(': heartbeat\n\n');
    for (const kept of [[0, 2, 4], [19], [7, 3, 7]])
      expect(read(...kept.flatMap((i) => [frames[i], gzip.encodeMessage(message), comment]))).toBe(
        kept.map((i) => `${events[i]}${aside}: heartbeat\n\n`).join(''),
      );
  });
});
