import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { CtHttpStatusError, CtMalformedError } from '../ct-log-error.js';
import { CompactRange } from '../merkle/compact-range.js';
import type { TreeRoot } from '../merkle/merkle-proofs.js';
import type { LogState } from '../state/log-state.js';
import type { EntryDelivery } from '../tailing/entry-delivery.js';
import { MAX_SLICE } from '../tailing/max-slice.js';
import { GrowingPause } from './growing-pause.js';
import { HeadComparison, type RootMismatch } from './head-comparison.js';
import { resumedRanges } from './resumed-ranges.js';
import { type EntryOutput, outputsReady, StreamedEntries } from './streamed-entries.js';
import { relateHeads } from './tree-head-checks.js';
import { TreeProofs } from './tree-proofs.js';
import { forkedTree, rootMismatch, type VerificationReports } from './verification-reports.js';

/** Far behind the newest head a proof is asked for after so many entries, so that little is streamed unproven. */
const PROOF_INTERVAL = 8192;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 600_000;

export interface VerifyingDeliveryOptions extends EntryOutput {
  readonly client: CtLogClient;
  readonly reports: VerificationReports;
  /** What an earlier run left. */
  readonly start: LogState;
  /** Called behind every step; what `change` names belongs together. */
  readonly save: (change: LogState) => void;
  /** Entries between two proofs; default 8192. */
  readonly proofInterval?: number;
}

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
  private readonly pause = new GrowingPause(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  private readonly entries: StreamedEntries;
  /** Index wanted next: behind what was streamed, or lower while entries are fetched once more. */
  private wanted: number | undefined;
  /** The last tree that was proven, and the head that did it. */
  private proven: CompactRange | undefined;
  private provenBy: SignedTreeHead | undefined;
  /** The tree of [0, wanted); undefined while there is nothing to compute it from. */
  private range: CompactRange | undefined;
  private newest: SignedTreeHead | undefined;
  /** A head from before anything was proven, also of an earlier run, until newer ones are known to continue it. */
  private saved: SignedTreeHead | undefined;
  private origin: number | undefined;
  /** Entries of the unproven range that were never streamed. */
  private skipped = 0;
  /** Entries since the last proof were fetched once more already. */
  private isRechecked = false;
  /** Where to go back to, as soon as nobody is in the middle of something. */
  private rewindTo: number | undefined;
  private task: Promise<void> | undefined;
  private savedStep = '';
  /** Counts what makes the result of a running task worthless. */
  private epoch = 0;

  constructor(private readonly options: VerifyingDeliveryOptions) {
    const { client, start, reports, stats } = options;
    this.proofs = new TreeProofs(client);
    this.comparison = new HeadComparison({
      onProven: (range, head) => this.accept(range, head),
      onConflict: (right, wrong) => reports.equivocation(right, wrong),
    });
    const { proven, range } = resumedRanges(start);
    this.proven = proven;
    this.range = range;
    this.provenBy = proven?.size === start.head?.treeSize ? start.head : undefined;
    this.wanted = this.origin = start.next;
    this.entries = new StreamedEntries(options, start.next);
    this.saved = start.head;
    if (start.head !== undefined && start.head.treeSize !== proven?.size)
      this.comparison.heads.add(start.head);
    if (proven !== undefined) stats.verifiedIndex = proven.size;
  }

  get next(): number | undefined {
    return this.wanted;
  }

  get isUnsettled(): boolean {
    return this.rewindTo !== undefined || this.options.stats.verification !== 'verified';
  }

  async onHead(head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    const { heads } = this.comparison;
    const { reports, start } = this.options;
    const conflicting = heads.conflicting(head);
    if (conflicting !== undefined) reports.equivocation(conflicting, head);
    if (this.newest === undefined && start.head !== undefined && relateHeads(start.head, head) === 'shrunken')
      reports.rollback(start.head, head);
    this.newest = head;
    if (this.proven === undefined) this.saved ??= head;
    if (this.wanted === undefined) this.begin(head.treeSize);
    heads.add(head);
    if (this.range !== undefined) this.judge(this.comparison.check(this.range));
    this.finishStep(signal);
    await Promise.resolve();
  }

  /** Goes on when the tailer is being stopped: what has arrived is published. */
  async deliver(batch: EntryBatch, signal: AbortSignal): Promise<void> {
    for (let from = 0; from < batch.count; from += MAX_SLICE) {
      if (from > 0) await yieldToEventLoop();
      await outputsReady(this.options, signal);
      this.take(batch.count <= MAX_SLICE ? batch : sliceEntryBatch(batch, from, from + MAX_SLICE));
    }
    this.finishStep(signal);
  }

  async settle(signal: AbortSignal): Promise<void> {
    await this.task;
    const { newest: head, range } = this;
    const isProvable = range !== undefined && head !== undefined && range.size <= head.treeSize;
    if (isProvable && range.size > (this.proven?.size ?? 0))
      this.run(this.proveSoFar(range.clone(), head, signal), signal);
    await this.task;
    this.finishStep(signal);
  }

  async skipTo(index: number, signal: AbortSignal): Promise<void> {
    this.epoch++;
    this.skipped += index - (this.entries.end ?? index);
    this.wanted = index;
    this.range = undefined;
    this.rewindTo = undefined;
    this.entries.restart(index);
    this.options.reports.restarted();
    this.finishStep(signal);
    await Promise.resolve();
  }

  private begin(index: number): void {
    this.wanted = this.origin = index;
    this.entries.restart(index);
    if (index === 0) this.range = new CompactRange();
  }

  private take(slice: EntryBatch): void {
    const hashes = this.entries.hand(slice);
    this.wanted = slice.firstIndex + slice.count;
    if (this.range !== undefined) this.judge(this.comparison.advance(this.range, hashes, 0, slice.count));
  }

  private accept(range: CompactRange, head: SignedTreeHead): void {
    this.proven = range;
    this.provenBy = head;
    this.skipped = 0;
    this.isRechecked = false;
    this.pause.reset();
    this.entries.window.dropBefore(range.size);
    this.options.reports.proven(range.size);
  }

  private judge(mismatch: RootMismatch | undefined): void {
    if (mismatch === undefined) return;
    const { heads } = this.comparison;
    const isWorthIt = this.proven !== undefined && this.entries.window.start <= this.proven.size;
    const hasEntries = this.proven !== undefined && this.proven.size < mismatch.computed.size;
    if (!this.isRechecked && isWorthIt && hasEntries) {
      for (const head of mismatch.heads) heads.add(head);
      this.recheck();
      return;
    }
    const [head] = mismatch.heads;
    const tree = this.proven && { size: this.proven.size, root: this.proven.root() };
    this.options.reports.broken(rootMismatch(mismatch.computed, head, { tree, head: this.provenBy }));
    this.lose();
  }

  /** Everything since the last proof once more, from the log. */
  private recheck(): void {
    this.epoch++;
    this.isRechecked = true;
    this.range = undefined;
    this.rewindTo = this.proven?.size;
  }

  private lose(): void {
    this.epoch++;
    this.range = undefined;
    this.rewindTo = undefined;
    this.pause.grow(this.options.clock.now());
  }

  private finishStep(signal: AbortSignal): void {
    this.pursue(signal);
    if (this.rewindTo !== undefined && this.proven !== undefined) {
      this.wanted = this.rewindTo;
      this.range = this.proven.clone();
      this.rewindTo = undefined;
      this.judge(this.comparison.check(this.range));
    } else if (this.range === undefined) this.wanted = this.entries.end;
    this.save();
  }

  /** A newer head of the same tree is not worth a write. */
  private save(): void {
    const state = this.state();
    const step = [state.next, state.verified?.size, state.head?.treeSize].join(' ');
    if (step === this.savedStep) return;
    this.savedStep = step;
    this.options.save(state);
  }

  private state(): LogState {
    const { proven, range } = this;
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
    if (head === undefined || this.task !== undefined || !this.pause.isOver(this.options.clock.now())) return;
    if (range === undefined) {
      if (this.rewindTo === undefined) this.run(this.regain(head, signal), signal);
      return;
    }
    const unproven = range.size - (this.proven?.size ?? this.origin ?? 0);
    const { proofInterval = PROOF_INTERVAL } = this.options;
    if (unproven >= proofInterval && range.size < head.treeSize)
      this.run(this.proveSoFar(range.clone(), head, signal), signal);
  }

  private run(work: Promise<void>, signal: AbortSignal): void {
    const failed = (error: unknown): void => {
      if (signal.aborted) return;
      const asked = error instanceof CtHttpStatusError ? error.retryAfterMs : undefined;
      this.pause.grow(this.options.clock.now(), asked);
      this.options.reports.proofFailed(error);
    };
    this.task = work.catch(failed).finally(() => (this.task = undefined));
  }

  /** Far behind the head: the entries so far are those with which its tree begins. */
  private async proveSoFar(range: CompactRange, head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    const { epoch } = this;
    const tree = { size: range.size, root: range.root() };
    const isPart = await this.proofs.isPartOf(tree, head, signal);
    if (epoch !== this.epoch || (this.proven?.size ?? 0) >= tree.size) return;
    if (isPart) this.accept(range, head);
    else this.judge({ computed: tree, heads: [head] });
  }

  /** Finds back to what the log signed, from the last proven tree on or, if too much was streamed since, behind it. */
  private async regain(head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    const { epoch, proven } = this;
    const base = this.entries.window.start;
    if ((proven?.size ?? 0) > head.treeSize) return;
    const contradicted = await this.proofs.contradicted(this.trusted(), head, signal);
    if (epoch !== this.epoch) return;
    if (contradicted !== undefined) return this.forked(contradicted, head);
    this.saved = undefined;
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

  /** The trees that the newest one has to begin with. */
  private trusted(): TreeRoot[] {
    const { proven, saved } = this;
    const trees = proven === undefined ? [] : [{ size: proven.size, root: proven.root() }];
    return saved === undefined ? trees : [...trees, { size: saved.treeSize, root: saved.rootHash }];
  }

  private resume(range: CompactRange, head: SignedTreeHead): void {
    const unproven = range.size - (this.proven?.size ?? this.origin ?? range.size) - this.skipped;
    this.options.stats.unverifiedEntries += Math.max(0, unproven);
    this.accept(range.clone(), head);
    this.range = range;
    this.judge(
      this.entries.window.replay((hashes, count) => this.comparison.advance(range, hashes, 0, count)),
    );
  }

  private forked(tree: TreeRoot, head: SignedTreeHead): void {
    const other = [this.provenBy, this.saved].find((known) => known?.treeSize === tree.size);
    this.options.reports.broken(forkedTree(tree, head, other));
    this.pause.grow(this.options.clock.now());
  }
}
