import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import type { TreeRoot } from '../client/merkle/merkle-proofs.js';
import { type ContradictionError, equivocation, rollback } from '../reporting/contradiction.js';
import type { LogCounters } from '../reporting/log-counters.js';
import type { LogReporter } from '../reporting/log-reporter.js';
import type { LogStatus } from '../reporting/log-status.js';
import type { LogState } from '../state/log-state.js';
import { PendingHeads } from './pending-heads.js';
import { relateHeads } from './tree-head-checks.js';
import { TreeProofs } from './tree-proofs.js';
import { rangeOf, TrustedTrees } from './trusted-trees.js';

export interface TreeVerifierOptions {
  readonly client: CtLogClient;
  readonly counters: LogCounters;
  readonly status: LogStatus;
  readonly reporter: LogReporter;
  /** The state that an earlier run saved. */
  readonly start: LogState;
  /** Called after every step with the state, without unknown fields. The object is not changed later. */
  readonly save: (state: LogState) => void;
}

/** Decides about entries when the verifier has a result. */
export interface ReleasePolicy {
  /** Called when the entries before `size` are proven. */
  onProven(size: number): void;
  /** Called before the entries from `size` on are fetched again. @returns false if the policy can no longer compare them. */
  onRefetch(size: number): boolean;
}

/**
 * TreeVerifier computes the Merkle tree of the entries of one log in index order. It compares the tree with every signed head
 * whose size it reaches, and with the proofs of the log. After the first mismatch since a proof, the entries since that proof are
 * fetched again, because they may have been damaged in transit. The second mismatch is a contradiction.
 */
export class TreeVerifier {
  /** The tree of all entries before the one to fetch next; undefined while it is unknown. */
  range: CompactRange | undefined;
  /** The newest accepted head. */
  newest: SignedTreeHead | undefined;
  private readonly heads = new PendingHeads();
  private readonly trusted: TrustedTrees;
  private readonly proofs: TreeProofs;
  /** Whether the entries since the last proof were fetched again already. */
  private isRefetched = false;
  /** Number of entries after the last proof that were not streamed. */
  private skipped = 0;
  private isFirstHead = true;
  private savedStep = '';

  constructor(
    private readonly options: TreeVerifierOptions,
    private readonly policy: ReleasePolicy,
  ) {
    const { client, start, status, reporter } = options;
    const { next, head, range } = start;
    this.proofs = new TreeProofs(client);
    this.trusted = new TrustedTrees(start);
    const { proven } = this.trusted;
    if (next === 0) this.range = new CompactRange();
    else if (next !== undefined)
      this.range = (range && rangeOf(next, range)) ?? (proven?.size === next ? proven.clone() : undefined);
    if (head !== undefined && head.treeSize !== proven?.size) this.heads.add(head);
    status.nextIndex = next;
    status.verifiedIndex = proven?.size;
    reporter.unproven();
  }

  /** Entries of the last proven tree; undefined before the first proof. */
  get provenSize(): number | undefined {
    return this.trusted.proven?.size;
  }

  /** Number of entries of {@link range} that are not proven yet. */
  get unprovenCount(): number {
    return (this.range?.size ?? 0) - (this.trusted.end ?? 0);
  }

  /** Begins at `index`, the size of the first head of the log. */
  beginAt(index: number): void {
    this.trusted.beginAt(index);
    if (index === 0) this.range = new CompactRange();
  }

  /** Adds an accepted head and compares it with the known ones. {@link check} compares it with the entries. */
  addHead(head: SignedTreeHead): void {
    const { reporter, start } = this.options;
    const conflicting = this.heads.conflicting(head);
    if (conflicting !== undefined) reporter.contradiction(equivocation(conflicting, head));
    const before = this.isFirstHead ? start.head : undefined;
    if (before !== undefined && relateHeads(before, head) === 'shrunken')
      reporter.broken(rollback(before, head));
    this.isFirstHead = false;
    this.newest = head;
    this.trusted.remember(head);
    this.heads.add(head);
  }

  /**
   * Adds the leaf hashes of the next `count` entries to {@link range} and checks it at each signed size. After a mismatch no more
   * hashes are added.
   * @returns the contradiction, if there is one; {@link range} is then undefined.
   */
  append(hashes: Buffer, count: number): ContradictionError | undefined {
    const { range } = this;
    if (range === undefined) return undefined;
    for (let at = 0; at < count && this.range === range;) {
      const end = Math.min(count, at + Math.max(0, this.heads.nextSize - range.size));
      range.append(hashes, at, end);
      at = end;
      const contradiction = this.check();
      if (contradiction !== undefined) return contradiction;
    }
    return undefined;
  }

