import { describe, expect, it } from 'vitest';
import { EntryBatchBuilder } from './entry-batch-builder.js';
import { MAX_RECORD_BYTES, MAX_RECORD_ENTRIES, recordsOf } from './entry-batch-records.js';
import { type EntryBatch, EntryColumn, type EntryEncoding } from './entry-batch.js';
import { pageBatch, precertEntry } from './precertificate/testing/precertificate-samples.js';

const source = { name: 'Log', url: 'https://log.example', operator: 'Op', type: 'rfc6962' } as const;
const KIB = 1024;

/** Makes consecutive entries. A chain of `chain` octets precedes all entries of a page or follows each entry of a data tile. */
function batchOf(encoding: EntryEncoding, leaves: readonly number[], chain = 0): EntryBatch {
  const builder = new EntryBatchBuilder(encoding, leaves.length);
  let at = encoding === 'get-entries' ? chain : 0;
  for (const size of leaves) {
    const row = builder.add(1);
    builder.table[row + EntryColumn.TimestampedEntryStart] = at;
    builder.table[row + EntryColumn.TimestampedEntryEnd] = at += size;
    builder.table[row + EntryColumn.ChainStart] = encoding === 'get-entries' ? 0 : at;
    builder.table[row + EntryColumn.ChainEnd] = encoding === 'get-entries' ? chain : (at += chain);
  }
  return builder.build({ source, firstIndex: 100, bytes: Buffer.alloc(at), seen: 1 });
}

function countsOf(batch: EntryBatch): number[] {
  const records = recordsOf(batch);
  let next = batch.firstIndex;
  for (const { firstIndex, count, bytes } of records) {
    expect(firstIndex).toBe(next);
    expect(bytes === batch.bytes).toBe(true);
    next += count;
  }
  expect(next).toBe(batch.firstIndex + batch.count);
  return records.map(({ count }) => count);
}

describe(recordsOf.name, () => {
  it('returns a small batch unchanged', () => {
    for (const batch of [
      pageBatch([precertEntry()]),
      batchOf('get-entries', []),
      batchOf(
        'data-tile',
        Array.from({ length: MAX_RECORD_ENTRIES }, () => 2 * KIB),
      ),
      // Most of the memory belongs to entries outside of the batch.
      { ...batchOf('get-entries', [5, 5]), bytes: Buffer.alloc(2 * MAX_RECORD_BYTES) },
    ]) {
      const records = recordsOf(batch);
      expect(records).toHaveLength(1);
      expect(records[0] === batch).toBe(true);
    }
  });

  it('cuts after 256 entries', () => {
    const leaves = Array.from({ length: 2 * MAX_RECORD_ENTRIES + 1 }, () => 1);
    expect(countsOf(batchOf('get-entries', leaves))).toEqual([MAX_RECORD_ENTRIES, MAX_RECORD_ENTRIES, 1]);
  });

  it('cuts before 512 KiB are exceeded and makes a larger entry a part of its own', () => {
    const sizes = [200, 312, 1, 600, 512, 513, 3].map((size) => size * KIB);
    expect(countsOf(batchOf('data-tile', sizes))).toEqual([2, 1, 1, 1, 1, 1]);
  });

  it('counts a shared chain once per part, and chains of tiles once per entry', () => {
    const leaves = Array.from({ length: 6 }, () => 100 * KIB);
    expect(countsOf(batchOf('get-entries', leaves, 200 * KIB))).toEqual([3, 3]);
    expect(countsOf(batchOf('data-tile', leaves, 100 * KIB))).toEqual([2, 2, 2]);
  });

  it('counts the precertificate, which is outside of the leaf', () => {
    const entry = precertEntry({ precertificate: Buffer.alloc(200 * KIB) });
    expect(countsOf(pageBatch([entry, entry, entry, entry]))).toEqual([2, 2]);
  });
});
