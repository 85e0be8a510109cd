import { DerReader, Tag } from './der-reader.js';
import { readTime } from './der-time.js';
import { DistinguishedName } from './distinguished-name.js';
import { ENTRY_COLUMNS, type EntryBatch, EntryColumn, LogEntryType } from './entry-batch.js';
import { ExtensionFields } from './extension-fields.js';
import type { CertificateProblem } from './certificate-message.js';
import { signatureAlgorithm, UNREADABLE_ALGORITHM } from './signature-algorithm.js';
import { MAX_CERTIFICATE_BYTES } from './text-limits.js';

const VERSION = 0xa0;
const EXTENSIONS_TAG = 0xa3;

/**
 * Locates the fields of one certificate; this is the first of the two passes. The object is reused for the next
 * certificate, so callers must not keep its values. It accepts any bytes: malformed fields are empty, the others are set.
 */
export class CertificateFields {
  readonly der = new DerReader();
  /** The first structural defect, if any. A malformed extension does not count; it is only left out. */
  problem: CertificateProblem | undefined;
  /** Octets of the certificate or TBSCertificate. */
  size = 0;
  /** Contents of the INTEGER; empty if unreadable. */
  serialStart = 0;
  serialEnd = 0;
  /** Number that {@link signatureAlgorithm} returned. */
  signatureAlgorithm = UNREADABLE_ALGORITHM;
  /** Contents of the RDNSequence. */
  issuerStart = 0;
  issuerEnd = 0;
  readonly subject = new DistinguishedName(this.der);
  /** Contents of the SubjectPublicKeyInfo; empty if unreadable. */
  keyStart = 0;
  keyEnd = 0;
  /** Unix seconds; 0 if the date does not exist. */
  notBefore = 0;
  notAfter = 0;
  readonly extensions = new ExtensionFields(this.der);
  impossibleDates = 0;

  /** Reads a Certificate (RFC 5280, 4.1). */
  readCertificate(bytes: Buffer, start: number, end: number): void {
    if (!this.open(bytes, start, end)) return;
    const der = this.der;
    if (!der.readClipped(start, end) || der.tag !== Tag.Sequence) return this.note('malformed_certificate');
    if (der.clipped) this.note('malformed_certificate');
    this.readTbs(der.start, der.end);
  }

  /** Reads a TBSCertificate (RFC 5280, 4.1.2), which a precert_entry contains. */
  readTbsCertificate(bytes: Buffer, start: number, end: number): void {
    if (this.open(bytes, start, end)) this.readTbs(start, end);
  }

  /** Reads the fields that are published for entry `i` of a batch. */
  readEntry({ table, bytes }: EntryBatch, i: number): void {
    const row = i * ENTRY_COLUMNS;
    const start = table[row + EntryColumn.CertificateStart];
    const end = table[row + EntryColumn.CertificateEnd];
    if (table[row + EntryColumn.Type] !== LogEntryType.PrecertEntry)
      return this.readCertificate(bytes, start, end);
    this.readTbsCertificate(bytes, start, end);
    const { problem } = this;
    if (problem === undefined) return;
    // The submitted precertificate has the same fields, unless a precertificate signing certificate issued it.
    this.readCertificate(
      bytes,
      table[row + EntryColumn.SubmittedStart],
      table[row + EntryColumn.SubmittedEnd],
    );
    if (this.problem === undefined) this.note(problem);
    else this.readTbsCertificate(bytes, start, end);
  }

  note(problem: CertificateProblem): void {
    this.problem ??= problem;
  }

  /** @returns false if the certificate is too large to be read. */
  private open(bytes: Buffer, start: number, end: number): boolean {
    this.reset(bytes);
    this.size = end - start;
    if (this.size > MAX_CERTIFICATE_BYTES) this.note('oversized_certificate');
    return this.size <= MAX_CERTIFICATE_BYTES;
  }

  private reset(bytes: Buffer): void {
    this.der.open(bytes);
    this.problem = undefined;
    this.serialStart = this.serialEnd = this.issuerStart = this.issuerEnd = 0;
    this.keyStart = this.keyEnd = 0;
    this.signatureAlgorithm = UNREADABLE_ALGORITHM;
    this.notBefore = this.notAfter = 0;
    this.impossibleDates = 0;
    this.extensions.clear();
    this.subject.read(0, 0);
  }

