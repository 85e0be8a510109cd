import { CONTINUATION, BINARY, frame, PING, PONG, TEXT } from './websocket-frames.js';

const LARGEST = 65_536;

/** `alive`: the connection stays open. A number: it is closed with this code. */
export type Outcome = 'alive' | number;
export interface Case {
  readonly name: string;
  readonly send: Buffer | readonly Buffer[];
  readonly outcome: Outcome;
  /** Payloads of the expected pongs, in order. */
  readonly pongs?: readonly (string | Buffer)[];
  /** Sends every octet in a separate write. */
  readonly chopped?: boolean;
}

const bytes125 = Buffer.alloc(125, 0xfe);

/** Autobahn's groups 1 to 5, and cases that it does not test because its frames are valid. */
export const FRAMING_CASES: readonly Case[] = [
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
  { name: '5.9 continuation without a message, final', send: frame(CONTINUATION, 'x'), outcome: 1002 },
  {
    name: '5.12 continuation without a message, not final',
    send: frame(CONTINUATION, 'x', { fin: false }),
    outcome: 1002,
  },
  {
    name: '5.15 continuation after a finished message',
    send: [frame(TEXT, 'a', { fin: false }), frame(CONTINUATION, 'b'), frame(CONTINUATION, 'c')],
    outcome: 1002,
  },
  {
    name: '5.18 text within a fragmented text',
    send: [frame(TEXT, 'a', { fin: false }), frame(TEXT, 'b')],
    outcome: 1002,
  },
  // Masking (RFC 6455, 5.1)
  { name: 'unmasked frame', send: frame(TEXT, 'x', { masked: false }), outcome: 1002 },
  { name: 'unmasked ping', send: frame(PING, 'x', { masked: false }), outcome: 1002 },
];
