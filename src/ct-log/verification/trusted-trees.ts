import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import type { TreeRoot } from '../client/merkle/merkle-proofs.js';
import type { Finding } from './evidence.js';
import type { RootMismatch } from './head-comparison.js';
import { forkedTree, rootMismatch } from './verification-reports.js';

/** What every newer tree of a log has to begin with. */
export class TrustedTrees {
  /** The head that proved {@link range}. */
  private provenBy: SignedTreeHead | undefined;

  /**
   * @param range the last tree that was proven.
   * @param saved the newest head of an earlier run, or from before anything was proven.
   * @param begun where the log was begun; undefined until its first head.
   */
  constructor(
    private proven: CompactRange | undefined,
    private saved: SignedTreeHead | undefined,
    private begun: number | undefined,
  ) {
    this.provenBy = proven?.size === saved?.treeSize ? saved : undefined;
  }

  /** The last tree that was proven; not to be changed. */
  get range(): CompactRange | undefined {
    return this.proven;
  }

  /** From where entries can be fetched once more: {@link range}, or the empty tree that every log begins with. */
  get base(): CompactRange | undefined {
    return this.proven ?? (this.begun === 0 ? new CompactRange() : undefined);
  }

  /** First index that is not proven and could be. */
  get end(): number | undefined {
    return this.proven?.size ?? this.begun;
  }

  /** Entries of {@link range}, 0 without one. */
  get size(): number {
    return this.proven?.size ?? 0;
  }

  get all(): TreeRoot[] {
    const { proven, saved } = this;
    const trees = proven === undefined ? [] : [{ size: proven.size, root: proven.root() }];
    return saved === undefined ? trees : [...trees, { size: saved.treeSize, root: saved.rootHash }];
  }

  /** The tree of `range` was proven by `head`. */
  accept(range: CompactRange, head: SignedTreeHead): void {
    this.proven = range;
    this.provenBy = head;
  }

  /** The log is begun at `index`. */
  beginAt(index: number): void {
    this.begun = index;
  }

  /** As long as nothing is proven, later trees have to begin with the first one that was signed. */
  remember(head: SignedTreeHead): void {
    if (this.proven === undefined) this.saved ??= head;
  }

  /** A newer tree begins with the one of the saved head. */
  forgetSaved(): void {
    this.saved = undefined;
  }

  mismatch({ computed, heads }: RootMismatch): Finding {
    const tree = this.proven && { size: this.proven.size, root: this.proven.root() };
    return rootMismatch(computed, heads[0], { tree, head: this.provenBy });
  }

  /** The tree of `head` does not begin with `tree`, which is one of {@link all}. */
  fork(tree: TreeRoot, head: SignedTreeHead): Finding {
    const other = [this.provenBy, this.saved].find((known) => known?.treeSize === tree.size);
    return forkedTree(tree, head, other);
  }
}
