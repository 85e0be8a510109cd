import { describe, expect, it } from 'vitest';
import { copyEntryBatch, isContinuedBy, joinEntryBatches } from './entry-batch-join.js';
import { sliceEntryBatch } from './entry-batch-builder.js';
import { decodeEntryBatch, encodeEntryBatch } from './entry-batch-codec.js';
import { type EntryBatch, ENTRY_COLUMNS, EntryColumn } from './entry-batch.js';
import { IssuerMap } from './issuer-map.js';
import { batchOf } from './testing/log-entries.js';

const FINGERPRINTS = ['a', 'b'].map((letter) => letter.repeat(32));

function batch(firstIndex: number, count: number, type: 'rfc6962' | 'tiled' = 'rfc6962'): EntryBatch {
  const entries = Array.from({ length: count }, (_, i) => ({
    timestamp: firstIndex + i,
    submitted: Buffer.from(`certificate ${firstIndex + i}`),
    ...(i % 2 === 1 && { tbs: Buffer.from(`tbs ${firstIndex + i}`) }),
    chain: type === 'tiled' ? Buffer.from(FINGERPRINTS[firstIndex % 2]) : Buffer.from('\0\0\x03abc'),
  }));
  const issuers = new IssuerMap(
    new Map([[FINGERPRINTS[firstIndex % 2], Buffer.from(`issuer ${firstIndex % 2}`)]]),
  );
  return batchOf(entries, { firstIndex, type, seen: firstIndex, ...(type === 'tiled' && { issuers }) });
}

/** Returns the parts of each entry as texts. */
function partsOf({ bytes, table, count, timestamps }: EntryBatch): string[][] {
  const columns = [EntryColumn.CertificateStart, EntryColumn.SubmittedStart, EntryColumn.ChainStart];
  return Array.from({ length: count }, (_, i) => [
    String(timestamps[i]),
    ...columns.map((column) => {
      const at = i * ENTRY_COLUMNS + column;
      return bytes.toString('latin1', table[at], table[at + 1]);
    }),
  ]);
}

describe(joinEntryBatches, () => {
  it.each(['rfc6962', 'tiled'] as const)(
    'joins batches, whose entries and issuers stay the same (%s)',
    (type) => {
      const parts = [batch(0, 3, type), batch(3, 1, type), batch(4, 2, type)];
      const joined = joinEntryBatches(parts.map(copyEntryBatch));
      expect(partsOf(joined)).toEqual(parts.flatMap(partsOf));
      expect(joined).toMatchObject({ firstIndex: 0, count: 6, seen: 4 });
      const decoded = decodeEntryBatch(encodeEntryBatch(joined));
      expect(partsOf(decoded)).toEqual(partsOf(joined));
      if (type === 'tiled')
        expect(FINGERPRINTS.map((key) => decoded.issuers.get(key)?.toString())).toEqual([
          'issuer 0',
          'issuer 1',
        ]);
    },
  );

  it('keeps entries whose parts could not be located', () => {
    const malformed = batch(3, 1);
    malformed.table.fill(0);
    malformed.table[EntryColumn.Problem] = 1;
    const joined = joinEntryBatches([batch(0, 3), malformed].map(copyEntryBatch));
    expect([...joined.table.subarray(3 * ENTRY_COLUMNS)]).toEqual([...malformed.table]);
    expect(decodeEntryBatch(encodeEntryBatch(joined)).count).toBe(4);
  });
});

describe(isContinuedBy, () => {
  it('is true for the next entries of the same log and kind only', () => {
    const first = batch(0, 3);
    expect(isContinuedBy(first, batch(3, 1))).toBe(true);
    expect(isContinuedBy(first, batch(4, 1))).toBe(false);
    expect(isContinuedBy(first, batch(3, 1, 'tiled'))).toBe(false);
    expect(isContinuedBy(first, { ...batch(3, 1), verification: 'verified' })).toBe(false);
  });
});

describe(copyEntryBatch, () => {
  it('holds nothing but the octets of its entries', () => {
    const whole = batch(0, 100);
    const copy = copyEntryBatch(sliceEntryBatch(whole, 10, 11));
    expect(partsOf(copy)).toEqual(partsOf(whole).slice(10, 11));
    expect(copy.bytes.length).toBeLessThan(100);
  });
});
