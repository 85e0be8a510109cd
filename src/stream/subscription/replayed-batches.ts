import { CertificateBatch } from '../../certificate/certificate-batch.js';
import type { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import type { JournalRecord } from '../../feed/journal/entry-journal.js';

/** Bounds on the batches that are kept. Their texts may take a few times as many octets. */
const MAX_BATCHES = 64;
const MAX_BYTES = 4 * 2 ** 20;

/**
 * The batches that replays have read from the journal last. Clients that reconnect at the same time read the same records, so they
 * share the batches and their texts.
 */
export class ReplayedBatches {
  /** By record number; the batch that was used last is at the end. */
  private readonly batches = new Map<number, CertificateBatch>();
  private bytes = 0;

  constructor(private readonly renderer: CertificateRenderer) {}

  /** Returns the batch of a record, the same one for each replay that reads the record soon. */
  of({ seq, batch }: JournalRecord): CertificateBatch {
    const known = this.batches.get(seq);
    if (known !== undefined) {
      this.batches.delete(seq);
      this.batches.set(seq, known);
      return known;
    }
    const added = new CertificateBatch(batch, this.renderer, { seq, offset: 0 });
    this.batches.set(seq, added);
    this.bytes += added.bytes;
    for (const [oldest, { bytes }] of this.batches) {
      if (this.batches.size <= MAX_BATCHES && (this.bytes <= MAX_BYTES || this.batches.size === 1)) break;
      this.batches.delete(oldest);
      this.bytes -= bytes;
    }
    return added;
  }

  /** Forgets all batches. */
  clear(): void {
    this.batches.clear();
    this.bytes = 0;
  }
}
