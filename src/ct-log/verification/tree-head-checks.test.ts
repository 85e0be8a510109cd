import { describe, expect, it } from 'vitest';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { PendingHeads } from './pending-heads.js';
import { isFromFuture, isStale, isTimeReversed, relateHeads } from './tree-head-checks.js';

const head = (treeSize: number, timestamp: number, root = 1): SignedTreeHead => ({
  treeSize,
  timestamp,
  rootHash: Buffer.alloc(32, root),
  signed: Buffer.alloc(0),
});

describe('relateHeads', () => {
  const known = head(100, 1000);
  it.each([
    ['newer', head(101, 1001)],
    ['newer', head(101, 999)],
    ['newer', head(100, 1001)],
    ['repeated', head(100, 1000)],
    ['repeated', head(100, 999)],
    ['repeated', head(99, 1000)],
    ['shrunken', head(99, 1001)],
    ['conflicting', head(100, 1001, 2)],
    ['conflicting', head(100, 999, 2)],
  ] as const)('%s: %o', (relation, other) => {
    expect(relateHeads(known, other)).toBe(relation);
  });

  it('recognises a clock that went back', () => {
    expect(
      [head(101, 999), head(101, 1000), head(99, 1)].map((other) => isTimeReversed(known, other)),
    ).toEqual([true, false, false]);
  });
});

describe('freshness', () => {
  const now = 10 * 86_400_000;
  it('allows the maximum merge delay and five minutes', () => {
    const limit = now - 86_400_000 - 300_000;
    expect([limit, limit - 1].map((time) => isStale(head(1, time), 86_400, now))).toEqual([false, true]);
    expect(isStale(head(1, 0), undefined, now)).toBe(false);
  });

  it('allows timestamps five minutes in the future', () => {
    expect([300_000, 300_001].map((ms) => isFromFuture(head(1, now + ms), now))).toEqual([false, true]);
  });
});

describe('PendingHeads', () => {
  it('keeps the smallest heads and the largest one', () => {
    const heads = new PendingHeads();
    for (let size = 1000; size > 0; size--) heads.add(head(size, size));
    for (let size = 1001; size <= 2000; size++) heads.add(head(size, size));
    expect(heads.nextSize).toBe(1);
    const kept: number[] = [];
    while (heads.nextSize < Infinity)
      kept.push(...heads.take(heads.nextSize).map(({ treeSize }) => treeSize));
    expect(kept).toHaveLength(32);
    expect(kept.at(-1)).toBe(2000);
  });

  it('keeps two heads of one size only if their roots differ', () => {
    const heads = new PendingHeads();
    for (const root of [1, 1, 2]) heads.add(head(5, 1, root));
    expect(heads.conflicting(head(5, 1, 3))).toBeDefined();
    expect(heads.take(5)).toHaveLength(2);
    expect(heads.conflicting(head(5, 1, 3))).toBeUndefined();
  });
});
