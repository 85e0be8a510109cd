/** Integers of the TLS presentation language (RFC 5246, 4.4). The caller must check that there are enough bytes. */
export function readU16(bytes: Buffer, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function readU24(bytes: Buffer, at: number): number {
  return (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
}

export function readU40(bytes: Buffer, at: number): number {
  return bytes[at] * 0x1_0000_0000 + readU32(bytes, at + 1);
}

function readU32(bytes: Buffer, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Exact up to 2^53, far beyond any timestamp in milliseconds. */
export function readU64(bytes: Buffer, at: number): number {
  return readU32(bytes, at) * 0x1_0000_0000 + readU32(bytes, at + 4);
}
