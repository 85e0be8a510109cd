import { expect, it } from 'vitest';
import { MerkleLog } from '../../../test/support/merkle-log.js';
import { TreeProofs } from './tree-proofs.js';

const { signal } = new AbortController();

it('distinguishes a damaged proof from a fork by a second request', async () => {
  const client = new MerkleLog(1000);
  const answer = client.getConsistencyProof.bind(client);
  let damaged = 1;
  client.getConsistencyProof = async (first, second) => {
    const proof = await answer(first, second);
    return damaged-- > 0 ? proof.map((hash) => Buffer.alloc(hash.length)) : proof;
  };
  const proofs = new TreeProofs(client);
  const tree = { size: 600, root: client.tree.root(600) };
  expect(await proofs.contradicted([tree], client.head(), signal)).toBeUndefined();
  const wrong = { size: 600, root: Buffer.alloc(32) };
  expect(await proofs.contradicted([tree, wrong], client.head(), signal)).toBe(wrong);
});
