import { CompactRange } from './compact-range.js';

/** The root of the complete subtree of `2^height` leaves that begins at leaf `index * 2^height`. */
export interface TreeNode {
  readonly height: number;
  readonly index: number;
}

/** The leaves `start` to `end` (exclusive) of a subtree of an RFC 6962 tree. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Returns the complete subtrees of a subtree at the right edge, largest first; for `[0, size)` they are the compact range.
 * `start` must be a multiple of the largest power of two within the range.
 */
export function nodesOf({ start, end }: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = [];
  let at = start;
  while (at < end) {
    const width = largestPowerOfTwo(end - at);
    nodes.push({ height: Math.log2(width), index: at / width });
    at += width;
  }
  return nodes;
}

/** Returns the subtrees whose roots are PROOF(first, D[second]) (RFC 6962, 2.1.2); requires `0 < first < second`. */
export function consistencyProofRanges(first: number, second: number): LeafRange[] {
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = second;
  let isWhole = true;
  while (first !== end) {
    const middle = start + largestPowerOfTwo(end - start - 1);
    if (first <= middle) {
      ranges.unshift({ start: middle, end });
      end = middle;
    } else {
      ranges.unshift({ start, end: middle });
      start = middle;
      isWhole = false;
    }
  }
  return isWhole ? ranges : [{ start, end }, ...ranges];
}

/** Computes the root of a subtree from the hashes of its nodes, largest first. */
export function foldNodes(leaves: number, hashes: readonly Buffer[]): Buffer {
  return CompactRange.of(leaves, hashes).root();
}

/** Returns the largest power of two up to `n`; requires `n >= 1`. */
function largestPowerOfTwo(n: number): number {
  let power = 1;
  while (power * 2 <= n) power *= 2;
  return power;
}
