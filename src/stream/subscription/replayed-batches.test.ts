import { describe, expect, it } from 'vitest';
import { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import type { JournalRecord } from '../../feed/journal/entry-journal.js';
import { testBatch } from '../../feed/journal/testing/journal-batches.js';
import { ReplayedBatches } from './replayed-batches.js';

const record = (seq: number, octets = 100): JournalRecord => ({
  seq,
  kind: 'next',
  batch: testBatch(2 * seq, 2, octets),
});

describe(ReplayedBatches.name, () => {
  it('returns the same batch for the same record, so that its texts are written once', () => {
    const batches = new ReplayedBatches(new CertificateRenderer());
    const first = batches.of(record(7));
    expect(first.place).toEqual({ seq: 7, offset: 0 });
    expect(batches.of(record(7))).toBe(first);
    batches.clear();
    expect(batches.of(record(7))).not.toBe(first);
  });

  it('keeps 64 batches that were used last', () => {
    const batches = new ReplayedBatches(new CertificateRenderer());
    const all = Array.from({ length: 64 }, (_, i) => batches.of(record(i + 1)));
    expect(batches.of(record(1))).toBe(all[0]);
    batches.of(record(65));
    expect(batches.of(record(1))).toBe(all[0]);
    expect(batches.of(record(2))).not.toBe(all[1]);
  });

  it('keeps four megabytes, and one batch of any size', () => {
    const batches = new ReplayedBatches(new CertificateRenderer());
    const small = batches.of(record(1));
    const large = batches.of(record(2, 3 * 2 ** 20));
    expect(batches.of(record(2))).toBe(large);
    expect(batches.of(record(1))).not.toBe(small);
  });
});
