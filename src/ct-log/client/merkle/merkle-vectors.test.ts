import { describe, expect, it } from 'vitest';
import {
  CONSISTENCY_6_TO_8,
  INCLUSION_5_OF_8,
  REFERENCE_LEAVES,
  REFERENCE_ROOTS,
} from '../../../../test/support/merkle-vectors.js';
import { CompactRange } from './compact-range.js';
import { isConsistent, rootFromInclusionProof, type TreeRoot } from './merkle-proofs.js';
import { emptyRoot, leafHash } from './tree-hash.js';

const isIncluded = (leaf: Buffer, index: number, tree: TreeRoot, path: readonly Buffer[]): boolean =>
  rootFromInclusionProof(leaf, index, tree.size, path)?.equals(tree.root) === true;
const tree = (size: number) => ({ size, root: REFERENCE_ROOTS[size] });

describe('the reference tree of RFC 6962', () => {
  it('has the published root at every size', () => {
    const range = new CompactRange();
    expect(emptyRoot()).toEqual(REFERENCE_ROOTS[0]);
    expect(range.root()).toEqual(REFERENCE_ROOTS[0]);
    for (const [i, leaf] of REFERENCE_LEAVES.entries()) {
      range.append(leafHash(leaf));
      expect(range.root()).toEqual(REFERENCE_ROOTS[i + 1]);
    }
  });

  it('accepts the published proofs and rejects variants of them', () => {
    expect(isConsistent(tree(6), tree(8), CONSISTENCY_6_TO_8)).toBe(true);
    expect(isConsistent(tree(5), tree(8), CONSISTENCY_6_TO_8)).toBe(false);
    expect(isConsistent(tree(6), tree(7), CONSISTENCY_6_TO_8)).toBe(false);
    const leaf = leafHash(REFERENCE_LEAVES[5]);
    expect(isIncluded(leaf, 5, tree(8), INCLUSION_5_OF_8)).toBe(true);
    expect(isIncluded(leaf, 4, tree(8), INCLUSION_5_OF_8)).toBe(false);
    expect(isIncluded(leaf, 5, tree(7), INCLUSION_5_OF_8)).toBe(false);
  });
});
