import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import type { TreeRoot } from '../client/merkle/merkle-proofs.js';
import { type ContradictionError, inconsistentHeads, rootMismatch } from '../reporting/contradiction.js';
import type { LogState } from '../state/log-state.js';

/** The trees with which every newer tree of a log has to begin. */
export class TrustedTrees {
  /** The last tree that was proven; not to be changed. */
  proven: CompactRange | undefined;
  /** The head that proved it. */
  private provenBy: SignedTreeHead | undefined;
  /** The newest head of an earlier run, or the first one of a log of which nothing is proven. */
  private remembered: SignedTreeHead | undefined;
  /** Index at which the log was begun; undefined until its first head. */
  private begun: number | undefined;

  constructor({ next, verified, head }: LogState) {
    const isUsable = verified !== undefined && next !== undefined && verified.size <= next;
    this.proven = isUsable ? rangeOf(verified.size, verified.hashes) : undefined;
    this.provenBy = this.proven?.size === head?.treeSize ? head : undefined;
    this.remembered = head;
    this.begun = next;
  }

  /** The tree from which on entries can be fetched again: the proven one, or the empty one that every log begins with. */
  get base(): CompactRange | undefined {
    return this.proven ?? (this.begun === 0 ? new CompactRange() : undefined);
  }

  /** First index that is not proven and could be. */
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
  }

  beginAt(index: number): void {
    this.begun = index;
  }

  /** As long as nothing is proven, later trees have to begin with the first one that was signed. */
  remember(head: SignedTreeHead): void {
    if (this.proven === undefined) this.remembered ??= head;
  }

  /** A newer tree begins with the remembered one. */
  forgetRemembered(): void {
    this.remembered = undefined;
  }

  /** `head` has the size of `computed` and another root, or its tree does not begin with `computed`. */
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

/** @returns undefined when there are not as many hashes as a tree of `size` entries has: the file was edited. */
export function rangeOf(size: number, hashes: readonly Buffer[]): CompactRange | undefined {
  try {
    return CompactRange.of(size, hashes);
  } catch {
    return undefined;
  }
}
