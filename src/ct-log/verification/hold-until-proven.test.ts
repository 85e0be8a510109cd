import { describe, expect, it } from 'vitest';
import { formatStateFile, parseStateFile } from '../state/state-file.js';
import { flightShare } from '../../../test/support/flight-share.js';
import type { CtTreeMismatchError } from '../reporting/contradiction.js';
import { deliverFrom } from '../../../test/support/delivery-harness.js';
import { MerkleLog } from '../../../test/support/merkle-log.js';
import { range } from '../../../test/support/range.js';

const { signal } = new AbortController();

describe('verification: enforce', () => {
  it('streams no unproven entries, and requests a proof whenever it holds enough of a backlog', async () => {
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

  it('proves and streams the held entries before a gap, or fails', async () => {
    const client = new MerkleLog(600);
    const { delivery, head, fetch, published, stats, state } = deliverFrom(client, { next: 0 }, 'enforce');
    await head();
    await fetch(50);
    client.failProofs = true;
    await expect(delivery.flushBeforeGap?.(signal)).rejects.toThrow('no proofs');
    client.failProofs = false;
    await delivery.flushBeforeGap?.(signal);
    expect(published).toEqual(range(0, 50));
    expect(state.saved).toMatchObject({ next: 50, verified: { size: 50 } });
    await delivery.skipTo(80, signal);
    await head();
    await fetch(600);
    expect(published).toEqual([...range(0, 50), ...range(80, 600)]);
    expect(stats.unverifiedEntries).toBe(0);
  });

  it('saves a valid state if it skips the first entries of a log that another mode began', async () => {
    const client = new MerkleLog(600);
    const { delivery, head, state } = deliverFrom(client, { next: 0, range: [] }, 'enforce');
    await head();
    await delivery.skipTo(256, signal);
    const saved = { ...state.saved, asOf: 0, gaps: [] };
    const text = formatStateFile({ logs: new Map([['log', saved]]), indexFiles: [] }, 0);
    expect(parseStateFile('state.json', text).logs.get('log')).toMatchObject({ next: 256 });
  });

  it('does not stream contradicting entries, and streams all entries once when they are right', async () => {
    const client = new MerkleLog(100);
    const { head, fetch, published, stats, delivery } = deliverFrom(client, { next: 0 }, 'enforce');
    await head();
    await expect(fetch(100, [50])).rejects.toMatchObject({ code: 'CT_TREE_MISMATCH' });
    expect([published, delivery.wantedIndex, stats.verification]).toEqual([[], 0, 'broken']);
    client.grow(1);
    await head();
    await fetch(101);
    expect(published).toEqual(range(0, 101));
    expect(stats.verification).toBe('verified');
  });

  it('holds no more entries than fit into the budget of all logs', async () => {
    const client = new MerkleLog(2000);
    const budget = flightShare({ entries: 1000, bytes: 1e9 });
    const { head, fetch, published, delivery } = deliverFrom(client, { next: 0 }, 'enforce', 2000, budget);
    await head();
    await fetch(300);
    expect([published.length, budget.used.entries]).toEqual([0, 300]);
    const others = budget.tryAcquire({ entries: 200, bytes: 0 });
    await fetch(400);
    expect([published.length, budget.used.entries]).toEqual([400, 200]);
    const more = budget.take({ entries: 300, bytes: 0 }, 'live');
    client.failProofs = true;
    await expect(fetch(500)).rejects.toThrow('no proofs');
    expect([delivery.wantedIndex, published.length, budget.used.entries]).toEqual([400, 400, 500]);
    client.failProofs = false;
    others?.release();
    more.release();
    await fetch(700);
    expect([published.length, budget.used.entries]).toEqual([400, 300]);
    await fetch(2000);
    expect([published, budget.used.entries]).toEqual([range(0, 2000), 0]);
  });

  it('releases the room of held entries when it is closed', async () => {
    const client = new MerkleLog(300);
    const budget = flightShare({ entries: 1000, bytes: 1e9 });
    const { head, fetch, delivery } = deliverFrom(client, { next: 0 }, 'enforce', 512, budget);
    await head();
    await fetch(200);
    expect(budget.used.entries).toBe(200);
    delivery.close?.();
    expect(budget.used).toEqual({ entries: 0, bytes: 0 });
  });

  it('requests growing pauses for a wrong range of many batches', async () => {
    const client = new MerkleLog(400);
    const { head, fetch } = deliverFrom(client, { next: 0 }, 'enforce');
    const pauses: unknown[] = [];
    for (let i = 0; i < 8; i++) {
      await head();
      const error = await fetch(400, [50]).catch((reason: unknown) => reason as CtTreeMismatchError);
      pauses.push(error?.retryAfterMs);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000));
  });

  it('still requests proofs with the newest head after entries contradicted a smaller head', async () => {
    const client = new MerkleLog(2000);
    const { delivery, head, fetch, published, stats } = deliverFrom(client, { next: 0 }, 'enforce', 500);
    await delivery.onHead({ ...client.head(600), rootHash: Buffer.alloc(32, 7) }, signal);
    await head();
    await expect(fetch(2000)).rejects.toMatchObject({ code: 'CT_TREE_MISMATCH', retryAfterMs: 1000 });
    expect(stats.verifiedIndex).toBe(500);
    await fetch(2000);
    expect(published).toEqual(range(0, 2000));
    expect(stats.verification).toBe('verified');
  });

  it('continues after a gap if the first signed tree was wrong and a later one was proven', async () => {
    const client = new MerkleLog(1500);
    const { delivery, head, fetch, published, stats } = deliverFrom(client, { next: 0 }, 'enforce');
    await delivery.onHead({ ...client.head(100), rootHash: Buffer.alloc(32, 7) }, signal);
    await head(1000);
    await expect(fetch(1000)).rejects.toMatchObject({ code: 'CT_TREE_MISMATCH' });
    await fetch(1000);
    expect([stats.verification, stats.verificationFailures]).toEqual(['verified', 1]);
    await delivery.flushBeforeGap?.(signal);
    await delivery.skipTo(1100, signal);
    await head();
    await fetch(1500);
    expect(published).toEqual([...range(0, 1000), ...range(1100, 1500)]);
    expect([stats.verification, stats.verificationFailures]).toEqual(['verified', 1]);
  });

  it('does not stream before the first proof', async () => {
    const client = new MerkleLog(100);
    client.failProofs = true;
    const { delivery, fetch, published } = deliverFrom(client, { next: 40 }, 'enforce');
    await expect(delivery.onHead(client.head(), signal)).rejects.toThrow('no proofs');
    await expect(fetch(100)).rejects.toMatchObject({ code: 'CT_TREE_MISMATCH' });
    expect(published).toEqual([]);
  });
});
