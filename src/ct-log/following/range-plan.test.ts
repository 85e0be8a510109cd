import { describe, expect, it } from 'vitest';
import { fakeEntries } from '../../../test/support/fake-ct-log.js';
import type { EntryEncoding } from '../../certificate/entry-batch.js';
import { RangePlan } from './range-plan.js';

const ENTRY_BYTES = 8000;
const TREE_SIZE = 10_000;

/** Returns the estimate for an entry of a log, after many answers with `count` entries of pages or tiles of `pageSize`. */
function estimateAfter(encoding: EntryEncoding, pageSize: number, count: number, bytes: number): number {
  const plan = new RangePlan({
    client: { pageSize },
    maxBatch: 1000,
    rereadsPages: encoding === 'data-tile',
  });
  const batch = { ...fakeEntries(0, count), encoding, bytes: Buffer.alloc(bytes) };
  for (let i = 0; i < 100; i++) plan.observe(batch, TREE_SIZE);
  return plan.load(0, pageSize, TREE_SIZE).bytes / pageSize;
}

describe(RangePlan.name, () => {
  it.each([
    ['a part of a page, whose answer has these entries only', 'get-entries', 1000, 10, 10 * ENTRY_BYTES],
    ['a whole page', 'get-entries', 1000, 1000, 1000 * ENTRY_BYTES],
    ['a part of a data tile, which stays in memory as a whole', 'data-tile', 256, 10, 256 * ENTRY_BYTES],
  ] as const)('estimates the memory of an entry from %s', (_what, encoding, pageSize, count, bytes) => {
    expect(estimateAfter(encoding, pageSize, count, bytes)).toBeCloseTo(ENTRY_BYTES, 0);
  });
});
