import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { deliverFrom } from '../../../test/support/delivery-harness.js';
import { MerkleLog } from '../../../test/support/merkle-log.js';
import { range } from '../../../test/support/range.js';

const { signal } = new AbortController();

describe.each(['warn', 'enforce'] as const)('verification: %s', (mode) => {
  it('begins at the head, proves every signed size, and continues from the saved state without a proof', async () => {
    const client = new MerkleLog(1000);
    const first = deliverFrom(client, {}, mode);
    await first.head();
    expect(first.stats).toMatchObject({ verification: 'verified', verifiedIndex: 1000, nextIndex: 1000 });
    client.grow(250);
    await first.head(1100);
    await first.head(1250);
    await first.fetch(1250);
    expect(first.stats.verifiedIndex).toBe(1250);
    expect(first.published).toEqual(range(1000, 1250));
    const asked = client.proofs;
    client.grow(10);
    const second = deliverFrom(client, first.state.saved, mode);
    await second.head();
    await second.fetch(1260);
    expect(second.published).toEqual(range(1250, 1260));
    expect(second.stats).toMatchObject({
      verification: 'verified',
      verifiedIndex: 1260,
      unverifiedEntries: 0,
    });
    expect(client.proofs).toBe(asked);
  });

  it('finds a fork between two runs', async () => {
    const client = new MerkleLog(300);
    const first = deliverFrom(client, { next: 0 }, mode);
    await first.head();
    await first.fetch(300);
    expect(first.stats.verifiedIndex).toBe(300);
    const forked = new MerkleLog(0);
    forked.tree.append(Buffer.alloc(32, 9));
    forked.grow(349);
    const second = deliverFrom(forked, first.state.saved, mode);
    await second.head();
    await second.fetch(350).catch(() => undefined);
    await second.fetch(350).catch(() => undefined);
    expect(second.stats).toMatchObject({
      verification: 'broken',
      verifiedIndex: 300,
      verificationFailures: 1,
    });
    expect(second.published).toEqual(mode === 'enforce' ? [] : range(300, 350));
  });

  it('streams a backlog of 20,000 entries, each once, and keeps no more of them than allowed', async () => {
    const client = new MerkleLog(20_000);
    const run = deliverFrom(client, { next: 0 }, mode);
    const { head, fetch, stats, delivery, published } = run;
    await head();
    let unproven = 0;
    for (let end = 100; end <= 20_000; end += 100) {
      await fetch(end);
      unproven = Math.max(unproven, delivery.wantedIndex! - (stats.verifiedIndex ?? 0));
    }
    expect(published).toEqual(range(0, 20_000));
    expect(new Set(run.verifications)).toEqual(new Set([mode === 'enforce' ? 'verified' : 'unverified']));
    expect(stats).toMatchObject({ verification: 'verified', verifiedIndex: 20_000, unverifiedEntries: 0 });
    expect(unproven).toBeLessThanOrEqual(mode === 'enforce' ? 512 : 8192 + 100);
    expect(client.proofs).toBeLessThanOrEqual(mode === 'enforce' ? 20_000 / 400 : 3);
  });

  it('reports two roots for one size as an equivocation', async () => {
    const client = new MerkleLog(100);
    const { delivery, stats, head } = deliverFrom(client, { next: 0 }, mode);
    await head();
    const other = { ...client.head(), rootHash: Buffer.alloc(32, 7) };
    await delivery.onHead(other, signal);
    await delivery.onHead(other, signal);
    expect(stats.errors.get('CT_TREE_FORK')).toBe(1);
  });
});

