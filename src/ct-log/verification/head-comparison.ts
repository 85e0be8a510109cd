import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import type { TreeRoot } from '../client/merkle/merkle-proofs.js';
import { PendingHeads } from './pending-heads.js';

/** Entries of exactly a signed size that have another root. */
export interface RootMismatch {
  readonly computed: TreeRoot;
  /** All heads of that size; none of them has the computed root. */
  readonly heads: readonly SignedTreeHead[];
}

export interface HeadComparisonEvents {
  /** The tree of everything up to `range.size` is the one of `head`. */
  readonly onProven: (range: CompactRange, head: SignedTreeHead) => void;
  /** Of two heads for one size, `right` has the root of the entries. */
  readonly onConflict: (right: SignedTreeHead, wrong: SignedTreeHead) => void;
}

/** The tree of the entries of one log in index order, held against every signed head whose size it reaches. */
export class HeadComparison {
  readonly heads = new PendingHeads();

  constructor(private readonly events: HeadComparisonEvents) {}

  /**
   * Appends the leaf hashes `[from, to)`, stopping at each signed size. After a mismatch nothing more is appended.
   * @returns what contradicts a head, or undefined.
   */
  advance(range: CompactRange, hashes: Buffer, from: number, to: number): RootMismatch | undefined {
    for (let at = from; at < to;) {
      const end = Math.min(to, at + Math.max(0, this.heads.nextSize - range.size));
      range.append(hashes, at, end);
      at = end;
      const mismatch = this.check(range);
      if (mismatch !== undefined) return mismatch;
    }
    return undefined;
  }

  /** Compares with the heads of exactly this size; those of smaller sizes are beyond reach and forgotten. */
  check(range: CompactRange): RootMismatch | undefined {
    if (this.heads.nextSize > range.size) return undefined;
    this.heads.dropBelow(range.size);
    const heads = this.heads.take(range.size);
    if (heads.length === 0) return undefined;
    const root = range.root();
    const right = heads.find(({ rootHash }) => rootHash.equals(root));
    if (right === undefined) return { computed: { size: range.size, root }, heads };
    for (const wrong of heads) if (wrong !== right) this.events.onConflict(right, wrong);
    this.events.onProven(range.clone(), right);
    return undefined;
  }
}
