import { CertificateBatch } from '../certificate/certificate-batch.js';
import type { CertificateRenderer } from '../certificate/certificate-renderer.js';
import type { JournalRecord } from './journal/entry-journal.js';

/** Bounds on the batches that are kept. Their texts may take a few times as many octets. */
export interface RecentBatchesOptions {
  readonly batches: number;
  readonly bytes: number;
}

const DEFAULTS: RecentBatchesOptions = { batches: 64, bytes: 4 * 2 ** 20 };

/**
 * The batches that several readers of the journal use at the same time, by record number. They share the batches and so the texts, which are
 * written once.
 */
export class RecentBatches {
  /** The batch that was used last is at the end. */
  private readonly batches = new Map<number, CertificateBatch>();
  private bytes = 0;

  constructor(
    private readonly renderer: CertificateRenderer,
    private readonly options = DEFAULTS,
  ) {}

  /** Returns the batch of a record, the same one for each reader that reads the record soon. */
  of({ seq, batch }: JournalRecord): CertificateBatch {
    const known = this.batches.get(seq);
    if (known !== undefined) {
      this.batches.delete(seq);
      this.batches.set(seq, known);
      return known;
    }
    const read = new CertificateBatch(batch, this.renderer, { seq, offset: 0 });
    this.add(seq, read);
    return read;
  }

  /** Keeps a batch that was just published. Readers of its record then share it with the clients of the streams. */
  keep(batch: CertificateBatch): void {
    // A batch without a place is in the journal since an earlier run.
    if (batch.place !== undefined) this.add(batch.place.seq, batch);
  }

  /** Forgets the batches of all records up to this one. */
  forget(through: number): void {
    for (const seq of this.batches.keys()) if (seq <= through) this.remove(seq);
  }

  /** Forgets all batches. */
  clear(): void {
    this.batches.clear();
    this.bytes = 0;
  }

  private add(seq: number, batch: CertificateBatch): void {
    this.remove(seq);
    this.batches.set(seq, batch);
    this.bytes += batch.bytes;
    const { batches: most, bytes } = this.options;
    for (const oldest of this.batches.keys()) {
      if (this.batches.size <= most && (this.bytes <= bytes || this.batches.size === 1)) break;
      this.remove(oldest);
    }
  }

  private remove(seq: number): void {
    this.bytes -= this.batches.get(seq)?.bytes ?? 0;
    this.batches.delete(seq);
  }
}
