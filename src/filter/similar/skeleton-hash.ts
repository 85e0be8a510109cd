import { HASH_BASE, HASH_POWERS, type Skeleton } from './skeleton.js';

const INVERSE = inverseOf(HASH_BASE);
const INVERSE_POWERS = new Int32Array(HASH_POWERS.length);
INVERSE_POWERS.forEach((_, i) => {
  INVERSE_POWERS[i] = i === 0 ? 1 : Math.imul(INVERSE_POWERS[i - 1], INVERSE);
});

/** Hash of the units from `start` to before `end`. */
export function hashOfPart({ hashes }: Skeleton, start: number, end: number): number {
  return Math.imul(hashes[end] - hashes[start], INVERSE_POWERS[start]);
}

/** Hash of the units of two skeletons, one after the other. */
export function hashOfBoth(leftLength: number, leftHash: number, rightHash: number): number {
  return (leftHash + Math.imul(rightHash, HASH_POWERS[leftLength])) | 0;
}

/** Hash without the unit at `i`. */
export function hashWithout({ hashes, length }: Skeleton, i: number): number {
  return (hashes[i] + Math.imul(hashes[length] - hashes[i + 1], INVERSE)) | 0;
}

/**
 * Prepares the hashes without two units: the hash without the units at `i` and `j`, i < j, is `starts[i] + ends[j]`
 * modulo 2^32. So a pair of units costs one addition.
 */
export function prepareWithoutTwo({ hashes, length }: Skeleton, starts: Int32Array, ends: Int32Array): void {
  const all = hashes[length];
  for (let i = 0; i < length; i++) {
    starts[i] = hashes[i] - Math.imul(hashes[i + 1], INVERSE);
    ends[i] = Math.imul(hashes[i] + Math.imul(all - hashes[i + 1], INVERSE), INVERSE);
  }
}

/** Returns the inverse of an odd number modulo 2^32. Each step doubles the number of right bits. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}
