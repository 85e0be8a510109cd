import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { pauseAfter } from '../../kernel/backoff.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { leafHashes } from '../client/merkle/leaf-hashes.js';
import { type ContradictionError, CtTreeMismatchError } from '../reporting/contradiction.js';
import type { FlightShare } from '../scheduling/flight-share.js';
import type { EntryDelivery } from './entry-delivery.js';
import { HeldEntries } from './held-entries.js';
import type { VerifyingOptions } from './stream-now.js';
import { type ReleasePolicy, TreeVerifier } from './tree-verifier.js';

/** Pauses between two tries to fetch entries that contradict a signed head. */
const REFUSAL_PAUSES = { firstMs: 1000, longestMs: 60_000 };

export interface HoldUntilProvenOptions extends VerifyingOptions {
  /** Maximum number of entries that are held back. A larger batch is held without others. */
  readonly maxHeld: number;
  /** Bounds the entries that all logs together hold back, to half of it. No log waits for room in it. */
  readonly budget: FlightShare;
}

/**
 * HoldUntilProven (`verification: enforce`) streams only proven entries. It holds entries back until their tree reaches a signed
 * size and has the signed root. If the next signed size is far away, it requests a proof that the newest tree begins with their
 * tree. While a contradiction stays, every delivery fails and the tailer retries after growing pauses.
 */
export class HoldUntilProven implements EntryDelivery, ReleasePolicy {
  private readonly verifier: TreeVerifier;
  private readonly held: HeldEntries;
  /** Contradictions in a row. The tailer cannot count them, because it gets no error for most batches of a wrong range. */
  private refusals = 0;

  constructor(private readonly options: HoldUntilProvenOptions) {
    // A run in another mode may have streamed more than was proven.
    const start = { ...options.start, range: undefined };
    this.verifier = new TreeVerifier({ ...options, start }, this);
    this.held = new HeldEntries(options.budget);
  }

  get wantedIndex(): number | undefined {
    return this.verifier.range?.size ?? this.position;
  }

  get wantsEveryHead(): boolean {
    return this.options.status.verification !== 'verified';
  }

  /** @throws CtLogError while the log does not prove the tree at the position. */
  async onHead(head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    const { verifier, options } = this;
    verifier.addHead(head);
    if (this.position === undefined) {
      options.status.nextIndex = head.treeSize;
      verifier.beginAt(head.treeSize);
    }
    if (verifier.range === undefined) await this.begin(this.position ?? 0, head, signal);
    await this.conclude(verifier.check(), signal);
  }

  /** @throws CtTreeMismatchError, or the error of a request for a proof. */
  async deliver(fetched: EntryBatch, signal: AbortSignal): Promise<void> {
    await this.flush(signal);
    const { verifier, options } = this;
    const { range } = verifier;
    if (range === undefined) throw new CtTreeMismatchError('the log has not proven the start position yet');
    const batch = options.extraData.admit(fetched);
    if (batch.count === 0) return;
    const isFull = range.size + batch.count > (this.position ?? 0) + options.maxHeld;
    if (this.held.hasUnproven && isFull) {
      await this.proveHeld(signal);
      if (verifier.range !== range) return;
    }
    const isHeld = this.held.add(batch);
    await this.conclude(verifier.append(leafHashes(batch), batch.count), signal);
    if (!isHeld && verifier.range === range && this.held.hasUnproven) await this.proveOrDrop(signal);
  }

  /** @throws when the held entries cannot be proven: they must not be left before the gap. */
  async flushBeforeGap(signal: AbortSignal): Promise<void> {
    await this.flush(signal);
    if (this.verifier.range !== undefined && this.held.hasUnproven) await this.proveHeld(signal);
  }

  async skipTo(index: number, signal: AbortSignal): Promise<void> {
    await this.flush(signal);
    this.held.dropUnproven();
    this.verifier.skip(index - (this.position ?? index));
    this.options.status.nextIndex = index;
    this.verifier.save(index);
  }

  close(): void {
    this.held.dropUnproven();
  }

  onProven(size: number): void {
    this.held.prove(size);
    this.refusals = 0;
  }

  onRefetch(): boolean {
    this.held.dropUnproven();
    return true;
  }

  /** All entries before this index were published to every output. */
  private get position(): number | undefined {
    return this.options.status.nextIndex;
  }

  /** Fetches the tree at the position from the log and checks it. */
  private async begin(position: number, head: SignedTreeHead, signal: AbortSignal): Promise<void> {
    if (position > head.treeSize) return;
    const contradiction = await this.verifier.checkTrusted(head, signal);
    if (contradiction !== undefined) throw this.refusal(contradiction);
    this.verifier.resumeAt(await this.verifier.rangeAt(position, head, signal), head);
  }

  private async proveHeld(signal: AbortSignal): Promise<void> {
    const { newest, range } = this.verifier;
    if (newest === undefined || newest.treeSize < (range?.size ?? 0))
      throw new CtTreeMismatchError('there is no signed tree to compare the entries with');
    await this.conclude(await this.verifier.prove(newest, signal), signal);
  }

  /** Immediately proves the entries for which there is no room, or drops them so that they are fetched again. */
  private async proveOrDrop(signal: AbortSignal): Promise<void> {
    try {
      await this.proveHeld(signal);
    } catch (error) {
      this.goBack();
      throw error;
    }
  }

  private goBack(): void {
    this.held.dropUnproven();
    this.verifier.returnToProven();
  }

  /** Streams the proven entries and drops those that contradict a signed head. */
  private async conclude(contradiction: ContradictionError | undefined, signal: AbortSignal): Promise<void> {
    if (contradiction !== undefined) this.goBack();
    await this.flush(signal);
    if (contradiction === undefined) return;
    // No proof is requested for a contradicting head until the log repeats it. The head before it proved the last tree.
    if (contradiction.evidence.heads.at(-1) === this.verifier.newest) this.verifier.newest = undefined;
    throw this.refusal(contradiction);
  }

  private refusal(contradiction: ContradictionError): CtTreeMismatchError {
    const pauseMs = pauseAfter(++this.refusals, REFUSAL_PAUSES, () => 0);
    return new CtTreeMismatchError(contradiction.message, pauseMs, contradiction);
  }

  /** Publishes the proven entries, even when the tailer is being stopped. */
  private async flush(signal: AbortSignal): Promise<void> {
    const { publisher, status } = this.options;
    for (let batch = this.held.first; batch !== undefined; batch = this.held.first) {
      for await (const piece of publisher.pieces(batch, signal)) {
        publisher.publish(piece, 'next', 'verified');
        status.nextIndex = piece.firstIndex + piece.count;
        this.held.shift(piece.count);
      }
      if (this.held.first !== undefined) await yieldToEventLoop();
    }
    this.verifier.save(this.position);
  }
}
