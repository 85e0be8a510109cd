import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { CtMalformedError } from '../client/ct-log-error.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import { isConsistent, type TreeRoot } from '../client/merkle/merkle-proofs.js';

/** TreeProofs requests proofs from a log and checks them against its signed heads. Methods reject if a proof is unavailable. */
export class TreeProofs {
  constructor(private readonly client: CtLogClient) {}

  /**
   * Whether the tree of `head` begins with `tree`, which must not be larger. A proof that fails is requested once more, because
   * it may have been damaged in transit.
   */
  async isPartOf(tree: TreeRoot, head: SignedTreeHead, signal: AbortSignal): Promise<boolean> {
    const whole = { size: head.treeSize, root: head.rootHash };
    if (tree.size === whole.size) return isConsistent(tree, whole, []);
    for (let tries = 0; tries < 2; tries++) {
      const proof = await this.client.getConsistencyProof(tree.size, whole.size, signal);
      if (isConsistent(tree, whole, proof)) return true;
    }
    return false;
  }

  /** Returns the first of `trees` with which the tree of `head` does not begin. Trees larger than that of `head` are skipped. */
  async contradicted(
    trees: readonly TreeRoot[],
    head: SignedTreeHead,
    signal: AbortSignal,
  ): Promise<TreeRoot | undefined> {
    for (const tree of trees) {
      if (tree.size <= head.treeSize && !(await this.isPartOf(tree, head, signal))) return tree;
    }
    return undefined;
  }

  /**
   * Fetches the compact range of the first `size` entries of the tree of `head`.
   * @throws CtMalformedError when the log serves the range of another tree.
   */
  async rangeOf(size: number, head: SignedTreeHead, signal: AbortSignal): Promise<CompactRange> {
    const hashes = await this.client.getCompactRange(size, head, signal);
    const range = rangeFrom(size, hashes);
    if (await this.isPartOf({ size, root: range.root() }, head, signal)) return range;
    throw new CtMalformedError('PROOF', 'the log served a compact range of another tree than the signed one');
  }
}

function rangeFrom(size: number, hashes: readonly Buffer[]): CompactRange {
  try {
    return CompactRange.of(size, hashes);
  } catch (cause) {
    throw new CtMalformedError('PROOF', `the log did not serve a compact range of ${size} entries`, {
      cause,
    });
  }
}
