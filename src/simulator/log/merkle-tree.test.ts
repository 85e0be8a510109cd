import { describe, expect, it } from 'vitest';
import {
  CONSISTENCY_6_TO_8,
  INCLUSION_5_OF_8,
  REFERENCE_LEAVES,
  REFERENCE_ROOTS,
} from '../../../test/support/merkle-vectors.js';
import {
  consistencyIsProven,
  hashOfLeaf,
  inclusionIsProven,
  merkleTreeHash,
} from '../testing/merkle-verifier.js';
import { leafHash, MerkleTree } from './merkle-tree.js';

function numberedLeaves(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => hashOfLeaf(Buffer.from(`leaf ${i}`)));
}

function treeOf(hashes: readonly Buffer[], prefixSize = 0): MerkleTree {
  const tree = new MerkleTree(prefixSize);
  for (const hash of hashes) tree.append(hash);
  return tree;
}

describe('MerkleTree', () => {
  it('has the roots of the eight reference leaves', () => {
    const tree = treeOf(REFERENCE_LEAVES.map(leafHash));
    for (const [size, root] of REFERENCE_ROOTS.entries()) expect(tree.root(size)).toEqual(root);
    expect(new MerkleTree().root()).toEqual(REFERENCE_ROOTS[0]);
  });

  it('has the published proofs', () => {
    const tree = treeOf(REFERENCE_LEAVES.map(leafHash));
    expect(tree.consistencyProof(6, 8)).toEqual(CONSISTENCY_6_TO_8);
    expect(tree.inclusionProof(5, 8)).toEqual(INCLUSION_5_OF_8);
  });

  it('has the root that the definition gives at every size', () => {
    const hashes = numberedLeaves(70);
    const tree = treeOf(hashes);
    for (let size = 0; size <= hashes.length; size++) {
      expect(tree.root(size).equals(merkleTreeHash(hashes.slice(0, size)))).toBe(true);
    }
  });

  it('proves every inclusion and every consistency up to 33 leaves', () => {
    const hashes = numberedLeaves(33);
    const tree = treeOf(hashes);
    for (let size = 1; size <= hashes.length; size++) {
      for (let index = 0; index < size; index++) {
        const hash = hashes[index];
        expect(inclusionIsProven(hash, index, size, tree.inclusionProof(index, size), tree.root(size))).toBe(
          true,
        );
      }
      for (let first = 1; first <= size; first++) {
        const proof = tree.consistencyProof(first, size);
        expect(consistencyIsProven(first, size, tree.root(first), tree.root(size), proof)).toBe(true);
        if (first < size)
          expect(consistencyIsProven(first, size, tree.root(size), tree.root(size), proof)).toBe(false);
      }
    }
  });

  it('refuses proofs that do not exist', () => {
    const tree = treeOf(numberedLeaves(5));
    expect(() => tree.inclusionProof(5, 5)).toThrow(RangeError);
    expect(() => tree.inclusionProof(0, 6)).toThrow(RangeError);
    expect(() => tree.consistencyProof(0, 5)).toThrow(RangeError);
    expect(() => tree.consistencyProof(4, 3)).toThrow(RangeError);
    expect(() => tree.root(6)).toThrow(RangeError);
  });

  it('reads hash tiles from levels 0 and 8', () => {
    const hashes = numberedLeaves(600);
    const tree = treeOf(hashes);
    expect(tree.hashTile(0, 1, 256)).toEqual(Buffer.concat(hashes.slice(256, 512)));
    expect(tree.hashTile(0, 2, 88)).toEqual(Buffer.concat(hashes.slice(512)));
    const level1 = [hashes.slice(0, 256), hashes.slice(256, 512)].map(merkleTreeHash);
    expect(tree.hashTile(1, 0, 2)).toEqual(Buffer.concat(level1));
    expect(() => tree.hashTile(0, 2, 89)).toThrow(RangeError);
    expect(() => tree.hashTile(1, 0, 3)).toThrow(RangeError);
  });

  it('can be forked: equal below the fork, different above', () => {
    const tree = treeOf(numberedLeaves(10));
    const fork = tree.fork(6);
    fork.append(hashOfLeaf(Buffer.from('other')));
    expect(fork.root(6)).toEqual(tree.root(6));
    expect(fork.root(7)).not.toEqual(tree.root(7));
  });
});

describe('MerkleTree with an opaque prefix', () => {
  // 0x42389300 is the last multiple of 256 below an index of a large log. The other sizes fill tiles exactly.
  it.each([1_111_013_888, 4_354_629_888, 65_536, 256, 65_280, 16_777_216])('of %i leaves', (prefixSize) => {
    const hashes = numberedLeaves(300);
    const tree = treeOf(hashes, prefixSize);
    const size = prefixSize + hashes.length;
    expect(tree.size).toBe(size);
    for (const index of [prefixSize, prefixSize + 1, prefixSize + 255, size - 1]) {
      const hash = hashes[index - prefixSize];
      expect(inclusionIsProven(hash, index, size, tree.inclusionProof(index, size), tree.root())).toBe(true);
    }
    for (const first of [prefixSize, prefixSize + 1, prefixSize + 203, prefixSize + 256]) {
      const proof = tree.consistencyProof(first, size);
      expect(consistencyIsProven(first, size, tree.root(first), tree.root(), proof)).toBe(true);
    }
  });

  it('has hash tiles whose right edge gives the root', () => {
    const tree = treeOf(numberedLeaves(3), 1_111_013_888);
    let right: Buffer | undefined;
    for (let level = 0; level < 6; level++) {
      const count = Math.floor(tree.size / 256 ** level);
      const width = count % 256;
      if (width === 0) continue;
      const tile = tree.hashTile(level, Math.floor(count / 256), width);
      const hashes = Array.from({ length: width }, (_, i) => tile.subarray(i * 32, i * 32 + 32));
      right = merkleTreeHash(right ? [...hashes, right] : hashes);
    }
    expect(right).toEqual(tree.root());
  });

  it('is the same for the same size, and has no nodes inside the prefix', () => {
    expect(new MerkleTree(512).root()).toEqual(new MerkleTree(512).root());
    const tree = treeOf(numberedLeaves(1), 1024);
    expect(() => tree.inclusionProof(1023, 1025)).toThrow(RangeError);
    expect(() => tree.hashTile(0, 3, 256)).toThrow(RangeError);
    expect(() => new MerkleTree(100)).toThrow(RangeError);
  });
});
