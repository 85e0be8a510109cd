import { describe, expect, it } from 'vitest';
import { MerkleLog } from '../../../test/support/merkle-log.js';
import { CompactRange } from '../client/merkle/compact-range.js';
import { leafHashes } from '../client/merkle/leaf-hashes.js';
import { LateEntryProof } from './late-entry-proof.js';

const { signal } = new AbortController();

/** The compact range of the streamed entries before index 200. */
function streamed(client: MerkleLog, wrong: readonly number[] = []): Buffer[] {
  const range = new CompactRange();
  range.append(leafHashes(client.batch(0, 200, wrong)));
  return range.hashes();
}

describe(LateEntryProof.name, () => {
  const client = new MerkleLog(1000);
  const proof = new LateEntryProof(client);

  it('continues from the known range', async () => {
    const asked = client.proofs;
    const after = await proof.prove(client.batch(200, 300), streamed(client), client.head(), signal);
    expect(CompactRange.of(300, after).root()).toEqual(client.tree.root(300));
    expect(client.proofs - asked).toBe(1);
  });

  it('accepts right entries after a wrong streamed one', async () => {
    const after = await proof.prove(client.batch(200, 300), streamed(client, [77]), client.head(), signal);
    expect(CompactRange.of(300, after).root()).toEqual(client.tree.root(300));
  });

  it('rejects wrong entries after right and after wrong ones', async () => {
    for (const range of [streamed(client), streamed(client, [77]), undefined]) {
      const wrong = client.batch(200, 300, [250]);
      await expect(proof.prove(wrong, range, client.head(), signal)).rejects.toMatchObject({
        code: 'CT_TREE_MISMATCH',
      });
    }
  });
});
