import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CtMalformedError } from '../client/ct-log-error.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import type { LogState } from '../state/log-state.js';
import type { EntryDelivery } from './entry-delivery.js';
import { slicesOf } from './slices.js';
import { BackgroundProof } from './background-proof.js';
import type { CheckedDeliveryOptions } from './checked-delivery-options.js';
import type { HeadComparison, RootMismatch } from './head-comparison.js';
import type { SavedSteps } from './saved-steps.js';
import { outputsReady, StreamedEntries } from './streamed-entries.js';
import type { TreeProofs } from './tree-proofs.js';
import type { TrustedTrees } from './trusted-trees.js';
import { UnprovenEntries } from './unproven-entries.js';
import { resumeVerification } from './verified-resumption.js';

/** Far behind the newest head a proof is asked for after so many entries, so that little is streamed unproven. */
const PROOF_INTERVAL = 8192;

/**
 * `verification: warn`. Streams entries as they come and computes their Merkle tree right behind. Entries that contradict
 * a signed head are fetched once more; those that come out different are streamed again. If the contradiction stays it
 * is reported, and streaming goes on unproven until the log proves that its newest tree begins with the last proven one.
 *
 * The proofs it needs, to begin within a log and far behind its head, are asked for in the background: streaming never
 * waits for them.
 */
export class VerifyingDelivery implements EntryDelivery {
  private readonly proofs: TreeProofs;
  private readonly comparison: HeadComparison;
  private readonly background: BackgroundProof;
  private readonly trusted: TrustedTrees;
  private readonly saved: SavedSteps;
  private readonly entries: StreamedEntries;
  /** Index wanted next: behind what was streamed, or lower while entries are fetched once more. */
  private wanted: number | undefined;
  /** The tree of [0, wanted); undefined while there is nothing to compute it from. */
  private range: CompactRange | undefined;
  private newest: SignedTreeHead | undefined;
  private readonly unproven: UnprovenEntries;
  /** Entries since the last proof were fetched once more already. */
  private isRechecked = false;
  /** Where to go back to, as soon as nobody is in the middle of something. */
  private rewindTo: number | undefined;
  /** Counts what makes the result of a running task worthless. */
  private epoch = 0;

  constructor(private readonly options: CheckedDeliveryOptions) {
    const { start } = options;
    const { proofs, comparison, trusted, saved, range } = resumeVerification(options, (proven, head) =>
      this.accept(proven, head),
    );
    this.proofs = proofs;
    this.comparison = comparison;
    this.trusted = trusted;
    this.saved = saved;
    this.range = range;
    this.background = new BackgroundProof(options);
    this.wanted = start.next;
    this.entries = new StreamedEntries(options, start.next);
    this.unproven = new UnprovenEntries(options.stats);
  }

  get next(): number | undefined {
    return this.wanted;
  }

  get streamed(): number | undefined {
    return this.entries.end;
  }

  get isUnsettled(): boolean {
    return this.rewindTo !== undefined || this.options.stats.verification !== 'verified';
  }

  async onHead(head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    const { heads } = this.comparison;
    const { reports, start } = this.options;
    reports.compare(head, heads.conflicting(head), this.newest === undefined ? start.head : undefined);
    this.newest = head;
    this.trusted.remember(head);
    if (this.wanted === undefined) this.begin(head.treeSize);
    heads.add(head);
    if (this.range !== undefined) this.judge(this.comparison.check(this.range));
    this.finishStep(signal);
    await Promise.resolve();
  }

  /** Goes on when the tailer is being stopped: what has arrived is published. */
  async deliver(fetched: EntryBatch, signal: AbortSignal): Promise<void> {
    for await (const slice of slicesOf(this.options.extraData.admit(fetched))) {
      await outputsReady(this.options, signal);
      this.take(slice);
    }
    this.finishStep(signal);
  }

  async settle(signal: AbortSignal): Promise<void> {
    await this.background.settled();
    const { newest: head, range } = this;
    const isProvable = range !== undefined && head !== undefined && range.size <= head.treeSize;
    if (isProvable && range.size > this.trusted.size)
      this.background.begin(this.proveSoFar(range.clone(), head, signal), signal);
    await this.background.settled();
    this.finishStep(signal);
  }

  async skipTo(index: number, signal: AbortSignal): Promise<void> {
    this.epoch++;
    // While entries are fetched once more, what lies behind the gap was streamed already.
    this.wanted = Math.max(index, this.entries.end ?? index);
    this.unproven.skip(this.wanted - (this.entries.end ?? this.wanted));
    this.range = undefined;
    this.rewindTo = undefined;
    this.entries.restart(this.wanted);
    this.options.reports.restarted();
    this.finishStep(signal);
    await Promise.resolve();
  }

