import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import { leafHashes } from '../client/merkle/leaf-hashes.js';
import { CtTreeMismatchError } from '../reporting/contradiction.js';
import { TreeProofs } from '../verification/tree-proofs.js';

/** Compares late entries with the signed tree, without those before and after them. */
export class LateEntryProof {
  private readonly proofs: TreeProofs;

  constructor(private readonly client: CtLogClient) {
    this.proofs = new TreeProofs(client);
  }

  /**
   * @param range compact range of [0, batch.firstIndex) where it is known; else, or if it proves nothing, the log is asked.
   * @param head covers the batch.
   * @returns the compact range after the batch, proven.
   * @throws CtTreeMismatchError when these are not the entries of the signed tree; what the log answers when a proof
   * cannot be had.
   */
  async prove(
    batch: EntryBatch,
    range: readonly Buffer[] | undefined,
    head: SignedTreeHead,
    signal: AbortSignal,
  ): Promise<readonly Buffer[]> {
    const { firstIndex: first, count } = batch;
    // The entries before the batch may have been streamed wrongly, which shows only now.
    const known = range && (await this.rangeAfter(batch, range, head, signal));
    if (known !== undefined) return known;
    const asked = await this.client.getCompactRange(first, head, signal);
    const proven = await this.rangeAfter(batch, asked, head, signal);
    if (proven !== undefined) return proven;
    throw new CtTreeMismatchError(
      `the entries ${first} to ${first + count} are not those of the signed tree of ${head.treeSize} entries`,
    );
  }

  /** The compact range after the batch; undefined when the tree of `head` does not begin with it. */
  private async rangeAfter(
    batch: EntryBatch,
    range: readonly Buffer[],
    head: SignedTreeHead,
    signal: AbortSignal,
  ): Promise<readonly Buffer[] | undefined> {
    const tree = CompactRange.of(batch.firstIndex, range);
    tree.append(leafHashes(batch));
    const isPart = await this.proofs.isPartOf({ size: tree.size, root: tree.root() }, head, signal);
    return isPart ? tree.hashes() : undefined;
  }
}
