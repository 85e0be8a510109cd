import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import type { TreeRoot } from '../client/merkle/merkle-proofs.js';
import { type ContradictionError, inconsistentHeads, rootMismatch } from '../reporting/contradiction.js';
import type { LogState } from '../state/log-state.js';

/** TrustedTrees holds the trees with which every newer tree of a log must begin. */
export class TrustedTrees {
  /** The last proven tree. It must not be changed. */
  proven: CompactRange | undefined;
  /** The head that proved it. */
  private provenBy: SignedTreeHead | undefined;
  /** The newest head of an earlier run, or the first head while nothing is proven. */
  private remembered: SignedTreeHead | undefined;
  /** Index of the first entry of this run; undefined until the first head. */
  private begun: number | undefined;

  constructor({ next, verified, head }: LogState) {
    const isUsable = verified !== undefined && next !== undefined && verified.size <= next;
    this.proven = isUsable ? rangeOf(verified.size, verified.hashes) : undefined;
    this.provenBy = this.proven?.size === head?.treeSize ? head : undefined;
    this.remembered = head;
    this.begun = next;
  }

  /** The tree after which entries can be fetched again: the proven one or, for a log followed from index 0, the empty one. */
  get base(): CompactRange | undefined {
    return this.proven ?? (this.begun === 0 ? new CompactRange() : undefined);
  }

  /** The first index that is not proven. */
  get end(): number | undefined {
    return this.proven?.size ?? this.begun;
  }

  get all(): TreeRoot[] {
    const { root, remembered } = this;
    const signed = remembered && { size: remembered.treeSize, root: remembered.rootHash };
    return [root, signed].filter((tree) => tree !== undefined);
  }

  accept(range: CompactRange, head: SignedTreeHead): void {
    this.proven = range;
    this.provenBy = head;
    // The entries were compared with the remembered tree when they reached its size. A mismatch was reported then.
    if (this.remembered !== undefined && this.remembered.treeSize <= range.size) this.remembered = undefined;
  }

  beginAt(index: number): void {
    this.begun = index;
  }

  /** Remembers the first signed tree while nothing is proven: later trees must begin with it. */
  remember(head: SignedTreeHead): void {
    if (this.proven === undefined) this.remembered ??= head;
  }

  /** Forgets the remembered head, after a newer tree is proven to begin with its tree. */
  forgetRemembered(): void {
    this.remembered = undefined;
  }

  /** @param head has the size of `computed` but another root, or its tree does not begin with `computed`. */
  mismatch(computed: TreeRoot, head: SignedTreeHead): ContradictionError {
    return rootMismatch(computed, head, this.root, this.provenBy);
  }

  /** @param tree one of {@link all}, with which the tree of `head` does not begin. */
  fork(tree: TreeRoot, head: SignedTreeHead): ContradictionError {
    const signed = [this.provenBy, this.remembered].find((known) => known?.treeSize === tree.size);
    return inconsistentHeads(tree, head, signed);
  }

  private get root(): TreeRoot | undefined {
    return this.proven && { size: this.proven.size, root: this.proven.root() };
  }
}

/** @returns undefined if the number of hashes does not match `size`, for example in an edited state file. */
export function rangeOf(size: number, hashes: readonly Buffer[]): CompactRange | undefined {
  try {
    return CompactRange.of(size, hashes);
  } catch {
    return undefined;
  }
}
