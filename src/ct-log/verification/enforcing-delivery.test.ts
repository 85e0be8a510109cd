import { describe, expect, it } from 'vitest';
import { deliverFrom } from '../../../test/support/delivery-harness.js';
import { MerkleLog } from '../../../test/support/merkle-log.js';
import { range } from '../../../test/support/tailer-harness.js';

const { signal } = new AbortController();

describe('verification: enforce', () => {
  it('streams nothing before it is proven, and proves a backlog whenever it holds enough', async () => {
    const client = new MerkleLog(2000);
    const { head, fetch, published, stats } = deliverFrom(client, { next: 10 }, 'enforce', 500);
    await head();
    await fetch(400);
    expect(published).toEqual([]);
    await fetch(600);
    expect(published).toEqual(range(10, 500));
    await fetch(2000);
    expect(published).toEqual(range(10, 2000));
    expect(stats.verifiedIndex).toBe(2000);
  });

  it('streams what it holds before it leaves a gap behind, or stays', async () => {
    const client = new MerkleLog(600);
    const { delivery, head, fetch, published, stats, state } = deliverFrom(client, { next: 0 }, 'enforce');
    await head();
    await fetch(50);
    client.failProofs = true;
    await expect(delivery.settle?.(signal)).rejects.toThrow('no proofs');
    client.failProofs = false;
    await delivery.settle?.(signal);
    expect(published).toEqual(range(0, 50));
    expect(state.saved).toMatchObject({ next: 50, verified: { size: 50 } });
    await delivery.skipTo(80, signal);
    await head();
    await fetch(600);
    expect(published).toEqual([...range(0, 50), ...range(80, 600)]);
    expect(stats.unverifiedEntries).toBe(0);
  });

  it('does not stream what contradicts, and everything once when it is right', async () => {
    const client = new MerkleLog(100);
    const { head, fetch, published, stats, delivery } = deliverFrom(client, { next: 0 }, 'enforce');
    await head();
    await expect(fetch(100, [50])).rejects.toMatchObject({ code: 'CT_TREE_MISMATCH' });
    expect([published, delivery.next, stats.verification]).toEqual([[], 0, 'broken']);
    client.grow(1);
    await head();
    await fetch(101);
    expect(published).toEqual(range(0, 101));
    expect(stats.verification).toBe('verified');
  });

  it('does not begin without a proof', async () => {
    const client = new MerkleLog(100);
    client.failProofs = true;
    const { delivery, fetch, published } = deliverFrom(client, { next: 40 }, 'enforce');
    await expect(delivery.onHead(client.head(), signal)).rejects.toThrow('no proofs');
    await expect(fetch(100)).rejects.toMatchObject({ code: 'CT_TREE_MISMATCH' });
    expect(published).toEqual([]);
  });
});
