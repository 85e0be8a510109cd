import { describe, expect, it } from 'vitest';
import { identifyCommand, mpubBody, mpubCommand, NsqFrameReader } from './nsq-protocol.js';

// The octets are written from https://nsq.io/clients/tcp_protocol_spec.html.
const bytes = (...parts: readonly (string | Buffer | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

describe('commands', () => {
  it('IDENTIFY has the size of its JSON', () => {
    expect(identifyCommand({ tls_v1: false })).toEqual(
      bytes('IDENTIFY\n', [0, 0, 0, 16], '{"tls_v1":false}'),
    );
  });

  it('MPUB has the size of its body, the number of messages, and the size of each', () => {
    const expected = bytes([0, 0, 0, 2], [0, 0, 0, 3], 'one', [0, 0, 0, 5], 'three');
    const texts = [Buffer.from('one'), Buffer.from('three')];
    expect(mpubBody(texts)).toEqual(expected);
    expect(mpubCommand('a.topic', texts)).toEqual(bytes('MPUB a.topic\n', [0, 0, 0, 20], expected));
  });

  it('sizes count octets, not characters', () => {
    expect(mpubBody([Buffer.from('é')])).toEqual(bytes([0, 0, 0, 1, 0, 0, 0, 2, 0xc3, 0xa9]));
  });
});

describe(NsqFrameReader, () => {
  const OK = bytes([0, 0, 0, 6], [0, 0, 0, 0], 'OK');
  const ERROR = bytes([0, 0, 0, 15], [0, 0, 0, 1], 'E_BAD_TOPIC');
  const EMPTY = bytes([0, 0, 0, 4], [0, 0, 0, 0]);

  it('reads frames that arrive together', () => {
    expect(new NsqFrameReader().push(Buffer.concat([OK, EMPTY, ERROR]))).toEqual([
      { type: 'response', text: 'OK' },
      { type: 'response', text: '' },
      { type: 'error', text: 'E_BAD_TOPIC' },
    ]);
  });

  it('reads frames that arrive octet by octet', () => {
    const reader = new NsqFrameReader();
    const frames = Array.from(Buffer.concat([OK, ERROR, OK])).flatMap((octet) =>
      reader.push(Buffer.from([octet])),
    );
    expect(frames.map(({ text }) => text)).toEqual(['OK', 'E_BAD_TOPIC', 'OK']);
  });

  it('refuses octets that are not frames', () => {
    expect(() => new NsqFrameReader().push(Buffer.from('HTTP/1.1 400 Bad Request'))).toThrow(
      /frame of 1213486160/,
    );
    expect(() => new NsqFrameReader().push(bytes([0, 0, 0, 3, 0, 0, 0]))).toThrow(/frame of 3/);
    expect(() => new NsqFrameReader().push(bytes([0, 1, 0, 1], [0, 0, 0, 0]))).toThrow(/frame of 65537/);
    expect(() => new NsqFrameReader().push(bytes([0, 0, 0, 4], [0, 0, 0, 3]))).toThrow(/type/);
  });
});