describe('verification: warn', () => {
  it('streams exactly the wrong entries again', async () => {
    const client = new MerkleLog(0);
    const { head, fetch, published, kinds, stats, delivery } = deliverFrom(client);
    await head();
    client.grow(300);
    await head();
    await delivery.deliver(client.batch(0, 256, [7, 99]), signal);
    await delivery.deliver(client.batch(256, 300), signal);
    expect(delivery.wantedIndex).toBe(0);
    await fetch(300);
    expect(published).toEqual([...range(0, 300), 7, 99]);
    expect(kinds).toEqual([...range(0, 300).map(() => 'next'), 'again', 'again']);
    expect(stats).toMatchObject({ verification: 'verified', verifiedIndex: 300, correctedEntries: 2 });
    expect(stats.verificationFailures).toBe(0);
  });

  it('fetches entries from index 0 on once more if they were wrong before the first proof', async () => {
    const client = new MerkleLog(300);
    const { head, fetch, published, stats, delivery } = deliverFrom(client, { next: 0 });
    await head();
    await delivery.deliver(client.batch(0, 256, [7]), signal);
    await delivery.deliver(client.batch(256, 300), signal);
    expect([delivery.wantedIndex, delivery.streamedIndex]).toEqual([0, 300]);
    await fetch(300);
    expect(published).toEqual([...range(0, 300), 7]);
    expect(stats).toMatchObject({ verification: 'verified', verifiedIndex: 300, correctedEntries: 1 });
    expect(stats.verificationFailures).toBe(0);
  });

  it('continues to stream while the log stays wrong, and corrects the entries when it is right again', async () => {
    const client = new MerkleLog(0);
    const { head, fetch, published, verifications, stats, state } = deliverFrom(client, { next: 0 });
    client.grow(50);
    await head();
    await fetch(50, [20]);
    expect(stats).toMatchObject({ verification: 'broken', verificationFailures: 1, nextIndex: 50 });
    client.grow(50);
    await head();
    await fetch(100);
    expect(published.slice(0, 100)).toEqual(range(0, 100));
    state.time = 10_000;
    await head();
    client.grow(1);
    await head();
    await fetch(101);
    expect(stats).toMatchObject({ verification: 'verified', verifiedIndex: 101, correctedEntries: 1 });
    expect(published).toHaveLength(102);
    expect(published.filter((index) => index === 20)).toHaveLength(2);
    // The corrected entry is streamed before the proof that ends the contradiction.
    expect([49, 50, 99].map((i) => verifications[i])).toEqual(['unverified', 'failed', 'failed']);
  });

  it('streams without proofs, and proves the remembered entries when proofs become available', async () => {
    const client = new MerkleLog(5000);
    client.failProofs = true;
    const { head, fetch, stats, state, published } = deliverFrom(client, { next: 100 });
    await head();
    await fetch(3000);
    expect(published).toEqual(range(100, 3000));
    expect(stats).toMatchObject({ verification: 'starting', verifiedIndex: undefined });
    expect(stats.proofFailures).toBeGreaterThan(0);
    client.failProofs = false;
    state.time = 1e9;
    await head();
    await fetch(5000);
    expect(stats).toMatchObject({ verification: 'verified', verifiedIndex: 5000, unverifiedEntries: 0 });
  });

  it('does not accuse the log after a restart for entries that were about to be fetched again', async () => {
    const client = new MerkleLog(20_000);
    const { head, fetch, delivery, state } = deliverFrom(client, { next: 0 });
    await head(100);
    await fetch(100);
    await head();
    await fetch(8200, [150]);
    await delivery.deliver(client.batch(8200, 8300), signal);
    await nextTurn();
    await head();
    expect([delivery.wantedIndex, state.saved.next]).toEqual([100, 8300]);
    const second = deliverFrom(client, state.saved);
    await second.head();
    await second.fetch(20_000);
    await second.head();
    expect(second.stats).toMatchObject({ verification: 'verified', verificationFailures: 0 });
    expect(second.stats.unverifiedEntries).toBe(8200);
  });

  it('counts the entries that it could not remember', async () => {
    const client = new MerkleLog(40_000);
    client.failProofs = true;
    const { head, fetch, stats, state } = deliverFrom(client, { next: 1 });
    await head();
    await fetch(40_000);
    client.failProofs = false;
    state.time = 1e9;
    await head();
    expect(stats).toMatchObject({ verification: 'verified', verifiedIndex: 40_000 });
    expect(stats.unverifiedEntries).toBeGreaterThan(30_000);
  });

  it('does not stream entries again that follow a gap found during a repeated fetch', async () => {
    const client = new MerkleLog(400);
    const { delivery, head, fetch, stats, published } = deliverFrom(client, { next: 0 });
    await head(10);
    await fetch(10);
    await head();
    await fetch(399);
    await delivery.deliver(client.batch(399, 400, [399]), signal);
    expect(delivery.wantedIndex).toBe(10);
    await delivery.flushBeforeGap?.(signal);
    await delivery.skipTo(256, signal);
    expect([delivery.wantedIndex, stats.nextIndex]).toEqual([400, 400]);
    client.grow(50);
    await head();
    await fetch(450);
    expect(published).toEqual(range(0, 450));
    expect(stats).toMatchObject({ verification: 'verified', verifiedIndex: 450, unverifiedEntries: 390 });
  });

  it('proves the entries before a gap, and keeps the compact range for late entries', async () => {
    const client = new MerkleLog(600);
    const { delivery, head, fetch, stats, state } = deliverFrom(client, { next: 0 });
    await head();
    await fetch(50);
    await delivery.flushBeforeGap?.(signal);
    expect(stats.verifiedIndex).toBe(50);
    expect(state.saved.verified?.hashes).toEqual(await client.getCompactRange(50));
    await delivery.skipTo(80, signal);
    await head();
    await fetch(600);
    expect(stats).toMatchObject({ verification: 'verified', verifiedIndex: 600, unverifiedEntries: 0 });
  });

  it('fetches contradicting entries before a gap again', async () => {
    const client = new MerkleLog(600);
    const { delivery, head, fetch, published } = deliverFrom(client, { next: 0 });
    await head();
    await delivery.deliver(client.batch(0, 100), signal);
    await delivery.flushBeforeGap?.(signal);
    await delivery.deliver(client.batch(100, 200, [150]), signal);
    await delivery.flushBeforeGap?.(signal);
    expect(delivery.wantedIndex).toBe(100);
    await fetch(200);
    await delivery.flushBeforeGap?.(signal);
    expect(published).toEqual([...range(0, 200), 150]);
    expect(delivery.wantedIndex).toBe(200);
  });

  it('verifies again after a gap', async () => {
    const client = new MerkleLog(100);
    const { delivery, head, fetch, stats, published } = deliverFrom(client, { next: 0 });
    client.grow(500);
    await head();
    await fetch(50);
    await delivery.skipTo(80, signal);
    await nextTurn();
    await nextTurn();
    await fetch(600);
    await head();
    expect(published).toEqual([...range(0, 50), ...range(80, 600)]);
    expect(stats).toMatchObject({ verification: 'verified', verifiedIndex: 600 });
  });
});