  private readTbs(start: number, end: number): void {
    const der = this.der;
    if (!der.readClipped(start, end) || der.tag !== Tag.Sequence)
      return this.note('malformed_tbs_certificate');
    if (der.clipped) this.note('malformed_tbs_certificate');
    const limit = der.end;
    let at = der.start;
    if (der.expect(VERSION, at, limit)) at = der.end;
    at = this.readSerialNumber(at, limit);
    if (at >= 0) at = this.readSignatureAlgorithm(at, limit);
    if (at >= 0) at = this.readIssuer(at, limit);
    if (at >= 0) at = this.readValidity(at, limit);
    if (at >= 0) at = this.readSubject(at, limit);
    if (at >= 0) at = this.readPublicKey(at, limit);
    if (at >= 0) this.readOptionalFields(at, limit);
  }

  /** Like every reader of a field, returns the start of the next field, or -1 if that is unknown. */
  private readSerialNumber(at: number, limit: number): number {
    const { der } = this;
    if (!der.read(at, limit)) return this.stop('malformed_serial_number');
    // A missing serial number must not shift the fields after it.
    if (der.tag === Tag.Sequence) {
      this.note('malformed_serial_number');
      return at;
    }
    if (der.tag !== Tag.Integer || der.start === der.end) this.note('malformed_serial_number');
    else {
      this.serialStart = der.start;
      this.serialEnd = der.end;
    }
    return der.end;
  }

  private readSignatureAlgorithm(at: number, limit: number): number {
    const { der } = this;
    if (!der.read(at, limit)) return this.stop('malformed_signature_algorithm');
    const next = der.end;
    if (der.tag !== Tag.Sequence) this.note('malformed_signature_algorithm');
    else this.signatureAlgorithm = signatureAlgorithm(der, der.start, next);
    return next;
  }

  private readIssuer(at: number, limit: number): number {
    const { der } = this;
    if (!der.read(at, limit)) return this.stop('malformed_issuer');
    if (der.tag !== Tag.Sequence) this.note('malformed_issuer');
    else {
      this.issuerStart = der.start;
      this.issuerEnd = der.end;
    }
    return der.end;
  }

  private readValidity(at: number, limit: number): number {
    const { der } = this;
    if (!der.read(at, limit)) return this.stop('malformed_validity');
    const next = der.end;
    if (der.tag !== Tag.Sequence || !der.read(der.start, next)) this.note('malformed_validity');
    else {
      this.notBefore = this.readDate();
      if (der.read(der.end, next)) this.notAfter = this.readDate();
      else this.note('malformed_validity');
    }
    return next;
  }

  private readDate(): number {
    const { der } = this;
    if (der.tag !== Tag.UtcTime && der.tag !== Tag.GeneralizedTime) {
      this.note('malformed_validity');
      return 0;
    }
    const seconds = readTime(der.bytes, der.start, der.end, der.tag === Tag.GeneralizedTime);
    if (!Number.isNaN(seconds)) return seconds;
    this.impossibleDates++;
    return 0;
  }

  private readSubject(at: number, limit: number): number {
    const { der } = this;
    if (!der.read(at, limit)) return this.stop('malformed_subject');
    const next = der.end;
    if (der.tag !== Tag.Sequence || !this.subject.read(der.start, next)) this.note('malformed_subject');
    return next;
  }

  private readPublicKey(at: number, limit: number): number {
    const { der } = this;
    if (!der.read(at, limit)) return this.stop('malformed_public_key');
    if (der.tag !== Tag.Sequence) this.note('malformed_public_key');
    else {
      this.keyStart = der.start;
      this.keyEnd = der.end;
    }
    return der.end;
  }

  private readOptionalFields(at: number, limit: number): void {
    const { der } = this;
    while (at < limit) {
      if (!der.read(at, limit)) return this.note('malformed_extensions');
      at = der.end;
      if (der.tag === EXTENSIONS_TAG && !this.extensions.read(der.start, at))
        this.note('malformed_extensions');
    }
  }

  private stop(problem: CertificateProblem): number {
    this.note(problem);
    return -1;
  }
}
