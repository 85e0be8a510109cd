import type { ByteWriter } from '../../certificate/byte-writer.js';
import type { TextFramer } from '../../certificate/rendered-texts.js';
import type { FrameEncoding, ServerMessage } from './frame-encoding.js';

/** Length of the longest header of a server's frame: two octets and a 64-bit length (RFC 6455, 5.2). */
export const MAX_FRAME_HEADER = 10;

const FIN = 0x80;
const RSV1 = 0x40;
const OPCODE_TEXT = 0x01;

/** Returns the length of the header of an unmasked frame: 2, 4 or 10 octets. */
export function frameHeaderLength(payloadLength: number): number {
  if (payloadLength < 126) return 2;
  return payloadLength < 0x10000 ? 4 : 10;
}

/** Returns where the payload of an unmasked frame starts. @param frameStart where its header starts. */
export function payloadStart(frames: Uint8Array, frameStart: number): number {
  const length = frames[frameStart + 1];
  return frameStart + (length < 126 ? 2 : length === 126 ? 4 : 10);
}

/**
 * Writes the header of an unfragmented, unmasked Text frame at `offset` (RFC 6455, 5.2).
 * @param compressed sets RSV1, which marks a permessage-deflate message (RFC 7692, 6).
 */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  payloadLength: number,
  compressed = false,
): void {
  target[offset] = FIN | OPCODE_TEXT | (compressed ? RSV1 : 0);
  if (payloadLength < 126) {
    target[offset + 1] = payloadLength;
  } else if (payloadLength < 0x10000) {
    target[offset + 1] = 126;
    target[offset + 2] = payloadLength >>> 8;
    target[offset + 3] = payloadLength & 0xff;
  } else {
    target[offset + 1] = 127;
    writeUint32(target, offset + 2, Math.floor(payloadLength / 0x1_0000_0000));
    writeUint32(target, offset + 6, payloadLength >>> 0);
  }
}

function writeUint32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = (value >>> 16) & 0xff;
  target[offset + 2] = (value >>> 8) & 0xff;
  target[offset + 3] = value & 0xff;
}

/** Octets reserved for a header. Nearly every message has 126 to 65,535 octets; for other sizes the text is moved. */
const RESERVED = 4;

/** Writes the header of a Text frame before each JSON text, into the buffer that holds the text. */
export const webSocketFramer: TextFramer = {
  open(out: ByteWriter): void {
    out.reserve(RESERVED);
    out.length += RESERVED;
  },

  close(out: ByteWriter, textStart: number): number {
    const payloadLength = out.length - textStart;
    const frameStart = textStart - RESERVED;
    const start = frameStart + frameHeaderLength(payloadLength);
    if (start !== textStart) {
      out.reserve(MAX_FRAME_HEADER - RESERVED);
      out.buffer.copyWithin(start, textStart, out.length);
      out.length = start + payloadLength;
    }
    writeFrameHeader(out.buffer, frameStart, payloadLength);
    return start;
  },
};

/** Returns the JSON text of a message as one unfragmented, uncompressed Text frame. */
export function textFrame(message: ServerMessage): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafeSlow(MAX_FRAME_HEADER + payload.length);
  const headerLength = frameHeaderLength(payload.length);
  writeFrameHeader(frame, 0, payload.length);
  frame.set(payload, headerLength);
  return frame.subarray(0, headerLength + payload.length);
}

/**
 * Sends each message as one unfragmented, uncompressed Text frame. {@link webSocketFramer} has already written the
 * frames of a batch.
 */
export const webSocketEncoding: FrameEncoding = {
  name: 'websocket',
  encode: (texts) => texts,
  encodeMessage: textFrame,
};
