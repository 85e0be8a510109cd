import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import { leafHashes } from '../client/merkle/leaf-hashes.js';
import { CtTreeMismatchError } from '../reporting/contradiction.js';
import { TreeProofs } from '../verification/tree-proofs.js';

/** LateEntryProof compares late entries with the signed tree, without the entries before and after them. */
export class LateEntryProof {
  private readonly proofs: TreeProofs;

  constructor(private readonly client: CtLogClient) {
    this.proofs = new TreeProofs(client);
  }

  /**
   * @param range compact range of [0, batch.firstIndex), if known; without it, or if it proves nothing, the log is asked for it.
   * @param head covers the batch.
   * @returns the compact range after the batch, proven.
   * @throws CtTreeMismatchError when the signed tree has other entries; the error of the request when a proof is unavailable.
   */
  async prove(
    batch: EntryBatch,
    range: readonly Buffer[] | undefined,
    head: SignedTreeHead,
    signal: AbortSignal,
  ): Promise<readonly Buffer[]> {
    const { firstIndex: first, count } = batch;
    // The known range proves nothing if the entries before the batch were streamed wrongly.
    const known = range && (await this.rangeAfter(batch, range, head, signal));
    if (known !== undefined) return known;
    const asked = await this.client.getCompactRange(first, head, signal);
    const proven = await this.rangeAfter(batch, asked, head, signal);
    if (proven !== undefined) return proven;
    throw new CtTreeMismatchError(
      `the signed tree of ${head.treeSize} entries does not contain the served entries ${first} to ${first + count}`,
    );
  }

  /** @returns the compact range after the batch; undefined when the tree of `head` does not begin with it. */
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
