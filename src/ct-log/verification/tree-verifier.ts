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
  /** The state that an earlier run left. */
  readonly start: LogState;
  /** Called after every step with the whole state but for what is not known; the state is never changed later. */
  readonly save: (state: LogState) => void;
}

/** What becomes of entries when the verifier comes to a result. */
export interface ReleasePolicy {
  /** The entries before `size` are proven. */
  onProven(size: number): void;
  /** The entries from `size` on are fetched again. @returns false when the policy cannot compare them any more. */
  onRefetch(size: number): boolean;
}

/**
 * The Merkle tree of the entries of one log in index order, compared with every signed head whose size it reaches, and with
 * the proofs of the log. The first mismatch after a proof has the entries since that proof fetched again, since they may have been
 * damaged on their way; the next one is a contradiction.
 */
export class TreeVerifier {
  /** The tree of everything before the entry to fetch next; undefined while there is nothing to compute it from. */
  range: CompactRange | undefined;
  /** The newest head that was accepted. */
  newest: SignedTreeHead | undefined;
  private readonly heads = new PendingHeads();
  private readonly trusted: TrustedTrees;
  private readonly proofs: TreeProofs;
  /** The entries since the last proof were fetched again already. */
  private isRefetched = false;
  /** Entries after the last proof that were never streamed. */
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

  /** Entries of {@link range} that could be proven and are not. */
  get unprovenCount(): number {
    return (this.range?.size ?? 0) - (this.trusted.end ?? 0);
  }

  /** The log begins at `index`, which its first head named. */
  beginAt(index: number): void {
    this.trusted.beginAt(index);
    if (index === 0) this.range = new CompactRange();
  }

  /** A head was accepted, to be compared with the others and, by {@link check}, with the entries. */
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
   * Adds the leaf hashes of the next `count` entries to {@link range}, and stops at each signed size. After a mismatch nothing
   * more is added.
   * @returns the contradiction, after which there is no range any more.
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

  /** Compares {@link range} with the heads of exactly its size; heads of smaller trees are forgotten. */
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
   * Far from the next signed size: whether the tree of `head` begins with {@link range}.
   * @throws the answer of the log when it serves no proof.
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

  /** Whether the tree of `head` begins with everything that was proven or signed before. @throws like {@link prove}. */
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

  /** The tree before `index`, from the log and proven by `head`. @throws like {@link prove}. */
  rangeAt(index: number, head: SignedTreeHead, signal: AbortSignal): Promise<CompactRange> {
    return this.proofs.rangeOf(index, head, signal);
  }

  /** Continues after `range`, which `head` proves: entries between the last proof and its end stay unproven. */
  resumeAt(range: CompactRange, head: SignedTreeHead): void {
    const from = this.trusted.end ?? range.size;
    this.options.counters.unverifiedEntries += Math.max(0, range.size - from - this.skipped);
    this.accept(range.clone(), head);
    this.range = range;
  }

  /** Goes back to the last proven tree, if there is one, to fetch everything after it again. */
  refetch(): ContradictionError | undefined {
    this.isRefetched = true;
    this.returnToProven();
    return this.check();
  }

  returnToProven(): void {
    this.range = this.trusted.base?.clone();
  }

  /** The next `count` entries are unavailable: the tree is not known any more. */
  skip(count: number): void {
    this.skipped += count;
    this.range = undefined;
    this.options.reporter.unproven();
  }

  /** A newer tree is the one that counts. */
  forgetHeadsBelow(size: number): void {
    this.heads.dropBelow(size);
  }

  /**
   * Saves what is reached; a newer head of the same tree is not worth a write.
   * @param next everything before it was handed to every output.
   */
  save(next: number | undefined): void {
    const { range, trusted, options } = this;
    const { proven } = trusted;
    const head = this.newest ?? options.start.head;
    // Entries that are proven and not streamed yet are proven again by the next run.
    const isStreamed = proven === undefined || proven.size <= (next ?? 0);
    const step = [next, isStreamed && proven?.size, head?.treeSize].join(' ');
    if (step === this.savedStep) return;
    this.savedStep = step;
    options.save({
      next,
      head,
      range: range?.size === next ? range?.hashes() : undefined,
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

  /** @param heads all of that size, none of which has the computed root; or one that does not begin with it. */
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
