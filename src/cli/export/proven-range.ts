import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import { ExtraDataCheck, withoutMismatches } from '../../certificate/precertificate/extra-data-check.js';
import type { CtLogClient, SignedTreeHead } from '../../ct-log/client/ct-log-client.js';
import { CtMalformedError } from '../../ct-log/client/ct-log-error.js';
import type { CompactRange } from '../../ct-log/client/merkle/compact-range.js';
import { leafHashes } from '../../ct-log/client/merkle/leaf-hashes.js';
import type { EntryDelivery } from '../../ct-log/verification/entry-delivery.js';
import { TreeProofs } from '../../ct-log/verification/tree-proofs.js';

/** Limits of the entries that wait for their proof. One proof suffices for all of them. */
const MAX_HELD_ENTRIES = 4096;
const MAX_HELD_BYTES = 16 * 1024 * 1024;
/** Maximum number of proofs to find the wrong entries of one page. */
const MAX_PROOFS = 64;

/** Entries of a log: `from` (inclusive) to `to` (exclusive). */
export interface EntryRange {
  readonly from: number;
  readonly to: number;
}

/** Entries that could not be exported, and why. */
export interface MissingRange extends EntryRange {
  readonly reason: string;
}

export interface ProvenRangeOptions {
  readonly client: CtLogClient;
  /** A head that covers the range. */
  readonly head: SignedTreeHead;
  /** Whether entries are compared with the tree of `head`. */
  readonly verify: boolean;
  /** Takes proven entries in the order of their indices. The next call follows when the promise resolves. */
  readonly write: (batch: EntryBatch) => Promise<void>;
  readonly addMissing: (range: MissingRange) => void;
}

/**
 * ProvenRange takes the entries of a range in the order of their indices and passes them on when a consistency proof shows that the
 * signed tree contains them. Entries that differ from the signed tree are fetched once more, because they may have been damaged in
 * transit. Those that still differ are found by proofs for parts of their page, and are missing.
 */
export class ProvenRange implements Omit<EntryDelivery, 'onHead'> {
  /** Entries whose precertificate or chain did not match their leaf. These parts are left out. */
  mismatched = 0;
  private readonly proofs: TreeProofs;
  private readonly extraData = new ExtraDataCheck();
  /** All entries of the range before this index were passed on or are missing. */
  private next: number;
  /** The entries from {@link next} on that wait for their proof. */
  private held: EntryBatch[] = [];
  /** The tree of all entries before {@link next}; undefined while it is unknown. */
  private before: CompactRange | undefined;
  /** The entries before this index are fetched once more. Each of their pages is proven alone. */
  private refetchedTo = 0;
  /** Index of the page that was fetched once more because of its extra data. */
  private suspect = -1;

  constructor(
    private readonly options: ProvenRangeOptions,
    private readonly range: EntryRange,
  ) {
    this.proofs = new TreeProofs(options.client);
    this.next = range.from;
  }

  /** Index of the entry to fetch next. It decreases when entries are fetched once more. */
  get wantedIndex(): number {
    const last = this.held.at(-1);
    return last === undefined ? this.next : last.firstIndex + last.count;
  }

  /** The entries that were not yet passed on and are not missing. */
  get rest(): EntryRange {
    return { from: this.next, to: this.range.to };
  }

  /** Whether {@link prove} must be called before the next {@link deliver}. */
  get mustProve(): boolean {
    const { held, wantedIndex } = this;
    if (held.length === 0) return false;
    if (wantedIndex >= this.range.to || this.next < this.refetchedTo || !this.options.verify) return true;
    if (wantedIndex - this.next >= MAX_HELD_ENTRIES) return true;
    return held.reduce((sum, batch) => sum + memoryOf(batch), 0) >= MAX_HELD_BYTES;
  }

  /** Takes entries that begin at {@link wantedIndex}. */
  deliver(batch: EntryBatch): Promise<void> {
    const mismatches = this.options.verify ? this.extraData.run(batch) : [];
    if (mismatches.length > 0 && this.suspect !== batch.firstIndex) {
      this.suspect = batch.firstIndex;
      return Promise.resolve();
    }
    this.mismatched += mismatches.length;
    this.held.push(withoutMismatches(batch, mismatches));
    return Promise.resolve();
  }

  /**
   * Proves the held entries and passes them on. If they differ from the signed tree, they are fetched once more, or those that
   * differ become missing.
   * @throws CtLogError when no proof is available; what `write` throws.
   */
  async prove(signal: AbortSignal): Promise<void> {
    if (this.held.length === 0) return;
    if (!this.options.verify) return this.release(this.wantedIndex, undefined);
    const after = await this.treeWith(this.held, signal);
    if (after !== undefined) return this.release(after.size, after);
    if (this.next >= this.refetchedTo) {
      this.refetchedTo = this.wantedIndex;
      this.held = [];
      return;
    }
    await this.proveParts(this.held[0], { proofs: MAX_PROOFS }, signal);
  }

  async flushBeforeGap(signal: AbortSignal): Promise<void> {
    await this.prove(signal);
  }

  skipTo(index: number): Promise<void> {
    this.pass(Math.min(index, this.range.to), undefined);
    return Promise.resolve();
  }

  /** Divides a page that is not part of the signed tree until its wrong entries are found. */
  private async proveParts(page: EntryBatch, left: { proofs: number }, signal: AbortSignal): Promise<void> {
    const { count } = page;
    if (count === 1 || left.proofs <= 0) return this.miss(page);
    const middle = count >> 1;
    for (const part of [sliceEntryBatch(page, 0, middle), sliceEntryBatch(page, middle, count)]) {
      left.proofs--;
      const after = await this.treeWith([part], signal).catch((error: unknown) => {
        // After a wrong entry, the log may serve no usable tree until the next page.
        if (error instanceof CtMalformedError) return undefined;
        throw error;
      });
      if (after === undefined) await this.proveParts(part, left, signal);
      else await this.release(after.size, after);
    }
  }

  /** Returns the tree after `batches`, which begin at {@link next}; undefined if the signed tree does not begin with it. */
  private async treeWith(
    batches: readonly EntryBatch[],
    signal: AbortSignal,
  ): Promise<CompactRange | undefined> {
    const { head } = this.options;
    this.before ??= await this.proofs.rangeOf(this.next, head, signal);
    const tree = this.before.clone();
    for (const batch of batches) tree.append(leafHashes(batch));
    const isPart = await this.proofs.isPartOf({ size: tree.size, root: tree.root() }, head, signal);
    return isPart ? tree : undefined;
  }

  /** Passes on the held entries before `end`. */
  private async release(end: number, after: CompactRange | undefined): Promise<void> {
    for (const batch of this.held) {
      const piece = sliceEntryBatch(batch, this.next - batch.firstIndex, end - batch.firstIndex);
      if (piece.count === 0) break;
      await this.options.write(piece);
      this.next = piece.firstIndex + piece.count;
    }
    this.pass(end, after);
  }

  private miss({ firstIndex, count }: EntryBatch): void {
    const to = firstIndex + count;
    this.options.addMissing({ from: firstIndex, to, reason: 'the log serves other entries than it signed' });
    this.pass(to, undefined);
  }

  /** Continues at `index`. @param before the tree of all entries before it. */
  private pass(index: number, before: CompactRange | undefined): void {
    this.next = index;
    this.before = before;
    this.held = this.held.flatMap((batch) => {
      const rest = sliceEntryBatch(batch, index - batch.firstIndex, batch.count);
      return rest.count === 0 ? [] : [rest];
    });
  }
}
