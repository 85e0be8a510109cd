import type { JsMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { beforeEach, describe, expect, it } from 'vitest';
import { ProblemLog } from '../../../logging/problem-log.js';
import { describeRead } from '../testing/journal-batches.js';
import { encodeFrameHeaders } from './frame-headers.js';
import { MessageDecoder } from './stream-message.js';
import { StreamStats } from './stream-stats.js';

/** A record of two entries as the first version wrote it. Do not change it: streams in use hold such records. */
const FORMAT_1 = {
  headers: {
    'Ct-Format': '1',
    'Ct-Owner': 'aaaaaaaa',
    'Ct-Frame': '3',
    'Ct-Kind': 'next',
    'Ct-First': '7',
    'Ct-Count': '2',
    'Ct-Next': '9',
  },
  body:
    'Q1RCAi7O1hm6AAAAAgAAAAcAAAAAAAAAALBbX6aqeUIGAAAAAAAAACQAAAAAAAMAAAAAAAAAHEAAAAAAAAAgQAAAAAAAAAAAAAAAAAAAAAADAAAAAAAAAAMAAAAAAAAA' +
    'AAAAAAAAAAAAAAAAAAAAAAAAAAADAAAABgAAAAMAAAAGAAAAAAAAAAAAAAAAAAAAAwAAAExvZxMAAABodHRwczovL2xvZy5leGFtcGxlAgAAAE9wBwcHCAgI',
};

let lines: string[];
let stats: StreamStats;
let decoder: MessageDecoder;

beforeEach(() => {
  lines = [];
  stats = new StreamStats();
  const note = (line: string): void => void lines.push(line);
  decoder = new MessageDecoder('CT', stats, new ProblemLog({ log: note, warn: note }));
});

function message(seq: number, headers: Readonly<Record<string, string>>, body: string): JsMsg {
  return {
    seq,
    info: { timestampNanos: 1e15 },
    data: Buffer.from(body, 'base64'),
    headers: { get: (name: string) => headers[name] ?? '' } as MsgHdrs,
  } as unknown as JsMsg;
}

describe(MessageDecoder, () => {
  it('reads records of format 1', () => {
    const { owner, record, seq } = decoder.decode(message(12, FORMAT_1.headers, FORMAT_1.body));
    expect([owner, seq, describeRead(record!)]).toEqual(['aaaaaaaa', 12, '12: log.example 7-8']);
    expect(lines).toEqual([]);
  });

  it('ignores headers that a later version adds', () => {
    const headers = { ...FORMAT_1.headers, 'Ct-Color': 'blue' };
    expect(decoder.decode(message(1, headers, FORMAT_1.body)).record).toBeDefined();
  });

  it('counts each record of a later format, reports them in one line, and goes on', () => {
    const later = { ...FORMAT_1.headers, 'Ct-Format': '2' };
    for (const seq of [1, 2, 3]) {
      const { isUnreadable, record, unavailable } = decoder.decode(message(seq, later, 'AAAA'));
      expect([isUnreadable, record, unavailable]).toEqual([true, undefined, undefined]);
    }
    expect(lines).toEqual([
      'record 1 of the stream CT cannot be read: it has version 2, and this program reads versions up to 1; update it',
    ]);
    expect(stats.unreadableRecords).toBe(3);
    expect(decoder.decode(message(4, FORMAT_1.headers, FORMAT_1.body)).record).toBeDefined();
  });

  it('reads no entries from a body of a later version', () => {
    const octets = Buffer.from(FORMAT_1.body, 'base64');
    octets[3]++;
    expect(decoder.decode(message(1, FORMAT_1.headers, octets.toString('base64'))).isUnreadable).toBe(true);
    expect(lines).toHaveLength(1);
  });
});

describe(encodeFrameHeaders, () => {
  it('writes format 1', () => {
    const frame = { owner: 'aaaaaaaa', frame: 3, kind: 'next', first: 7, count: 2, next: 9 } as const;
    const written = encodeFrameHeaders(frame, 5) as unknown as { encode(): Buffer };
    expect(written.encode().toString().trim().split('\r\n')).toEqual([
      'NATS/1.0',
      'Nats-Expected-Last-Subject-Sequence: 5',
      ...Object.entries(FORMAT_1.headers).map(([name, value]) => `${name}: ${value}`),
    ]);
  });
});
