import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Admission } from '../src/web/admission.js';
import { RawClient } from './support/raw-client.js';
import { StreamReader } from './support/stream-reader.js';
import { TestSystem } from './support/system.js';

/** Opcodes of RFC 6455, 5.2. */
const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa];
const LARGEST = 65_536;

interface FrameBits {
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  /** Length that is announced, if it is not that of the payload. */
  readonly announced?: bigint;
}

/** One client frame; masked, as clients must, unless told otherwise. */
function frame(opcode: number, payload: string | Buffer = '', bits: FrameBits = {}): Buffer {
  const { fin = true, rsv = 0, masked = true, announced } = bits;
  const data = Buffer.from(payload);
  const length = announced ?? BigInt(data.length);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const maskBit = masked ? 0x80 : 0;
  const extended = Buffer.alloc(8);
  if (length < 126n) head.push(maskBit | Number(length));
  else if (length < 65_536n) head.push(maskBit | 126, Number(length >> 8n), Number(length & 0xffn));
  else {
    extended.writeBigUInt64BE(length);
    head.push(maskBit | 127, ...extended);
  }
  const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  if (!masked) return Buffer.concat([Buffer.from(head), data]);
  return Buffer.concat([Buffer.from(head), mask, data.map((byte, i) => byte ^ mask[i % 4])]);
}

const closeFrame = (code: number, reason: string | Buffer = '') => {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([payload, Buffer.from(reason)]));
};

