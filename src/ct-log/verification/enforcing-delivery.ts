import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import { Backoff } from '../../kernel/backoff.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import { leafHashes } from '../client/merkle/leaf-hashes.js';
import type { EntryDelivery } from './entry-delivery.js';
import type { FlightShare } from '../scheduling/flight-share.js';
import { sliceEnd } from './slices.js';
import type { CheckedDeliveryOptions } from './checked-delivery-options.js';
import type { Finding } from './evidence.js';
import { HeldEntries } from './held-entries.js';
import type { HeadComparison, RootMismatch } from './head-comparison.js';
import type { SavedSteps } from './saved-steps.js';
import { outputsReady } from './streamed-entries.js';
import type { TreeProofs } from './tree-proofs.js';
import type { TrustedTrees } from './trusted-trees.js';
import { UnprovenEntries } from './unproven-entries.js';
import { CtTreeMismatchError } from './verification-error.js';
import { resumeVerification } from './verified-resumption.js';

const PAUSES = { firstMs: 1000, longestMs: 60_000 };

export interface EnforcingDeliveryOptions extends CheckedDeliveryOptions {
  /** Most entries that are held back; a larger batch is held alone. */
  readonly maxHeld: number;
  /** What all logs together may hold back, of which they take half. Nobody waits for room in it. */
  readonly budget: FlightShare;
}

/**
 * `verification: enforce`. Streams nothing that is not proven. Entries are held back until their tree reaches a signed
 * size and has the signed root; far behind the head their tree is proven to be the begin of the newest one. What
 * contradicts is fetched once more, and if that stays so every try to deliver it fails, which the tailer answers with growing
 * pauses, until the log is right again.
 */
export class EnforcingDelivery implements EntryDelivery {
  private readonly proofs: TreeProofs;
  private readonly comparison: HeadComparison;
  /** The last tree that was proven: of everything that was streamed, or is held for the outputs only. */
  private readonly trusted: TrustedTrees;
  /** The tree of [0, next), the held entries included; undefined until the log has proven the place to begin at. */
  private range: CompactRange | undefined;
  private readonly held: HeldEntries;
  private readonly saved: SavedSteps;
  /** Everything before it was handed to every output. */
  private position: number | undefined;
  private readonly unproven: UnprovenEntries;
  private newest: SignedTreeHead | undefined;
  private isFirstHead = true;
  /** The held range contradicted a head already; the next time it is said. */
  private isSuspect = false;
  /** Findings in a row; most batches of a wrong range are taken without an error, so the tailer cannot count them. */
  private readonly refusals = new Backoff(PAUSES);

  constructor(private readonly options: EnforcingDeliveryOptions) {
    const { budget, start } = options;
    const { proofs, comparison, trusted, saved } = resumeVerification(options, (range, head) =>
      this.accept(range, head),
    );
    this.proofs = proofs;
    this.comparison = comparison;
    this.trusted = trusted;
    this.saved = saved;
    this.held = new HeldEntries(budget);
    this.unproven = new UnprovenEntries(options.stats);
    this.position = start.next;
    // An earlier run without `enforce` may have streamed more than was proven.
    if (trusted.range?.size === start.next) this.range = trusted.range?.clone();
    else if (start.next === 0) this.range = new CompactRange();
  }

  get next(): number | undefined {
    return this.range?.size ?? this.position;
  }

  get isUnsettled(): boolean {
    return this.options.stats.verification !== 'verified';
  }

  /** @throws CtLogError while the log does not prove the tree at the position. */
  async onHead(head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    const { reports, start } = this.options;
    const { heads } = this.comparison;
    reports.compare(head, heads.conflicting(head), this.isFirstHead ? start.head : undefined);
    this.isFirstHead = false;
    this.newest = head;
    this.position ??= this.moveTo(head.treeSize);
    if (this.position === 0) this.range ??= new CompactRange();
    heads.add(head);
    if (this.range === undefined) await this.begin(this.position, head, signal);
    if (this.range !== undefined) await this.conclude(this.comparison.check(this.range), signal);
  }

  /** @throws CtTreeMismatchError, and what the log answers when it is asked for a proof. */
  async deliver(fetched: EntryBatch, signal: AbortSignal): Promise<void> {
    await this.flush(signal);
    const { range } = this;
    if (range === undefined)
      throw new CtTreeMismatchError('the log has not proven the place to begin at yet');
    const batch = this.options.extraData.admit(fetched);
    if (batch.count === 0) return;
    const isFull = range.size + batch.count > (this.position ?? 0) + this.options.maxHeld;
    if (this.held.hasUnproven && isFull) {
      await this.conclude(await this.proveHeld(range, signal), signal);
      if (this.range !== range) return;
    }
    const hashes = leafHashes(batch);
    const isHeld = this.held.add(batch);
    await this.conclude(this.comparison.advance(range, hashes, 0, batch.count), signal);
    if (!isHeld && this.range === range && this.held.hasUnproven) await this.proveOrDrop(range, signal);
  }

