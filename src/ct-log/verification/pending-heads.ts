import type { SignedTreeHead } from '../client/ct-log-client.js';

/** While a backlog is fetched, a new head arrives every few seconds. The smallest heads and the largest one are kept. */
const MAX_PENDING = 32;

/** PendingHeads holds the signed heads whose size is not reached yet, smallest first. Heads of one size differ in their root. */
export class PendingHeads {
  private heads: SignedTreeHead[] = [];

  /** Size of the smallest head; Infinity when there is none. */
  get nextSize(): number {
    return this.heads[0]?.treeSize ?? Infinity;
  }

  /** Returns a head of the same size with another root; undefined when there is none. */
  conflicting(head: SignedTreeHead): SignedTreeHead | undefined {
    return this.heads.find(
      ({ treeSize, rootHash }) => treeSize === head.treeSize && !rootHash.equals(head.rootHash),
    );
  }

  add(head: SignedTreeHead): void {
    if (this.heads.some((known) => isSameTree(known, head))) return;
    const at = this.heads.findIndex(({ treeSize }) => treeSize > head.treeSize);
    this.heads.splice(at < 0 ? this.heads.length : at, 0, head);
    // The largest head proves most; the smallest is reached next.
    if (this.heads.length > MAX_PENDING) this.heads.splice(-2, 1);
  }

  /** Removes and returns all heads of this size. */
  take(size: number): SignedTreeHead[] {
    const taken = this.heads.filter(({ treeSize }) => treeSize === size);
    this.heads = this.heads.filter(({ treeSize }) => treeSize !== size);
    return taken;
  }

  /** Removes the heads of smaller trees. */
  dropBelow(size: number): void {
    this.heads = this.heads.filter(({ treeSize }) => treeSize >= size);
  }
}

function isSameTree(one: SignedTreeHead, other: SignedTreeHead): boolean {
  return one.treeSize === other.treeSize && one.rootHash.equals(other.rootHash);
}
