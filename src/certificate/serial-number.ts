import type { ByteWriter } from './byte-writer.js';
import { HEX_UPPER } from './hex-digits.js';

const MINUS = 0x2d;
const ZERO = 0x30;

/**
 * Writes INTEGER contents in upper-case hexadecimal (docs/wire-format.md). A non-negative number is padded to an even length.
 * A negative number is a minus and the magnitude without padding. Empty contents give an empty text.
 */
export function writeSerialNumber(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  if (start === end) return;
  if ((bytes[start] & 0x80) !== 0) return writeNegative(out, bytes, start, end);
  while (start < end - 1 && bytes[start] === 0) start++;
  out.reserve(2 * (end - start));
  const { view } = out;
  let at = out.length;
  for (let i = start; i < end; i++) {
    view.setUint16(at, HEX_UPPER.pairs[bytes[i]], true);
    at += 2;
  }
  out.length = at;
}

/** Writes INTEGER contents like {@link writeSerialNumber} but without padding: `0` is the only text that begins with a zero. */
export function writeUnpaddedSerialNumber(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  const first = out.length;
  writeSerialNumber(out, bytes, start, end);
  if (out.length - first < 2 || out.buffer[first] !== ZERO) return;
  out.buffer.copyWithin(first, first + 1, out.length);
  out.length--;
}

/** Writes a minus and the magnitude. The magnitude of a two's complement is `~x + 1`; bytes after the last nonzero byte stay zero. */
function writeNegative(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  let last = end - 1;
  while (last > start && bytes[last] === 0) last--;
  out.byte(MINUS);
  out.reserve(2 * (end - start) + 1);
  const first = out.length;
  for (let i = start; i < end; i++) {
    const byte = i < last ? ~bytes[i] & 0xff : i === last ? -bytes[i] & 0xff : 0;
    out.view.setUint16(out.length, HEX_UPPER.pairs[byte], true);
    out.length += 2;
  }
  let zeros = first;
  while (zeros < out.length - 1 && out.buffer[zeros] === ZERO) zeros++;
  out.buffer.copyWithin(first, zeros, out.length);
  out.length -= zeros - first;
}
