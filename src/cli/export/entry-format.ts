import { CertificateBatch } from '../../certificate/certificate-batch.js';
import { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { pickedPem } from '../picked-entry.js';
import type { ExportFormat } from '../option-values.js';

const LINE_FEED = Buffer.from('\n');
const PIECE_BYTES = 64 * 1024;

/** EntryFormat writes entries as lines: the messages of a stream, or certificates as PEM. */
export class EntryFormat {
  /** Entries without a certificate, which PEM leaves out. */
  withoutCertificate = 0;
  private readonly renderer = new CertificateRenderer();

  constructor(private readonly format: ExportFormat) {}

  /** Yields the lines of the entries in pieces of about 64 KiB. Each piece is written when it is requested. */
  *texts(entries: EntryBatch): Generator<Buffer, void, undefined> {
    const batch = new CertificateBatch(entries, this.renderer);
    let piece: Buffer[] = [];
    let size = 0;
    for (let i = 0; i < batch.count; i++) {
      const text = this.format === 'pem' ? this.pem(batch, i) : batch.text(this.format, i);
      piece.push(text);
      if (text.length > 0 && text.at(-1) !== LINE_FEED[0]) piece.push(LINE_FEED);
      size += text.length;
      if (size < PIECE_BYTES) continue;
      yield Buffer.concat(piece);
      piece = [];
      size = 0;
    }
    if (piece.length > 0) yield Buffer.concat(piece);
  }

  private pem(batch: CertificateBatch, i: number): Buffer {
    const entry = batch.entry(i);
    if (entry.der.length > 0) return Buffer.from(pickedPem(entry, { chain: false }));
    this.withoutCertificate++;
    return Buffer.alloc(0);
  }
}
