import type { ByteWriter } from './byte-writer.js';

const COLON = 0x3a;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/**
 * Writes an iPAddress (RFC 5280, 4.2.1.6): 4 octets in dotted form, 16 octets as in RFC 5952, except that an IPv4-mapped
 * address is written as IPv4.
 */
export function writeIpAddress(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  if (end - start === 4) return writeIpv4(out, bytes, start);
  if (isIpv4Mapped(bytes, start)) return writeIpv4(out, bytes, start + 12);
  writeIpv6(out, bytes, start);
}

/** Reports whether an iPAddress has a valid length. */
export function isIpAddress(start: number, end: number): boolean {
  return end - start === 4 || end - start === 16;
}

function isIpv4Mapped(bytes: Buffer, start: number): boolean {
  for (let i = start; i < start + 10; i++) if (bytes[i] !== 0) return false;
  return bytes[start + 10] === 0xff && bytes[start + 11] === 0xff;
}

function writeIpv4(out: ByteWriter, bytes: Buffer, start: number): void {
  for (let i = 0; i < 4; i++) {
    if (i > 0) out.byte(0x2e);
    out.integer(bytes[start + i]);
  }
}

function writeIpv6(out: ByteWriter, bytes: Buffer, start: number): void {
  const { first, length } = longestZeroRun(bytes, start);
  for (let i = 0; i < 8; i++) {
    if (i === first) {
      out.byte(COLON);
      out.byte(COLON);
      i += length - 1;
      continue;
    }
    if (i > 0 && i !== first + length) out.byte(COLON);
    writeGroup(out, group(bytes, start, i));
  }
}

/** Returns the first of the longest runs of at least two zero groups (RFC 5952, 4.2); without one, `first` is -8. */
function longestZeroRun(bytes: Buffer, start: number): { first: number; length: number } {
  let best = { first: -8, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && group(bytes, start, i + length) === 0) length++;
    if (length > best.length) best = { first: i, length };
    i += length;
  }
  return best;
}

function group(bytes: Buffer, start: number, i: number): number {
  return (bytes[start + 2 * i] << 8) | bytes[start + 2 * i + 1];
}

function writeGroup(out: ByteWriter, value: number): void {
  for (let shift = value > 0xfff ? 12 : value > 0xff ? 8 : value > 0xf ? 4 : 0; shift >= 0; shift -= 4) {
    out.byte(HEX[(value >> shift) & 15]);
  }
}
