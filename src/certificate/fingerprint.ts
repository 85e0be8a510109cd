import * as crypto from 'node:crypto';
import type { ByteWriter } from './byte-writer.js';
import { HEX_UPPER } from './hex-digits.js';

/** The type declarations of Node 20 lack `latin1`, although it is documented. The alias `binary` is slower. */
const LATIN1 = 'latin1' as 'binary';

/** Returns a digest with one byte per character. It uses `crypto.hash` if Node has it, which costs half as much as a Hash object. */
export const digest: (algorithm: 'sha1' | 'sha256', data: Buffer) => string =
  typeof crypto.hash === 'function'
    ? (algorithm, data) => crypto.hash(algorithm, data, LATIN1)
    : (algorithm, data) => crypto.createHash(algorithm).update(data).digest(LATIN1);

/** Writes a digest as `AA:BB:..`. */
export function writeFingerprint(out: ByteWriter, octets: string): void {
  const size = octets.length;
  if (size === 0) return;
  out.reserve(size * 3 + 1);
  const { view } = out;
  let at = out.length;
  for (let i = 0; i < size; i++) {
    view.setInt32(at, HEX_UPPER.withColon[octets.charCodeAt(i) & 0xff], true);
    at += 3;
  }
  out.length = at - 1;
}

/** Returns the digest of `data` as `AA:BB:..`, or `""` for empty data. */
export function fingerprint(algorithm: 'sha1' | 'sha256', data: Buffer): string {
  if (data.length === 0) return '';
  const octets = Buffer.from(digest(algorithm, data), 'latin1');
  return octets
    .toString('hex')
    .toUpperCase()
    .replace(/..(?!$)/g, '$&:');
}
