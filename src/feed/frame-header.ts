/** Bytes of the longest header of a server's frame: two, and a 64-bit length (RFC 6455, 5.2). */
export const MAX_FRAME_HEADER = 10;

const FIN = 0x80;
const RSV1 = 0x40;
const OPCODE_TEXT = 0x01;

/** Bytes of the header in front of an unmasked payload: 2, 4 or 10. */
export function frameHeaderLength(payloadLength: number): number {
  if (payloadLength < 126) return 2;
  return payloadLength < 0x10000 ? 4 : 10;
}

/**
 * Writes the header of an unfragmented, unmasked Text frame at `offset` (RFC 6455, 5.2).
 * @param compressed sets RSV1, the mark of a permessage-deflate message (RFC 7692, 6).
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
