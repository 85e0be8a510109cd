import { deflateRawSync } from 'node:zlib';
import type { Case } from './framing-cases.js';
import { CLOSE, closeFrame, CONTINUATION, frame, PING, TEXT } from './websocket-frames.js';

const invalidUtf8: Record<string, Buffer> = {
  '6.3.1 overlong surrogate': Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex'),
  '6.6.1 truncated': Buffer.from([0xce]),
  '6.8.1 five octets': Buffer.from('f888808080', 'hex'),
  '6.10.1 beyond U+10FFFF': Buffer.from('f7bfbfbf', 'hex'),
  '6.12.1 lone continuation': Buffer.from([0x80]),
  '6.14.1 lone first octet': Buffer.from('c020', 'hex'),
  '6.18.1 overlong /': Buffer.from('c0af', 'hex'),
  '6.19.1 overlong U+007F': Buffer.from('c1bf', 'hex'),
  '6.20.1 overlong NUL': Buffer.from('c080', 'hex'),
  '6.21.1 surrogate': Buffer.from('eda080', 'hex'),
};

/** Autobahn's groups 6, 7 and 9. */
export const CONTENT_CASES: readonly Case[] = [
  // 6 UTF-8
  { name: '6.1.1 empty text', send: frame(TEXT), outcome: 'alive' },
  {
    name: '6.1.3 empty fragments',
    send: [frame(TEXT, '', { fin: false }), frame(CONTINUATION, '', { fin: false }), frame(CONTINUATION)],
    outcome: 'alive',
  },
  { name: '6.2.1 valid UTF-8', send: frame(TEXT, 'Hello-µ@ßöäüàá-UTF-8!!'), outcome: 'alive' },
  {
    name: '6.2.3 a character cut by fragments',
    send: [frame(TEXT, Buffer.from([0xce]), { fin: false }), frame(CONTINUATION, Buffer.from([0xba]))],
    outcome: 'alive',
  },
  { name: '6.9.4 U+10FFFF', send: frame(TEXT, '\u{10ffff}'), outcome: 'alive' },
  { name: '6.22.1 U+FFFE', send: frame(TEXT, '\ufffe'), outcome: 'alive' },
  ...Object.entries(invalidUtf8).map(([name, payload]): Case => ({
    name,
    send: frame(TEXT, payload),
    outcome: 1007,
  })),
  {
    name: '6.4.1 invalid UTF-8 in a later fragment',
    send: [frame(TEXT, 'ok', { fin: false }), frame(CONTINUATION, invalidUtf8['6.21.1 surrogate'])],
    outcome: 1007,
  },
  // 7 close handling
  { name: '7.1.1 close without payload', send: frame(CLOSE), outcome: 1005 },
  { name: '7.1.2 two closes', send: [closeFrame(1000), closeFrame(1000)], outcome: 1000 },
  { name: '7.1.3 ping after close', send: [closeFrame(1000), frame(PING)], outcome: 1000, pongs: [] },
  {
    name: '7.1.5 close within a fragmented text',
    send: [frame(TEXT, 'a', { fin: false }), closeFrame(1000)],
    outcome: 1000,
  },
  { name: '7.3.2 close with one octet', send: frame(CLOSE, 'x'), outcome: 1002 },
  { name: '7.3.4 close with a reason', send: closeFrame(1000, 'Hello World!'), outcome: 1000 },
  { name: '7.3.5 close with a reason of 123 octets', send: closeFrame(1000, '*'.repeat(123)), outcome: 1000 },
  { name: '7.3.6 close with a reason of 124 octets', send: closeFrame(1000, '*'.repeat(124)), outcome: 1002 },
  {
    name: '7.5.1 close with invalid UTF-8',
    send: closeFrame(1000, invalidUtf8['6.21.1 surrogate']),
    outcome: 1007,
  },
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map((code, i): Case => ({
    name: `7.7.${i + 1} close with ${code}`,
    send: closeFrame(code),
    outcome: code,
  })),
  ...[0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535].map((code, i): Case => ({
    name: `7.9.${i + 1} close with invalid ${code}`,
    send: closeFrame(code),
    outcome: 1002,
  })),
  // 9 limits
  { name: '9.1.1 text of 64 KiB', send: frame(TEXT, Buffer.alloc(65_536, '*')), outcome: 'alive' },
  { name: '9.1.3 text of 1 MiB', send: frame(TEXT, Buffer.alloc(1_048_576, '*')), outcome: 'alive' },
  { name: '9.1.4 text above the limit', send: frame(TEXT, Buffer.alloc(1_048_577, '*')), outcome: 1009 },
  {
    name: '9.3.1 1 MiB in fragments of 64 KiB',
    send: Array.from({ length: 16 }, (_, i) =>
      frame(i === 0 ? TEXT : CONTINUATION, Buffer.alloc(65_536, '*'), { fin: i === 15 }),
    ),
    outcome: 'alive',
  },
  {
    name: '9.3.x fragments above the limit',
    send: Array.from({ length: 17 }, (_, i) =>
      frame(i === 0 ? TEXT : CONTINUATION, Buffer.alloc(65_536, '*'), { fin: i === 16 }),
    ),
    outcome: 1009,
  },
  { name: '9.x announced length of 2^62', send: frame(TEXT, '', { announced: 1n << 62n }), outcome: 1009 },
  { name: '9.x announced length of 2^63', send: frame(TEXT, '', { announced: 1n << 63n }), outcome: 1009 },
];

const deflated = (text: Buffer | string) => deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4);

/** Autobahn's groups 12 and 13. */
export const COMPRESSED_CASES: readonly Case[] = [
  { name: '12.1.1 compressed text', send: frame(TEXT, deflated('{"a":1}'), { rsv: 4 }), outcome: 'alive' },
  {
    name: '12.1.2 compressed 256 KiB',
    send: frame(TEXT, deflated(Buffer.alloc(262_144, '*')), { rsv: 4 }),
    outcome: 'alive',
  },
  {
    name: '12.2 compressed in fragments',
    send: [
      frame(TEXT, deflated('hello').subarray(0, 3), { rsv: 4, fin: false }),
      frame(CONTINUATION, deflated('hello').subarray(3)),
    ],
    outcome: 'alive',
  },
  {
    name: '13.1 uncompressed text where compression was agreed',
    send: frame(TEXT, 'hello'),
    outcome: 'alive',
  },
  {
    name: '13.x bomb: 100 MiB in 100 KiB',
    send: frame(TEXT, deflated(Buffer.alloc(104_857_600)), { rsv: 4 }),
    outcome: 1009,
  },
  {
    name: '13.x damaged deflate',
    send: frame(TEXT, Buffer.from('ffffffff', 'hex'), { rsv: 4 }),
    outcome: 1007,
  },
  {
    name: '13.x RSV1 on a continuation',
    send: [frame(TEXT, deflated('a'), { rsv: 4, fin: false }), frame(CONTINUATION, 'b', { rsv: 4 })],
    outcome: 1002,
  },
  { name: '13.x RSV1 on a ping', send: frame(PING, 'x', { rsv: 4 }), outcome: 1002 },
  { name: '13.x RSV2', send: frame(TEXT, 'x', { rsv: 2 }), outcome: 1002 },
  {
    name: '13.x compressed invalid UTF-8',
    send: frame(TEXT, deflated(Buffer.from([0xc0, 0xaf])), { rsv: 4 }),
    outcome: 1007,
  },
];
