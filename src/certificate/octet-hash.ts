import type { ByteSource } from './byte-writer.js';
import { WORD } from './text-piece.js';

/**
 * A hash of every octet of `bytes[start, end)`, 32 bits: the URLs of a CA's distribution points differ in one or two
 * digits. Anybody can make values that collide, so whoever uses it has to bound what that costs.
 */
export function hashOctets(seed: number, { bytes, view }: ByteSource, start: number, end: number): number {
  let hash = seed ^ ((end - start) << 8);
  let i = start;
  for (const last = end - WORD; i <= last; i += WORD) {
    hash = mix(hash, view.getInt32(i, true));
  }
  for (; i < end; i++) hash = mix(hash, bytes[i]);
  return hash;
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 15);
}
