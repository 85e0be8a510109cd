import { describe, expect, it } from 'vitest';
import { MerkleTree } from '../../../simulator/log/merkle-tree.js';
import { merkleTreeHash } from '../../../simulator/testing/merkle-verifier.js';
import { CompactRange, hashesOf } from './compact-range.js';
import {
  compactRangeBefore,
  compactRangeHashes,
  isConsistent,
  rootFromInclusionProof,
  type TreeRoot,
} from './merkle-proofs.js';
import { leafHash } from './tree-hash.js';

const isIncluded = (leaf: Buffer, index: number, tree: TreeRoot, path: readonly Buffer[]): boolean =>
  rootFromInclusionProof(leaf, index, tree.size, path)?.equals(tree.root) === true;
const SIZE = 300;
const leaves = Array.from({ length: SIZE }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)));
/** The tree of the simulator shares no code with this folder. */
const tree = new MerkleTree();
for (const leaf of leaves) tree.append(leaf);
const rootOf = (size: number) => ({ size, root: tree.root(size) });
const altered = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte, i) => (i === 7 ? byte ^ 4 : byte)));

/** Damaged variants of `proof`, which must be rejected. */
function* damaged(proof: readonly Buffer[]): Generator<Buffer[]> {
  for (const [i, hash] of proof.entries()) {
    yield proof.toSpliced(i, 1, altered(hash));
    yield proof.toSpliced(i, 1);
    yield proof.toSpliced(i, 1, hash.subarray(1));
  }
  yield [...proof, leaves[0]];
  yield [leaves[0], ...proof];
}

describe('CompactRange', () => {
  it('has the root of the tree at every size, for leaves appended in any portions', () => {
    const one = new CompactRange();
    const all = Buffer.concat(leaves);
    for (let size = 1; size <= SIZE; size++) {
      one.append(leaves[size - 1]);
      expect(one.root()).toEqual(tree.root(size));
      expect(one.hashes()).toHaveLength(hashesOf(size));
      if (size % 9 > 0) continue;
      expect(one.root()).toEqual(merkleTreeHash(leaves.slice(0, size)));
      const continued = CompactRange.of(size, one.hashes());
      continued.append(all, size, SIZE);
      expect(continued.root()).toEqual(tree.root());
    }
  });

  it('does not change when its copy changes', () => {
    const range = new CompactRange();
    range.append(Buffer.concat(leaves.slice(0, 5)));
    const copy = range.clone();
    copy.append(leaves[5]);
    expect([range.size, copy.size]).toEqual([5, 6]);
    expect(range.root()).toEqual(tree.root(5));
    expect(copy.root()).toEqual(tree.root(6));
  });

  it('counts beyond 2^32 and 2^52', () => {
    const large = 2 ** 52 + 2 ** 33 + 1;
    const range = CompactRange.of(large, leaves.slice(0, 3));
    range.append(leaves[3]);
    expect(range.size).toBe(large + 1);
    expect(range.hashes()).toHaveLength(3);
    expect(hashesOf(Number.MAX_SAFE_INTEGER)).toBe(53);
  });

  it.each([
    [3, 1],
    [4, 2],
    [0, 1],
    [-1, 0],
    [1.5, 1],
    [2 ** 60, 1],
  ])('rejects a range of %d leaves with %d hashes', (size, count) => {
    expect(() => CompactRange.of(size, leaves.slice(0, count))).toThrow(RangeError);
  });

  it('rejects hashes of another length', () => {
    expect(() => CompactRange.of(1, [Buffer.alloc(31)])).toThrow(RangeError);
  });
});

describe('proofs of every tree up to 300 leaves', () => {
  it('verifies the inclusion of the first, a middle and the last leaf', () => {
    for (let size = 1; size <= SIZE; size++) {
      for (const index of new Set([0, Math.floor(size / 3), size - 1])) {
        const path = tree.inclusionProof(index, size);
        expect(isIncluded(leaves[index], index, rootOf(size), path)).toBe(true);
        expect(isIncluded(altered(leaves[index]), index, rootOf(size), path)).toBe(false);
        expect(isIncluded(leaves[index], size, rootOf(size), path)).toBe(false);
        expect(isIncluded(leaves[index], -1, rootOf(size), path)).toBe(false);
      }
    }
  });

  it('verifies the consistency of every size with the largest size and with itself', () => {
    for (let size = 1; size <= SIZE; size++) {
      expect(isConsistent(rootOf(size), rootOf(SIZE), tree.consistencyProof(size, SIZE))).toBe(true);
      expect(isConsistent(rootOf(size), rootOf(size), [])).toBe(true);
      expect(isConsistent({ size, root: altered(tree.root(size)) }, rootOf(size), [])).toBe(false);
      expect(isConsistent(rootOf(size), rootOf(size - 1), [])).toBe(false);
    }
  });

  it('verifies the consistency of every pair of sizes up to 18, and rejects damaged proofs', () => {
    for (let second = 1; second <= 18; second++) {
      for (let first = 1; first < second; first++) {
        const proof = tree.consistencyProof(first, second);
        expect(isConsistent(rootOf(first), rootOf(second), proof)).toBe(true);
        const other = { size: second, root: altered(tree.root(second)) };
        expect(isConsistent(rootOf(first), other, proof)).toBe(false);
        expect(isConsistent({ ...rootOf(first), root: other.root }, rootOf(second), proof)).toBe(false);
        for (const wrong of damaged(proof)) {
          expect(isConsistent(rootOf(first), rootOf(second), wrong)).toBe(false);
        }
      }
    }
    expect(isConsistent(rootOf(5), rootOf(9), [])).toBe(false);
    expect(isConsistent(rootOf(0), rootOf(9), [])).toBe(true);
    expect(isConsistent(rootOf(0), rootOf(9), [leaves[0]])).toBe(false);
  });

  it('rejects damaged inclusion proofs', () => {
    for (const size of [1, 2, 7, 8, 37, 256, 300]) {
      const path = tree.inclusionProof(size - 1, size);
      for (const wrong of damaged(path)) {
        expect(isIncluded(leaves[size - 1], size - 1, rootOf(size), wrong)).toBe(false);
      }
    }
  });

  it('computes the compact range from the path of the last leaf', () => {
    const range = new CompactRange();
    for (let size = 1; size <= SIZE; size++) {
      range.append(leaves[size - 1]);
      const path = tree.inclusionProof(size - 1, size);
      expect(compactRangeHashes(leaves[size - 1], size, path)).toEqual(range.hashes());
      expect(compactRangeHashes(leaves[size - 1], size, [...path, leaves[0]])).toBeUndefined();
      if (path.length > 0) expect(compactRangeHashes(leaves[size - 1], size, path.slice(1))).toBeUndefined();
    }
    expect(compactRangeHashes(leaves[0], 0, [])).toBeUndefined();
  });

  it('computes the compact range before any leaf from its path', () => {
    for (const size of [1, 2, 3, 8, 37, 256, 300]) {
      const range = new CompactRange();
      for (let index = 0; index < size; index++) {
        const path = tree.inclusionProof(index, size);
        expect(compactRangeBefore(index, size, path)).toEqual(range.hashes());
        expect(compactRangeBefore(index, size, [...path, leaves[0]])).toBeUndefined();
        if (path.length > 0) expect(compactRangeBefore(index, size, path.slice(1))).toBeUndefined();
        range.append(leaves[index]);
      }
      expect(compactRangeBefore(size, size, [])).toBeUndefined();
    }
  });
});
