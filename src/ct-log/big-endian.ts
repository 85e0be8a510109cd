/** TLS presentation language integers (RFC 5246, 4.4). The caller has checked that the bytes are there. */
export function readU16(bytes: Buffer, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function readU24(bytes: Buffer, at: number): number {
  return (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
}

export function readU40(bytes: Buffer, at: number): number {
  return bytes[at] * 0x1_0000_0000 + bytes.readUInt32BE(at + 1);
}

/** Exact up to 2^53, far beyond any timestamp in milliseconds. */
export function readU64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}