interface Received {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The complete frames of a server, which must be whole and unmasked. */
function serverFrames(bytes: Buffer): Received[] {
  const frames: Received[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    expect(bytes[at + 1] & 0x80).toBe(0);
    const short = bytes[at + 1] & 0x7f;
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
    if (start > bytes.length) break;
    const length =
      short === 126
        ? bytes.readUInt16BE(at + 2)
        : short === 127
          ? Number(bytes.readBigUInt64BE(at + 2))
          : short;
    if (start + length > bytes.length) break;
    frames.push({ opcode: bytes[at] & 0x0f, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return frames;
}

/** `alive`: the connection goes on; a number: it is closed with that code; `closed`: as the client asked for. */
type Outcome = 'alive' | number;
interface Case {
  readonly name: string;
  readonly send: Buffer | readonly Buffer[];
  readonly outcome: Outcome;
  /** Payloads of the pongs that have to come, in order. */
  readonly pongs?: readonly (string | Buffer)[];
  /** Sends every octet on its own. */
  readonly chopped?: boolean;
}

const bytes125 = Buffer.alloc(125, 0xfe);
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

const CASES: readonly Case[] = [
  // 1 framing
  ...[0, 125, 126, 127, 128, 65_535, LARGEST].map((size, i): Case => ({
    name: `1.1.${i + 1} text of ${size} octets`,
    send: frame(TEXT, Buffer.alloc(size, '*')),
    outcome: 'alive',
  })),
  ...[0, 125, 126, 127, 128, 65_535, LARGEST].map((size, i): Case => ({
    name: `1.2.${i + 1} binary of ${size} octets`,
    send: frame(BINARY, Buffer.alloc(size, 0xfe)),
    outcome: 'alive',
  })),
  {
    name: '1.1.8 text in single octets',
    send: frame(TEXT, Buffer.alloc(300, '*')),
    chopped: true,
    outcome: 'alive',
  },
  // 2 pings and pongs
  { name: '2.1 empty ping', send: frame(PING), outcome: 'alive', pongs: [''] },
  {
    name: '2.2 ping with text',
    send: frame(PING, 'Hello, world!'),
    outcome: 'alive',
    pongs: ['Hello, world!'],
  },
  {
    name: '2.3 ping with binary',
    send: frame(PING, Buffer.from('00fffefd', 'hex')),
    outcome: 'alive',
    pongs: [Buffer.from('00fffefd', 'hex')],
  },
  { name: '2.4 ping of 125 octets', send: frame(PING, bytes125), outcome: 'alive', pongs: [bytes125] },
  { name: '2.5 ping of 126 octets', send: frame(PING, Buffer.alloc(126)), outcome: 1002 },
  {
    name: '2.6 ping of 125 octets in single octets',
    send: frame(PING, bytes125),
    chopped: true,
    outcome: 'alive',
    pongs: [bytes125],
  },
  { name: '2.7 unsolicited empty pong', send: frame(PONG), outcome: 'alive' },
  { name: '2.8 unsolicited pong', send: frame(PONG, 'unsolicited'), outcome: 'alive' },
  {
    name: '2.9 unsolicited pong, then ping',
    send: [frame(PONG, 'unsolicited'), frame(PING, 'ping')],
    outcome: 'alive',
    pongs: ['ping'],
  },
  // 3 reserved bits
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv): Case => ({
    name: `3.${rsv} reserved bits ${rsv} without extension`,
    send: frame(rsv % 2 ? TEXT : PING, 'x', { rsv }),
    outcome: 1002,
  })),
  // 4 opcodes
  ...[3, 4, 5, 6, 7].map((opcode, i): Case => ({
    name: `4.1.${i + 1} reserved opcode ${opcode}`,
    send: frame(opcode, 'x'),
    outcome: 1002,
  })),
  ...[11, 12, 13, 14, 15].map((opcode, i): Case => ({
    name: `4.2.${i + 1} reserved control opcode ${opcode}`,
    send: frame(opcode),
    outcome: 1002,
  })),
  // 5 fragmentation
  {
    name: '5.1 fragmented ping',
    send: [frame(PING, 'a', { fin: false }), frame(CONTINUATION, 'b')],
    outcome: 1002,
  },
  {
    name: '5.2 fragmented pong',
    send: [frame(PONG, 'a', { fin: false }), frame(CONTINUATION, 'b')],
    outcome: 1002,
  },
  {
    name: '5.3 text in two fragments',
    send: [frame(TEXT, 'a', { fin: false }), frame(CONTINUATION, 'b')],
    outcome: 'alive',
  },
  {
    name: '5.6 ping between fragments',
    send: [frame(TEXT, 'a', { fin: false }), frame(PING, 'p'), frame(CONTINUATION, 'b')],
    outcome: 'alive',
    pongs: ['p'],
  },
  {
    name: '5.8 the same in single octets',
    send: [frame(TEXT, 'a', { fin: false }), frame(PING, 'p'), frame(CONTINUATION, 'b')],
    chopped: true,
    outcome: 'alive',
    pongs: ['p'],
  },
  { name: '5.9 continuation of nothing, final', send: frame(CONTINUATION, 'x'), outcome: 1002 },
  {
    name: '5.12 continuation of nothing, not final',
    send: frame(CONTINUATION, 'x', { fin: false }),
    outcome: 1002,
  },
  {
    name: '5.15 continuation behind a finished message',
    send: [frame(TEXT, 'a', { fin: false }), frame(CONTINUATION, 'b'), frame(CONTINUATION, 'c')],
    outcome: 1002,
  },
  {
    name: '5.18 text within a fragmented text',
    send: [frame(TEXT, 'a', { fin: false }), frame(TEXT, 'b')],
    outcome: 1002,
  },
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
  { name: '7.1.3 ping behind close', send: [closeFrame(1000), frame(PING)], outcome: 1000, pongs: [] },
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
  // 5.1 of RFC 6455
  { name: 'unmasked frame', send: frame(TEXT, 'x', { masked: false }), outcome: 1002 },
  { name: 'unmasked ping', send: frame(PING, 'x', { masked: false }), outcome: 1002 },
];

const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover';
const deflated = (text: Buffer | string) => deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4);
const COMPRESSED_CASES: readonly Case[] = [
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

let system: TestSystem;
let witness: StreamReader;
let published = 0;
beforeAll(async () => {
  system = await TestSystem.start({
    logs: [{ name: 'log' }],
    config: { webserver: { listen_addr: '127.0.0.1', compression_enabled: true } },
  });
  witness = await system.connect('/');
});
afterAll(async () => {
  // Whatever was done to their connections, others got every message once.
  await witness.until(({ frames }) => frames.length === published, 'every message');
  await system.eventually(() => system.server.app.get(Admission).connections === 1, 'all slots but one');
  await system.close();
});

async function run({ send, outcome, pongs = [], chopped = false }: Case, headers: readonly string[] = []) {
  const target = { port: Number(new URL(system.server.url).port), host: '127.0.0.1' };
  const client = await RawClient.upgraded(target, '/domains-only', headers);
  client.socket.setNoDelay(true);
  const frames = () => serverFrames(client.received);
  const bytes = Buffer.concat(Array.isArray(send) ? (send as Buffer[]) : [send as Buffer]);
  for (const piece of chopped ? [...bytes].map((byte) => Buffer.from([byte])) : [bytes]) client.send(piece);
  if (outcome === 'alive') {
    // The answer to a last ping shows that everything before was read and that nothing was held against it.
    client.send(frame(PING, 'last'));
    await client.until(
      () => frames().some(({ opcode, payload }) => opcode === PONG && String(payload) === 'last'),
      'the last pong',
    );
    system.simulator.log('log').append(1);
    system.simulator.log('log').publish();
    published++;
    await client.until(() => frames().some(({ opcode }) => opcode === TEXT), 'a message of the stream');
    client.send(closeFrame(1000));
  }
  await client.until(() => frames().some(({ opcode }) => opcode === CLOSE), 'a Close frame');
  await client.closed();
  const { payload } = frames().find(({ opcode }) => opcode === CLOSE)!;
  const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
  expect(code).toBe(outcome === 'alive' ? 1000 : outcome);
  const got = frames()
    .filter(({ opcode }) => opcode === PONG)
    .map((each) => each.payload.toString('hex'));
  const wanted = [...pongs, ...(outcome === 'alive' ? ['last'] : [])].map((each) =>
    Buffer.from(each).toString('hex'),
  );
  expect(got).toEqual(wanted);
  expect(frames().at(-1)?.opcode).toBe(CLOSE);
}

describe('the cases of Autobahn that apply to a stream that ignores what clients say', () => {
  it.each(CASES)('$name', (each) => run(each));
});

describe('the same with permessage-deflate', () => {
  it.each(COMPRESSED_CASES)('$name', (each) => run(each, [DEFLATE]));
});
