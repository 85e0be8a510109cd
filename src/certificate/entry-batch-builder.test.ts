import { describe, expect, it } from 'vitest';
import { EntryBatchBuilder, sliceEntryBatch } from './entry-batch-builder.js';
import { ENTRY_COLUMNS, EntryColumn, type LogSource } from './entry-batch.js';

const source: LogSource = { name: 'Log', url: 'https://log.example', operator: 'Op', type: 'rfc6962' };

function batchOf(count: number, capacity: number) {
  const builder = new EntryBatchBuilder('data-tile', capacity);
  for (let i = 0; i < count; i++) {
    const row = builder.add(1000 + i);
    builder.table[row + EntryColumn.CertificateStart] = i;
  }
  return builder.build({ source, firstIndex: 50, bytes: Buffer.alloc(0), seen: 5 });
}

describe(EntryBatchBuilder.name, () => {
  it('keeps every row when it outgrows the expected capacity', () => {
    const batch = batchOf(37, 2);
    expect(batch.count).toBe(37);
    expect(batch.table).toHaveLength(37 * ENTRY_COLUMNS);
    for (let i = 0; i < 37; i++) {
      expect(batch.table[i * ENTRY_COLUMNS + EntryColumn.CertificateStart]).toBe(i);
      expect(batch.timestamps[i]).toBe(1000 + i);
    }
  });

  it('accepts a capacity of zero', () => {
    expect(batchOf(3, 0).count).toBe(3);
    expect(batchOf(0, 0).count).toBe(0);
  });
});

describe(sliceEntryBatch.name, () => {
  it('shifts the first index and shares the memory', () => {
    const batch = batchOf(10, 16);
    const slice = sliceEntryBatch(batch, 3, 7);
    expect(slice).toMatchObject({ firstIndex: 53, count: 4, seen: 5, source, encoding: 'data-tile' });
    expect([...slice.timestamps]).toEqual([1003, 1004, 1005, 1006]);
    expect(slice.table.buffer).toBe(batch.table.buffer);
    expect(slice.table[EntryColumn.CertificateStart]).toBe(3);
    expect(sliceEntryBatch(slice, 1, 2).firstIndex).toBe(54);
  });

  it('clamps to the batch', () => {
    const batch = batchOf(4, 4);
    expect(sliceEntryBatch(batch, 2, 99)).toMatchObject({ firstIndex: 52, count: 2 });
    expect(sliceEntryBatch(batch, 9, 99).count).toBe(0);
  });
});
