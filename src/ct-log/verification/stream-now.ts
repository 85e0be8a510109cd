import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { Clock } from '../../kernel/clock.js';
import { Backoff } from '../../kernel/backoff.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';
import type { ContradictionError } from '../reporting/contradiction.js';
import type { EntryDelivery } from './entry-delivery.js';
import type { EntryPublisher } from './entry-publisher.js';
import type { ExtraDataGuard } from './extra-data-guard.js';
import { StreamedEntries } from './streamed-entries.js';
import { type ReleasePolicy, TreeVerifier, type TreeVerifierOptions } from './tree-verifier.js';

/** A proof is requested after this many unproven entries, if the next signed size is not reached before. */
const PROOF_INTERVAL = 8192;
/** Pauses between requests for proofs after a failure. */
const PROOF_PAUSES = { firstMs: 1000, longestMs: 600_000 };

/** Options of the deliveries that verify entries. */
export interface VerifyingOptions extends TreeVerifierOptions {
  readonly publisher: EntryPublisher;
  readonly clock: Clock;
  /** Compares the extra data of entries with their leaf. */
  readonly extraData: Pick<ExtraDataGuard, 'admit'>;
}

/**
 * StreamNow (`verification: warn`) streams entries at once and then computes their Merkle tree. After a mismatch it fetches the
 * entries once more and streams the entries that have changed. If the contradiction stays, it streams unproven entries until the log
 * proves that its newest tree begins with the last proven one.
 *
 * Proofs are requested in the background, one at a time. Streaming does not wait for them.
 */
export class StreamNow implements EntryDelivery, ReleasePolicy {
  private readonly verifier: TreeVerifier;
  private readonly entries: StreamedEntries;
  private readonly proofPause: Backoff;
  /** The request for a proof under way. */
  private proof: Promise<void> | undefined;

  constructor(private readonly options: VerifyingOptions) {
    this.proofPause = new Backoff(PROOF_PAUSES, options.clock);
    this.verifier = new TreeVerifier(options, this);
    this.entries = new StreamedEntries(options.publisher, options.status);
  }

  get wantedIndex(): number | undefined {
    return this.verifier.range?.size ?? this.entries.end;
  }

  get streamedIndex(): number | undefined {
    return this.entries.end;
  }

  get wantsEveryHead(): boolean {
    return this.options.status.verification !== 'verified' || this.wantedIndex !== this.entries.end;
  }

  onHead(head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    this.verifier.addHead(head);
    if (this.entries.end === undefined) {
      this.verifier.beginAt(head.treeSize);
      this.entries.restart(head.treeSize);
    }
    this.pauseAfter(this.verifier.check());
    this.finishStep(signal);
    return Promise.resolve();
  }

  /** Publishes the batch, even when the tailer is being stopped. */
  async deliver(fetched: EntryBatch, signal: AbortSignal): Promise<void> {
    const batch = this.options.extraData.admit(fetched);
    for await (const piece of this.options.publisher.pieces(batch, signal)) {
      const hashes = this.entries.stream(piece);
      // After a contradiction, or while earlier entries are fetched again, the rest of the batch is only streamed.
      if (this.verifier.range?.size === piece.firstIndex)
        this.pauseAfter(this.verifier.append(hashes, piece.count));
    }
    this.finishStep(signal);
  }

  async flushBeforeGap(signal: AbortSignal): Promise<void> {
    await this.proof;
    const { newest, range, provenSize = 0 } = this.verifier;
    if (
      newest !== undefined &&
      range !== undefined &&
      provenSize < range.size &&
      range.size <= newest.treeSize
    )
      this.startProof(this.verifier.prove(newest, signal), signal);
    await this.proof;
    this.finishStep(signal);
  }

  skipTo(index: number, signal: AbortSignal): Promise<void> {
    const { end } = this.entries;
    // While entries are fetched again, entries after the gap may have been streamed already.
    const next = Math.max(index, end ?? index);
    this.verifier.skip(next - (end ?? next));
    this.entries.restart(next);
    this.finishStep(signal);
    return Promise.resolve();
  }

  onProven(size: number): void {
    this.proofPause.reset();
    this.entries.window.dropBefore(size);
  }

  onRefetch(size: number): boolean {
    return this.entries.window.start <= size;
  }

  private pauseAfter(contradiction: ContradictionError | undefined): void {
    if (contradiction !== undefined) this.proofPause.failed();
  }

  private finishStep(signal: AbortSignal): void {
    this.startDueProof(signal);
    this.verifier.save(this.entries.end);
  }

  private startDueProof(signal: AbortSignal): void {
    const { newest, range, unprovenCount } = this.verifier;
    const isDue = this.proof === undefined && this.proofPause.isOver;
    if (newest === undefined || !isDue) return;
    if (range === undefined) this.startProof(this.reverify(newest, signal), signal);
    else if (unprovenCount >= PROOF_INTERVAL && range.size < newest.treeSize)
      this.startProof(this.verifier.prove(newest, signal), signal);
  }

  private startProof(work: Promise<ContradictionError | undefined>, signal: AbortSignal): void {
    const failed = (error: unknown): void => {
      if (signal.aborted) return;
      const leastMs = error instanceof CtHttpStatusError ? error.retryAfterMs : undefined;
      this.proofPause.failed(leastMs);
      this.options.reporter.proofFailed(error);
    };
    const finished = work.then((contradiction) => this.pauseAfter(contradiction), failed);
    this.proof = finished.finally(() => (this.proof = undefined));
  }

  /** Continues from the last proven tree or, if too many entries were streamed since, from the start of the window. */
  private async reverify(head: SignedTreeHead, signal: AbortSignal): Promise<ContradictionError | undefined> {
    const { verifier } = this;
    const { window } = this.entries;
    const { start } = window;
    const { provenSize } = verifier;
    if ((provenSize ?? 0) > head.treeSize) return undefined;
    const contradiction = await verifier.checkTrusted(head, signal);
    if (contradiction !== undefined) return contradiction;
    verifier.forgetHeadsBelow(head.treeSize);
    if (provenSize !== undefined && window.start <= provenSize) return verifier.refetch();
    if (start > head.treeSize) return undefined;
    const range = await verifier.rangeAt(start, head, signal);
    if (start !== window.start) return undefined;
    verifier.resumeAt(range, head);
    return window.replay((hashes, count) => verifier.append(hashes, count));
  }
}