  /** Compares {@link range} with the heads of its size, and forgets the heads of smaller trees. */
  check(): ContradictionError | undefined {
    const { range, heads } = this;
    if (range === undefined || heads.nextSize > range.size) return undefined;
    heads.dropBelow(range.size);
    const reached = heads.take(range.size);
    if (reached.length === 0) return undefined;
    const root = range.root();
    const right = reached.find(({ rootHash }) => rootHash.equals(root));
    if (right === undefined) return this.handleMismatch({ size: range.size, root }, reached);
    for (const wrong of reached)
      if (wrong !== right) this.options.reporter.contradiction(equivocation(right, wrong));
    this.accept(range.clone(), right);
    return undefined;
  }

  /**
   * Requests a proof that the tree of `head` begins with {@link range}, and checks it.
   * @throws the error of the request when the log does not serve a proof.
   */
  async prove(head: SignedTreeHead, signal: AbortSignal): Promise<ContradictionError | undefined> {
    const { range } = this;
    if (range === undefined) return undefined;
    const soFar = range.clone();
    const computed = { size: soFar.size, root: soFar.root() };
    const isPart = await this.proofs.isPartOf(computed, head, signal);
    if (this.range !== range || (this.provenSize ?? 0) >= computed.size) return undefined;
    if (!isPart) return this.handleMismatch(computed, [head]);
    this.accept(soFar, head);
    return undefined;
  }

  /** Checks that the tree of `head` begins with every trusted tree. @throws like {@link prove}. */
  async checkTrusted(head: SignedTreeHead, signal: AbortSignal): Promise<ContradictionError | undefined> {
    const tree = await this.proofs.contradicted(this.trusted.all, head, signal);
    if (tree === undefined) {
      this.trusted.forgetRemembered();
      return undefined;
    }
    const contradiction = this.trusted.fork(tree, head);
    this.options.reporter.broken(contradiction);
    return contradiction;
  }

  /** Fetches the tree before `index`, proven by `head`, from the log. @throws like {@link prove}. */
  rangeAt(index: number, head: SignedTreeHead, signal: AbortSignal): Promise<CompactRange> {
    return this.proofs.rangeOf(index, head, signal);
  }

  /** Continues after `range`, which `head` proves. The entries between the last proof and the end of `range` stay unproven. */
  resumeAt(range: CompactRange, head: SignedTreeHead): void {
    const from = this.trusted.end ?? range.size;
    this.options.counters.unverifiedEntries += Math.max(0, range.size - from - this.skipped);
    this.accept(range.clone(), head);
    this.range = range;
  }

  /** Goes back to the last proven tree, if there is one, so that all entries after it are fetched again. */
  refetch(): ContradictionError | undefined {
    this.isRefetched = true;
    this.returnToProven();
    return this.check();
  }

  returnToProven(): void {
    this.range = this.trusted.base?.clone();
  }

  /** Skips the next `count` entries, which are unavailable. The tree is unknown afterwards. */
  skip(count: number): void {
    this.skipped += count;
    this.range = undefined;
    this.options.reporter.unproven();
  }

  /** Removes the pending heads of trees smaller than `size`. */
  forgetHeadsBelow(size: number): void {
    this.heads.dropBelow(size);
  }

  /**
   * Saves the current state. A newer head of the same tree is not saved.
   * @param next all entries before this index were published to every output.
   */
  save(next: number | undefined): void {
    const { range, trusted, options } = this;
    const { proven } = trusted;
    const head = this.newest ?? options.start.head;
    // The next run proves entries again that are proven but not streamed yet.
    const isStreamed = proven === undefined || proven.size <= (next ?? 0);
    const hashes = range?.size === next ? range?.hashes() : undefined;
    // A range that turned out to be wrong must not stay in the file: the next run would accuse the log.
    const step = [next, isStreamed && proven?.size, head?.treeSize, hashes !== undefined].join(' ');
    if (step === this.savedStep) return;
    this.savedStep = step;
    options.save({
      next,
      head,
      range: hashes,
      ...(isStreamed && { verified: proven && { size: proven.size, hashes: proven.hashes() } }),
    });
  }

  private accept(range: CompactRange, head: SignedTreeHead): void {
    this.trusted.accept(range, head);
    this.skipped = 0;
    this.isRefetched = false;
    this.options.reporter.proven(range.size);
    this.policy.onProven(range.size);
  }

  /** @param heads all heads of the computed size, all with another root; or one head whose tree does not begin with `computed`. */
  private handleMismatch(
    computed: TreeRoot,
    heads: readonly SignedTreeHead[],
  ): ContradictionError | undefined {
    const { base } = this.trusted;
    const canRefetch = !this.isRefetched && base !== undefined && base.size < computed.size;
    if (canRefetch && this.policy.onRefetch(base.size)) {
      for (const head of heads) this.heads.add(head);
      return this.refetch();
    }
    this.range = undefined;
    const contradiction = this.trusted.mismatch(computed, heads[0]);
    this.options.reporter.broken(contradiction);
    return contradiction;
  }
}
