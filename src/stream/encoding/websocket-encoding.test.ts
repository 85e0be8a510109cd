import type { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { ByteWriter } from '../../certificate/byte-writer.js';
import {
  frameHeaderLength,
  MAX_FRAME_HEADER,
  webSocketEncoding,
  webSocketFramer,
  writeFrameHeader,
} from './websocket-encoding.js';

// `ws` exports it; its type declarations do not.
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

/** Returns the messages that a client with `ws` reads from the bytes of a server. */
async function receive(bytes: Buffer, count: number): Promise<string[]> {
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: false });
  await new Promise<void>((resolve, reject) => {
    receiver.on('error', reject);
    receiver.on('message', (data: Buffer, isBinary: boolean) => {
      expect(isBinary).toBe(false);
      if (messages.push(data.toString()) === count) resolve();
    });
    receiver.end(bytes);
  });
  return messages;
}

describe('webSocketFramer', () => {
  const sizes = [0, 1, 2, 125, 126, 127, 65_535, 65_536, 65_537, 200_000, 3];
  const texts = sizes.map((size, i) => String.fromCharCode(97 + i).repeat(size));

  it('writes a frame around each text in place, for texts of every size', async () => {
    // The buffer is too small at first and grows while a frame is open.
    const out = new ByteWriter(16);
    const ranges = texts.map((written) => {
      webSocketFramer.open(out);
      const start = out.length;
      out.latin1(written);
      const moved = webSocketFramer.close(out, start);
      return [moved, out.length] as const;
    });
    const bytes = out.copyOut();
    expect(await receive(bytes, texts.length)).toEqual(texts);
    expect(ranges.map(([start, end]) => bytes.toString('latin1', start, end))).toEqual(texts);
  });
});

describe('webSocketEncoding', () => {
  it('encodes a single message of any size as one frame', async () => {
    const messages = [0, 90, 98, 99, 65_508, 65_509, 200_000].map((size) => ({
      message_type: 'x'.repeat(size),
    }));
    const bytes = Buffer.concat(messages.map((message) => webSocketEncoding.encodeMessage(message)));
    expect(await receive(bytes, messages.length)).toEqual(messages.map((message) => JSON.stringify(message)));
  });
});

function header(payloadLength: number, compressed = false): string {
  const target = Buffer.alloc(MAX_FRAME_HEADER + 2, 0xee);
  writeFrameHeader(target, 1, payloadLength, compressed);
  const length = frameHeaderLength(payloadLength);
  expect(target[0]).toBe(0xee);
  expect(target[length + 1]).toBe(0xee);
  return target.subarray(1, length + 1).toString('hex');
}

describe(writeFrameHeader.name, () => {
  it.each([
    [0, '8100'],
    [1, '8101'],
    [125, '817d'],
    [126, '817e007e'],
    [256, '817e0100'],
    [65_535, '817effff'],
    [65_536, '817f0000000000010000'],
    [0x7fff_ffff, '817f000000007fffffff'],
    [0xffff_ffff, '817f00000000ffffffff'],
    [0x1_0000_0001, '817f0000000100000001'],
  ])('%i bytes', (length, expected) => {
    expect(header(length)).toBe(expected);
  });

  it('marks a compressed message with RSV1', () => {
    expect(header(5, true)).toBe('c105');
    expect(header(300, true)).toBe('c17e012c');
  });
});
