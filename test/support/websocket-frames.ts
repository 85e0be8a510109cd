import { expect } from 'vitest';

/** Opcodes of RFC 6455, 5.2. */
export const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa];
export interface FrameBits {
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  /** The length in the header, if it differs from that of the payload. */
  readonly announced?: bigint;
}

/** Returns one client frame, masked by default. */
export function frame(opcode: number, payload: string | Buffer = '', bits: FrameBits = {}): Buffer {
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

export const closeFrame = (code: number, reason: string | Buffer = '') => {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([payload, Buffer.from(reason)]));
};

export interface Received {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Returns the frames of a server, which must be complete and unmasked. */
export function serverFrames(bytes: Buffer): Received[] {
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
