import { describe, expect, it } from 'vitest';
import { CertificateBatch } from '../certificate/certificate-batch.js';
import { CertificateRenderer } from '../certificate/certificate-renderer.js';
import type { JournalRecord } from './journal/entry-journal.js';
import { testBatch } from './journal/testing/journal-batches.js';
import { RecentBatches } from './recent-batches.js';

const record = (seq: number, octets = 100): JournalRecord => ({
  seq,
  kind: 'next',
  batch: testBatch(2 * seq, 2, octets),
});

describe(RecentBatches.name, () => {
  it('returns the same batch for the same record, so that its texts are written once', () => {
    const batches = new RecentBatches(new CertificateRenderer());
    const first = batches.of(record(7));
    expect(first.place).toEqual({ seq: 7, offset: 0 });
    expect(batches.of(record(7))).toBe(first);
    batches.clear();
    expect(batches.of(record(7))).not.toBe(first);
  });

  it('keeps 64 batches that were used last', () => {
    const batches = new RecentBatches(new CertificateRenderer());
    const all = Array.from({ length: 64 }, (_, i) => batches.of(record(i + 1)));
    expect(batches.of(record(1))).toBe(all[0]);
    batches.of(record(65));
    expect(batches.of(record(1))).toBe(all[0]);
    expect(batches.of(record(2))).not.toBe(all[1]);
  });

  it('keeps four megabytes, and one batch of any size', () => {
    const batches = new RecentBatches(new CertificateRenderer());
    const small = batches.of(record(1));
    const large = batches.of(record(2, 3 * 2 ** 20));
    expect(batches.of(record(2))).toBe(large);
    expect(batches.of(record(1))).not.toBe(small);
  });

  it('returns a batch that was published, until its record is forgotten', () => {
    const batches = new RecentBatches(new CertificateRenderer());
    const { batch } = record(7);
    const published = new CertificateBatch(batch, new CertificateRenderer(), { seq: 7, offset: 0 });
    batches.keep(published);
    batches.forget(6);
    expect(batches.of(record(7))).toBe(published);
    batches.forget(7);
    expect(batches.of(record(7))).not.toBe(published);
  });
});
