import { DerReader, Tag } from './der-reader.js';
import { readTime } from './der-time.js';
import { DistinguishedName } from './distinguished-name.js';
import { ExtensionFields } from './extension-fields.js';
import type { CertificateProblem } from './parse-error.js';
import { signatureAlgorithm, UNREADABLE_ALGORITHM } from './signature-algorithm.js';
import { MAX_CERTIFICATE_BYTES } from './text-limits.js';

const VERSION = 0xa0;
const EXTENSIONS_TAG = 0xa3;

/**
 * Where the fields of one certificate are: the first of the two passes. Used again for the next certificate,
 * so nothing of it may be kept. Any bytes can be read: what is malformed is left empty, the rest is there.
 */
export class CertificateFields {
  readonly der = new DerReader();
  /** The first structural defect, if any. A malformed extension is none, it is only left out. */
  problem: CertificateProblem | undefined;
  /** Octets of what was read. */
  size = 0;
  /** INTEGER contents; empty when unreadable. */
  serialStart = 0;
  serialEnd = 0;
  /** As {@link signatureAlgorithm} numbers them. */
  signatureAlgorithm = UNREADABLE_ALGORITHM;
  /** RDNSequence contents. */
  issuerStart = 0;
  issuerEnd = 0;
  readonly subject = new DistinguishedName(this.der);
  /** Unix seconds; 0 when there is no such date. */
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

  /** Reads a TBSCertificate (RFC 5280, 4.1.2), as a precert_entry carries it. */
  readTbsCertificate(bytes: Buffer, start: number, end: number): void {
    if (this.open(bytes, start, end)) this.readTbs(start, end);
  }

  note(problem: CertificateProblem): void {
    this.problem ??= problem;
  }

  /** @returns false when there is too much to be read. */
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

  /** Every reader of a field answers where the next field begins, or -1 when that cannot be known. */
  private readSerialNumber(at: number, limit: number): number {
    const { der } = this;
    if (!der.read(at, limit)) return this.stop('malformed_serial_number');
    // A missing serial number must not shift the fields behind it.
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
