import type { Skeleton } from './skeleton.js';

/** An odd number, so that it has an inverse modulo 2^32. */
const BASE = 0x01000193;
const INVERSE = inverseOf(BASE);
const MAX_POWER = 256;
const POWERS = powersOf(BASE);
const INVERSE_POWERS = powersOf(INVERSE);

/**
 * Hashes parts of a skeleton: the sum of `(unit + 1) · BASE^position` modulo 2^32. With the sums of all prefixes, the hash of
 * a part and the hash of the skeleton without one or two units take a few additions and multiplications each.
 */
export class SkeletonHash {
  private readonly prefixes = new Int32Array(MAX_POWER + 1);
  /** Hash of the units from position j + 1 on, and of those before j moved by one, for each second omitted unit j. */
  private readonly ends = new Int32Array(MAX_POWER);
  private length = 0;

  read({ units, length }: Skeleton): void {
    this.length = length;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      sum = (sum + Math.imul(units[i] + 1, POWERS[i])) | 0;
      this.prefixes[i + 1] = sum;
    }
  }

  whole(): number {
    return this.prefixes[this.length];
  }

  /** Hash of the units from `start` to before `end`. */
  part(start: number, end: number): number {
    return Math.imul(this.prefixes[end] - this.prefixes[start], INVERSE_POWERS[start]);
  }

  /** Hash of this skeleton followed by one with the hash `next`. */
  followedBy(next: number): number {
    return (this.prefixes[this.length] + Math.imul(next, POWERS[this.length])) | 0;
  }

  /** Hash without the unit at `i`. */
  without(i: number): number {
    const { prefixes } = this;
    return (prefixes[i] + Math.imul(prefixes[this.length] - prefixes[i + 1], INVERSE)) | 0;
  }

  /** Prepares {@link withoutBoth}. */
  prepareBoth(): void {
    const { prefixes, ends, length } = this;
    for (let j = 1; j < length; j++) {
      const after = Math.imul(prefixes[length] - prefixes[j + 1], INVERSE);
      ends[j] = Math.imul(prefixes[j] + after, INVERSE);
    }
  }

  /** First term of the hash without the units at `i` and `j`; the other term is {@link endWithout}(j). */
  startWithout(i: number): number {
    return (this.prefixes[i] - Math.imul(this.prefixes[i + 1], INVERSE)) | 0;
  }

  endWithout(j: number): number {
    return this.ends[j];
  }
}

function powersOf(base: number): Int32Array {
  const powers = new Int32Array(MAX_POWER);
  for (let i = 0, power = 1; i < MAX_POWER; i++, power = Math.imul(power, base)) powers[i] = power;
  return powers;
}

/** Returns the inverse of an odd number modulo 2^32. Each step doubles the number of right bits. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}
