import { hashesOf } from './compact-range.js';
import { HASH_BYTES, nodeHash } from './tree-hash.js';

/** Hashes of the longest possible proof: two per level of a tree of 2^53 leaves. */
export const MAX_PROOF_HASHES = 108;

/**
 * Computes the root of the tree of `size` leaves in which `path` proves the leaf at `index` (RFC 6962, 2.1.1) with the algorithm
 * of RFC 9162, 2.1.3.2. Returns undefined if the path has a wrong length or the index is out of range.
 */
export function rootFromInclusionProof(
  leaf: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
): Buffer | undefined {
  if (index < 0 || index >= size) return undefined;
  let fn = index;
  let sn = size - 1;
  let root = leaf;
  for (const hash of path) {
    if (sn === 0 || hash.length !== HASH_BYTES) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(hash, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else root = nodeHash(root, hash);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 ? root : undefined;
}

/** Size and root of a tree. */
export interface TreeRoot {
  readonly size: number;
  readonly root: Buffer;
}

/**
 * Whether `proof` proves that the tree `second` begins with the whole tree `first` (RFC 6962, 2.1.2), checked with the algorithm
 * of RFC 9162, 2.1.4.2. Every tree begins with the empty tree and with itself; the proof of that is empty.
 */
export function isConsistent(first: TreeRoot, second: TreeRoot, proof: readonly Buffer[]): boolean {
  if (first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root);
  if (first.size === 0) return proof.length === 0;
  if (proof.some((hash) => hash.length !== HASH_BYTES)) return false;
  const [start, ...rest] = hashesOf(first.size) === 1 ? [first.root, ...proof] : proof;
  if (start === undefined) return false;
  let fn = first.size - 1;
  let sn = second.size - 1;
  while (fn % 2 === 1) [fn, sn] = [(fn - 1) / 2, Math.floor(sn / 2)];
  let firstRoot = start;
  let secondRoot = start;
  for (const hash of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      firstRoot = nodeHash(hash, firstRoot);
      secondRoot = nodeHash(hash, secondRoot);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else secondRoot = nodeHash(secondRoot, hash);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && firstRoot.equals(first.root) && secondRoot.equals(second.root);
}

/**
 * Computes the compact range of `[0, size)` from the inclusion proof of its last leaf: the left siblings of the path, largest
 * first, merged with the leaf if `size` is even. Returns undefined if the path has a wrong length.
 */
export function compactRangeHashes(
  leaf: Buffer,
  size: number,
  path: readonly Buffer[],
): Buffer[] | undefined {
  if (size < 1 || rootFromInclusionProof(leaf, size - 1, size, path) === undefined) return undefined;
  let smallest = leaf;
  let used = 0;
  // Every sibling on the path of the last leaf is a left one. The siblings within the complete subtree that it ends are merged.
  for (let rest = size; rest % 2 === 0; rest /= 2) smallest = nodeHash(path[used++], smallest);
  return [...path.slice(used).toReversed(), smallest];
}

/**
 * Computes the compact range of `[0, index)` from the inclusion proof of the leaf at `index` in a tree of `size` leaves: the left
 * siblings of the path, largest first. Returns undefined if the path has a wrong length or the index is out of range.
 */
export function compactRangeBefore(
  index: number,
  size: number,
  path: readonly Buffer[],
): Buffer[] | undefined {
  if (index < 0 || index >= size) return undefined;
  let fn = index;
  let sn = size - 1;
  const left: Buffer[] = [];
  for (const hash of path) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      left.push(hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 ? left.toReversed() : undefined;
}
