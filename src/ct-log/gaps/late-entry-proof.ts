import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { CompactRange } from '../merkle/compact-range.js';
import { leafHashes } from '../merkle/leaf-hashes.js';
import { TreeProofs } from '../verification/tree-proofs.js';
import { CtTreeMismatchError } from '../verification/verification-error.js';

/** Holds entries that come late against what the log signed, without those before and behind them. */
export class LateEntryProof {
  private readonly proofs: TreeProofs;

  constructor(private readonly client: CtLogClient) {
    this.proofs = new TreeProofs(client);
  }

  /**
   * @param range compact range of [0, batch.firstIndex) where it is known; else the log is asked for it.
   * @param head covers the batch.
   * @returns the compact range behind the batch, proven.
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
    const hashes = range ?? (await this.client.getCompactRange(first, head, signal));
    const tree = CompactRange.of(first, hashes);
    tree.append(leafHashes(batch));
    if (!(await this.proofs.isPartOf({ size: tree.size, root: tree.root() }, head, signal))) {
      throw new CtTreeMismatchError(
        `the entries ${first} to ${first + count} are not those of the signed tree of ${head.treeSize} entries`,
      );
    }
    return tree.hashes();
  }
}
