import { emptyRoot, HASH_BYTES, nodeHash, writeNodeHash } from './tree-hash.js';

/** Hashes for a tree of up to 2^53 leaves: one per bit, and one more while two are merged. */
const MAX_HASHES = 54;

/**
 * CompactRange holds the hashes of the largest complete subtrees of the leaves `[0, size)`, left to right: one hash for each bit
 * that is set in `size`. They suffice to append further leaves and to compute the root of every later size (RFC 6962, 2.1).
 */
export class CompactRange {
  private readonly stack = Buffer.alloc(MAX_HASHES * HASH_BYTES);
  private count = 0;
  private leaves = 0;

  /**
   * @param hashes largest subtree first.
   * @throws RangeError if the number or length of the hashes is wrong for `size`.
   */
  static of(size: number, hashes: readonly Buffer[]): CompactRange {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`a tree of ${size} leaves`);
    if (hashes.length !== hashesOf(size) || hashes.some((hash) => hash.length !== HASH_BYTES)) {
      throw new RangeError(`the compact range of ${size} leaves has ${hashesOf(size)} hashes of 32 bytes`);
    }
    const range = new CompactRange();
    for (const hash of hashes) range.push(hash, 0);
    range.leaves = size;
    return range;
  }

  get size(): number {
    return this.leaves;
  }

  /** Appends the hashes `from` to `to` (exclusive) of `leafHashes`, 32 bytes each. */
  append(leafHashes: Buffer, from = 0, to = leafHashes.length / HASH_BYTES): void {
    for (let i = from; i < to; i++) {
      this.push(leafHashes, i * HASH_BYTES);
      for (let size = this.leaves; size % 2 === 1; size = (size - 1) / 2) this.merge();
      this.leaves++;
    }
  }

  /** MTH(D[0:size]): the hashes folded from right to left. */
  root(): Buffer {
    const hashes = this.hashes();
    const last = hashes.pop();
    if (last === undefined) return emptyRoot();
    return hashes.reduceRight((right, left) => nodeHash(left, right), last);
  }

  /** A copy of the hashes, largest subtree first. */
  hashes(): Buffer[] {
    return Array.from({ length: this.count }, (_, i) =>
      Buffer.from(this.stack.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
    );
  }

  clone(): CompactRange {
    const copy = new CompactRange();
    this.stack.copy(copy.stack, 0, 0, this.count * HASH_BYTES);
    copy.count = this.count;
    copy.leaves = this.leaves;
    return copy;
  }

  private push(source: Buffer, at: number): void {
    source.copy(this.stack, this.count * HASH_BYTES, at, at + HASH_BYTES);
    this.count++;
  }

  /** Merges the two smallest subtrees, which have the same size. */
  private merge(): void {
    this.count--;
    const left = (this.count - 1) * HASH_BYTES;
    writeNodeHash(this.stack, left, this.stack, left);
  }
}

/** Returns the number of bits that are set in `size`, also beyond 2^32. */
export function hashesOf(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