  private begin(index: number): void {
    this.wanted = index;
    this.trusted.beginAt(index);
    this.entries.restart(index);
    if (index === 0) this.range = new CompactRange();
  }

  private take(slice: EntryBatch): void {
    const hashes = this.entries.hand(slice);
    this.wanted = slice.firstIndex + slice.count;
    if (this.range !== undefined) this.judge(this.comparison.advance(this.range, hashes, 0, slice.count));
  }

  private accept(range: CompactRange, head: SignedTreeHead): void {
    this.trusted.accept(range, head);
    this.unproven.proven();
    this.isRechecked = false;
    this.background.succeeded();
    this.entries.window.dropBefore(range.size);
    this.options.reports.proven(range.size);
  }

  private judge(mismatch: RootMismatch | undefined): void {
    if (mismatch === undefined) return;
    const { heads } = this.comparison;
    const { base } = this.trusted;
    const isRemembered = base !== undefined && this.entries.window.start <= base.size;
    if (!this.isRechecked && isRemembered && base.size < mismatch.computed.size) {
      for (const head of mismatch.heads) heads.add(head);
      this.recheck();
      return;
    }
    this.options.reports.broken(this.trusted.mismatch(mismatch));
    this.lose();
  }

  /** Everything since the last proof once more, from the log. */
  private recheck(): void {
    this.epoch++;
    this.isRechecked = true;
    this.range = undefined;
    this.rewindTo = this.trusted.base?.size;
  }

  private lose(): void {
    this.epoch++;
    this.range = undefined;
    this.rewindTo = undefined;
    this.background.postpone();
  }

  private finishStep(signal: AbortSignal): void {
    this.pursue(signal);
    const { base } = this.trusted;
    if (this.rewindTo !== undefined && base !== undefined) {
      this.wanted = this.rewindTo;
      this.range = base.clone();
      this.rewindTo = undefined;
      this.judge(this.comparison.check(this.range));
    } else if (this.range === undefined) this.wanted = this.entries.end;
    this.saved.reached(this.state());
  }

  private state(): LogState {
    const { range } = this;
    const { range: proven } = this.trusted;
    const { end: streamed } = this.entries;
    return {
      next: streamed,
      head: this.newest ?? this.options.start.head,
      verified: proven && { size: proven.size, hashes: proven.hashes() },
      range: range?.size === streamed ? range?.hashes() : undefined,
    };
  }

  /** Begins the proof that is due, if there is one. */
  private pursue(signal: AbortSignal): void {
    const { newest: head, range } = this;
    if (head === undefined || !this.background.isDue) return;
    if (range === undefined) {
      if (this.rewindTo === undefined) this.background.begin(this.regain(head, signal), signal);
      return;
    }
    const unproven = range.size - (this.trusted.end ?? 0);
    if (unproven >= PROOF_INTERVAL && range.size < head.treeSize)
      this.background.begin(this.proveSoFar(range.clone(), head, signal), signal);
  }

  /** Far behind the head: the entries so far are those with which its tree begins. */
  private async proveSoFar(range: CompactRange, head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    const { epoch } = this;
    const tree = { size: range.size, root: range.root() };
    const isPart = await this.proofs.isPartOf(tree, head, signal);
    if (epoch !== this.epoch || this.trusted.size >= tree.size) return;
    if (isPart) this.accept(range, head);
    else this.judge({ computed: tree, heads: [head] });
  }

  /** Finds back to what the log signed, from the last proven tree on or, if too much was streamed since, behind it. */
  private async regain(head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    const { epoch } = this;
    const { range: proven } = this.trusted;
    const base = this.entries.window.start;
    if ((proven?.size ?? 0) > head.treeSize) return;
    const contradicted = await this.proofs.contradicted(this.trusted.all, head, signal);
    if (epoch !== this.epoch) return;
    if (contradicted !== undefined) {
      this.options.reports.broken(this.trusted.fork(contradicted, head));
      return this.background.postpone();
    }
    this.trusted.forgetSaved();
    this.comparison.heads.dropBelow(head.treeSize);
    if (proven !== undefined && this.entries.window.start <= proven.size) return this.recheck();
    if (base > head.treeSize) return;
    const range = await this.proofs.rangeOf(base, head, signal);
    if (epoch !== this.epoch || base !== this.entries.window.start || this.wanted !== this.entries.end)
      return;
    if (range === undefined)
      throw new CtMalformedError('PROOF', 'the tree that the log gave is not the signed one');
    this.resume(range, head);
  }

  private resume(range: CompactRange, head: SignedTreeHead): void {
    this.unproven.leave(this.trusted.end ?? range.size, range.size);
    this.accept(range.clone(), head);
    this.range = range;
    this.judge(
      this.entries.window.replay((hashes, count) => this.comparison.advance(range, hashes, 0, count)),
    );
  }
}