  /** @throws when the held entries cannot be proven: they are not to be left behind. */
  async settle(signal: AbortSignal): Promise<void> {
    await this.flush(signal);
    const { range } = this;
    if (range !== undefined && this.held.hasUnproven)
      await this.conclude(await this.proveHeld(range, signal), signal);
  }

  async skipTo(index: number, signal: AbortSignal): Promise<void> {
    await this.flush(signal);
    this.held.dropUnproven();
    this.range = undefined;
    this.unproven.skip(index - (this.position ?? index));
    this.position = this.moveTo(index);
    this.options.reports.restarted();
    this.save();
  }

  close(): void {
    this.held.dropUnproven();
  }

  private accept(range: CompactRange, head: SignedTreeHead): void {
    this.trusted.accept(range, head);
    this.unproven.proven();
    this.isSuspect = false;
    this.options.reports.proven(range.size);
    this.held.prove(range.size);
    this.refusals.reset();
  }

  /** The tree at the position, from the log. */
  private async begin(position: number, head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    if (position > head.treeSize) return;
    const { all, range: proven } = this.trusted;
    const tree = await this.proofs.contradicted(all, head, signal);
    if (tree !== undefined) this.refuse(this.trusted.fork(tree, head));
    const range = await this.proofs.rangeOf(position, head, signal);
    if (range === undefined)
      throw new CtTreeMismatchError('the tree that the log gave is not the signed one');
    this.unproven.leave(proven?.size ?? position, position);
    this.range = range.clone();
    this.accept(range, head);
  }

  /** Far behind the head: the held entries are part of its tree. */
  private async proveHeld(range: CompactRange, signal: AbortSignal): Promise<RootMismatch | undefined> {
    const { newest } = this;
    if (newest === undefined || newest.treeSize < range.size)
      throw new CtTreeMismatchError('there is no signed tree to hold the entries against');
    const computed = { size: range.size, root: range.root() };
    const isPart = await this.proofs.isPartOf(computed, newest, signal);
    if (!isPart) return { computed, heads: [newest] };
    this.accept(range.clone(), newest);
    return undefined;
  }

  /** For what there is no room to hold: without a proof at once it is fetched again. */
  private async proveOrDrop(range: CompactRange, signal: AbortSignal): Promise<void> {
    let mismatch: RootMismatch | undefined;
    try {
      mismatch = await this.proveHeld(range, signal);
    } catch (error) {
      this.goBack();
      throw error;
    }
    await this.conclude(mismatch, signal);
  }

  /** To the last proof. */
  private goBack(): void {
    this.held.dropUnproven();
    this.range = this.trusted.range?.clone() ?? (this.position === 0 ? new CompactRange() : undefined);
  }

  /** Streams what is proven. What contradicts is dropped: once to be fetched again, then with an error. */
  private async conclude(mismatch: RootMismatch | undefined, signal: AbortSignal): Promise<void> {
    const finding = mismatch && this.dropHeld(mismatch);
    await this.flush(signal);
    if (finding !== undefined) this.refuse(finding);
  }

  /** @returns what to say, if the entries were fetched again already. */
  private dropHeld(mismatch: RootMismatch): Finding | undefined {
    const { computed, heads } = mismatch;
    const { isSuspect } = this;
    this.goBack();
    this.isSuspect = true;
    if (!isSuspect && computed.size > this.trusted.size) {
      for (const head of heads) this.comparison.heads.add(head);
      return undefined;
    }
    if (this.newest !== undefined && heads.includes(this.newest)) this.newest = undefined;
    return this.trusted.mismatch(mismatch);
  }

  private refuse(finding: Finding): never {
    this.options.reports.broken(finding);
    throw new CtTreeMismatchError(finding.message, this.refusals.failed());
  }

  /** Hands the proven entries to the outputs, also when the tailer is being stopped. */
  private async flush(signal: AbortSignal): Promise<void> {
    for (let batch = this.held.first; batch !== undefined; batch = this.held.first) {
      await outputsReady(this.options, signal);
      const slice = sliceEntryBatch(batch, 0, sliceEnd(batch, 0));
      this.publish(slice);
      this.held.shift(slice.count);
      if (this.held.first !== undefined) await yieldToEventLoop();
    }
    this.save();
  }

  private publish(slice: EntryBatch): void {
    const { publish, stats, clock } = this.options;
    publish(slice);
    stats.countEntries(slice.count, clock.wallTime());
    this.position = this.moveTo(slice.firstIndex + slice.count);
  }

  private moveTo(next: number): number {
    this.options.stats.nextIndex = next;
    return next;
  }

  private save(): void {
    const { position } = this;
    const { range: proven } = this.trusted;
    const head = this.newest ?? this.options.start.head;
    // Entries that are proven and not streamed yet are proven again by the next run.
    const isStreamed = proven !== undefined && proven.size <= (position ?? 0);
    const verified = isStreamed ? { size: proven.size, hashes: proven.hashes() } : undefined;
    // What a run in another mode left as tree of the position is not that of a later one.
    this.saved.reached({ next: position, head, range: undefined, ...(verified && { verified }) });
  }
}
