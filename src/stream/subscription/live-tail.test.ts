import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { CertificateBatch } from '../../certificate/certificate-batch.js';
import { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import { testBatch } from '../../feed/journal/testing/journal-batches.js';
import { LiveTail } from './live-tail.js';

const renderer = new CertificateRenderer();
const batch = (seq?: number, octets = 100): CertificateBatch =>
  new CertificateBatch(testBatch(0, 2, octets), renderer, seq === undefined ? undefined : { seq, offset: 0 });

function heldTail() {
  const batches = new Subject<CertificateBatch>();
  const tail = new LiveTail(batches);
  tail.hold();
  return { batches, tail };
}

describe(LiveTail.name, () => {
  it('returns the batches from a record on, also when records are missing between them', () => {
    const { batches, tail } = heldTail();
    for (const seq of [5, 6, 9]) batches.next(batch(seq));
    expect([4, 5, 6, 7, 9].map((seq) => tail.from(seq)?.place?.seq)).toEqual([5, 5, 6, 9, 9]);
    expect(tail.from(10)).toBeUndefined();
  });

  it('covers the records from its oldest batch on, and what comes after the newest record', () => {
    const { batches, tail } = heldTail();
    expect([tail.covers(4, 4), tail.covers(5, 4)]).toEqual([false, true]);
    batches.next(batch(5));
    expect([tail.covers(4, 5), tail.covers(5, 5), tail.covers(6, 5)]).toEqual([false, true, true]);
    expect(tail.covers(7, 5)).toBe(false);
  });

  it('does not keep entries that the journal already had', () => {
    const { batches, tail } = heldTail();
    batches.next(batch());
    expect(tail.from(0)).toBeUndefined();
  });

  it('is bounded in batches and octets, and keeps the newest', () => {
    const { batches, tail } = heldTail();
    for (let seq = 1; seq <= 600; seq++) batches.next(batch(seq));
    expect(tail.from(0)!.place!.seq).toBe(600 - 512 + 1);
    batches.next(batch(601, 4 * 2 ** 20));
    expect(tail.from(0)!.place!.seq).toBe(601);
  });

  it('subscribes once for all replays and forgets everything after the last', () => {
    const { batches, tail } = heldTail();
    tail.hold();
    batches.next(batch(1));
    expect(tail.from(0)).toBe(tail.from(1));
    tail.release();
    expect(tail.from(1)).toBeDefined();
    tail.release();
    expect([tail.from(1), batches.observed]).toEqual([undefined, false]);
  });
});
