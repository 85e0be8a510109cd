import { describe, expect, it } from 'vitest';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  frame,
  PING,
  PONG,
  TEXT,
} from '../../../test/support/websocket-frames.js';
import { FrameCounter } from './frame-counter.js';

const FRAMES = [
  frame(TEXT),
  frame(TEXT, 'x'),
  frame(PING, Buffer.alloc(125)),
  frame(BINARY, Buffer.alloc(126, 0x89)),
  frame(TEXT, Buffer.alloc(65_535, 0x80), { rsv: 4 }),
  frame(BINARY, Buffer.alloc(65_536, 0x89), { fin: false }),
  frame(CONTINUATION),
  frame(PONG),
  frame(CLOSE),
];

describe(FrameCounter.name, () => {
  it.each([1, 2, 3, 5, 7, 64, 1000, 65_536, Infinity])('counts frames in chunks of %d octets', (size) => {
    const bytes = Buffer.concat(FRAMES);
    const counter = new FrameCounter();
    let frames = 0;
    for (let at = 0; at < bytes.length; at += size) frames += counter.count(bytes.subarray(at, at + size));
    expect(frames).toBe(FRAMES.length);
  });

  it.each([
    ['a complete frame', frame(TEXT, 'x'), false],
    ['a part of a header', frame(TEXT, 'x').subarray(0, 1), true],
    ['a part of a payload', frame(TEXT, 'xy').subarray(0, -1), true],
    ['a fragment', frame(TEXT, 'x', { fin: false }), true],
    ['a Ping after a fragment', Buffer.concat([frame(TEXT, 'x', { fin: false }), frame(PING)]), true],
    ['the last fragment', Buffer.concat([frame(TEXT, 'x', { fin: false }), frame(CONTINUATION)]), false],
  ])('knows whether a message is incomplete: %s', (_, octets, isMidMessage) => {
    const counter = new FrameCounter();
    counter.count(octets);
    expect(counter.isMidMessage).toBe(isMidMessage);
  });

  it('counts a frame as soon as its header is complete', () => {
    const counter = new FrameCounter();
    const bytes = frame(TEXT, Buffer.alloc(70_000));
    expect(counter.count(bytes.subarray(0, 9))).toBe(0);
    expect(counter.count(bytes.subarray(9, 10))).toBe(1);
    expect(counter.count(bytes.subarray(10))).toBe(0);
    expect(counter.count(frame(PING))).toBe(1);
  });

  it.each([
    ['an unmasked frame', frame(TEXT, 'x', { masked: false })],
    ['reserved bits', frame(TEXT, 'x', { rsv: 2 })],
  ])('counts nothing after %s, which closes the connection', (_what, malformed) => {
    const counter = new FrameCounter();
    expect(counter.count(Buffer.concat([frame(PING), malformed, ...FRAMES]))).toBe(2);
    expect(counter.count(Buffer.concat(FRAMES))).toBe(0);
  });

  it('does not count frames inside a payload with a length of 2^63', () => {
    const counter = new FrameCounter();
    expect(counter.count(frame(TEXT, '', { announced: 1n << 63n }))).toBe(1);
    expect(counter.count(Buffer.alloc(100_000, frame(PING)))).toBe(0);
  });

  it('stops counting at the given maximum', () => {
    expect(new FrameCounter().count(Buffer.alloc(65_532, frame(PING)), 201)).toBe(201);
  });
});
