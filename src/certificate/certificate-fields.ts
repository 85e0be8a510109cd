import { DerReader, RangeList, Tag } from './der-reader.js';
import { readTime } from './der-time.js';
import { DistinguishedName } from './distinguished-name.js';
import { addGeneralNames, NamesFound } from './general-names.js';
import { OidTable } from './oid.js';
import { signatureAlgorithmName } from './signature-algorithm.js';

/** Stable values of `parse_error` for a certificate, from outside to inside. */
export type CertificateProblem =
  | 'malformed_certificate'
  | 'malformed_tbs_certificate'
  | 'malformed_serial_number'
  | 'malformed_signature_algorithm'
  | 'malformed_issuer'
  | 'malformed_validity'
  | 'malformed_subject'
  | 'malformed_public_key'
  | 'malformed_extensions';

/** Extensions that are published; the value is the index into {@link CertificateFields.extensionStart}. */
export const Extension = {
  AuthorityKeyIdentifier: 0,
  BasicConstraints: 1,
  CertificatePolicies: 2,
  SignedCertificateTimestamps: 3,
  ExtendedKeyUsage: 4,
  KeyUsage: 5,
  SubjectKeyIdentifier: 6,
  Poison: 7,
  CrlDistributionPoints: 8,
  SubjectAltName: 9,
  IssuerAltName: 10,
  AuthorityInfoAccess: 11,
} as const;
const EXTENSIONS = 12;

const extensionTypes = new OidTable([
  ['2.5.29.35', Extension.AuthorityKeyIdentifier],
  ['2.5.29.19', Extension.BasicConstraints],
  ['2.5.29.32', Extension.CertificatePolicies],
  ['1.3.6.1.4.1.11129.2.4.2', Extension.SignedCertificateTimestamps],
  ['2.5.29.37', Extension.ExtendedKeyUsage],
  ['2.5.29.15', Extension.KeyUsage],
  ['2.5.29.14', Extension.SubjectKeyIdentifier],
  ['1.3.6.1.4.1.11129.2.4.3', Extension.Poison],
  ['2.5.29.31', Extension.CrlDistributionPoints],
  ['2.5.29.17', Extension.SubjectAltName],
  ['2.5.29.18', Extension.IssuerAltName],
  ['1.3.6.1.5.5.7.1.1', Extension.AuthorityInfoAccess],
]);

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
  /** INTEGER contents; empty when unreadable. */
  serialStart = 0;
  serialEnd = 0;
  signatureAlgorithm = '';
  /** RDNSequence contents. */
  issuerStart = 0;
  issuerEnd = 0;
  readonly subject = new DistinguishedName(this.der);
  /** Unix seconds; 0 when there is no such date. */
  notBefore = 0;
  notAfter = 0;
  isCa = false;
  /** extnValue contents by {@link Extension}, start -1 when absent. Of a repeated extension the last one. */
  readonly extensionStart = new Int32Array(EXTENSIONS);
  readonly extensionEnd = new Int32Array(EXTENSIONS);
  /** Contents of every readable GeneralNames and AccessDescription list: repeated extensions are united. */
  readonly subjectAltNames = new RangeList();
  readonly issuerAltNames = new RangeList();
  readonly authorityInfoAccess = new RangeList();
  /** OBJECT IDENTIFIER contents of all other extensions. */
  readonly otherExtensions = new RangeList();
  malformedExtensions = 0;
  impossibleDates = 0;

  /** Reads a Certificate (RFC 5280, 4.1). */
  readCertificate(bytes: Buffer, start: number, end: number): void {
    this.reset(bytes);
    const der = this.der;
    if (!der.readClipped(start, end) || der.tag !== Tag.Sequence) return this.note('malformed_certificate');
    if (der.clipped) this.note('malformed_certificate');
    this.readTbs(der.start, der.end);
  }

  /** Reads a TBSCertificate (RFC 5280, 4.1.2), as a precert_entry carries it. */
  readTbsCertificate(bytes: Buffer, start: number, end: number): void {
    this.reset(bytes);
    this.readTbs(start, end);
  }

  note(problem: CertificateProblem): void {
    this.problem ??= problem;
  }

  hasExtension(kind: number): boolean {
    return this.extensionStart[kind]! >= 0;
  }

  private reset(bytes: Buffer): void {
    this.der.bytes = bytes;
    this.problem = undefined;
    this.serialStart = this.serialEnd = this.issuerStart = this.issuerEnd = 0;
    this.signatureAlgorithm = '';
    this.notBefore = this.notAfter = 0;
    this.isCa = false;
    this.extensionStart.fill(-1);
    this.subjectAltNames.clear();
    this.issuerAltNames.clear();
    this.authorityInfoAccess.clear();
    this.otherExtensions.clear();
    this.malformedExtensions = this.impossibleDates = 0;
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
    else this.signatureAlgorithm = signatureAlgorithmName(der, der.start, next);
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
      if (der.tag === EXTENSIONS_TAG) this.readExtensions(der.start, at);
    }
  }

  private readExtensions(at: number, limit: number): void {
    const { der } = this;
    if (!der.expect(Tag.Sequence, at, limit)) return this.note('malformed_extensions');
    limit = der.end;
    for (at = der.start; at < limit;) {
      if (!der.read(at, limit)) return this.note('malformed_extensions');
      at = der.end;
      if (der.tag !== Tag.Sequence || !this.readExtension(der.start, at)) this.malformedExtensions++;
    }
  }

  /** @returns false when the extension is malformed. */
  private readExtension(at: number, limit: number): boolean {
    const { der } = this;
    if (!der.expect(Tag.ObjectIdentifier, at, limit)) return false;
    const oidStart = der.start;
    const oidEnd = der.end;
    if (!der.read(oidEnd, limit)) return false;
    if (der.tag === Tag.Boolean && !der.read(der.end, limit)) return false;
    if (der.tag !== Tag.OctetString) return false;
    const { start, end } = der;
    const kind = extensionTypes.find(der.bytes, oidStart, oidEnd);
    switch (kind) {
      case -1:
        this.otherExtensions.add(oidStart, oidEnd);
        return true;
      case Extension.SubjectAltName:
        return addGeneralNames(der, start, end, this.subjectAltNames) === NamesFound.Readable;
      case Extension.IssuerAltName:
        return addGeneralNames(der, start, end, this.issuerAltNames) === NamesFound.Readable;
      case Extension.AuthorityInfoAccess:
        return this.addAccessDescriptions(start, end);
      case Extension.BasicConstraints:
        return this.readBasicConstraints(start, end);
    }
    this.extensionStart[kind] = start;
    this.extensionEnd[kind] = end;
    return true;
  }

  /** BasicConstraints (RFC 5280, 4.2.1.9). */
  private readBasicConstraints(start: number, end: number): boolean {
    const { der } = this;
    if (!der.expect(Tag.Sequence, start, end)) return false;
    let isCa = false;
    if (der.start < der.end) {
      const limit = der.end;
      if (!der.read(der.start, limit)) return false;
      if (der.tag === Tag.Boolean) {
        if (der.end - der.start !== 1) return false;
        isCa = der.bytes[der.start] !== 0;
      }
    }
    this.isCa = isCa;
    this.extensionStart[Extension.BasicConstraints] = start;
    return true;
  }

  private stop(problem: CertificateProblem): number {
    this.note(problem);
    return -1;
  }

  /** AuthorityInfoAccessSyntax (RFC 5280, 4.2.2.1): OID and GeneralName in each AccessDescription. */
  private addAccessDescriptions(start: number, end: number): boolean {
    const { der } = this;
    if (!der.expect(Tag.Sequence, start, end)) return false;
    const contentsStart = der.start;
    const contentsEnd = der.end;
    for (let at = contentsStart; at < contentsEnd;) {
      if (!der.expect(Tag.Sequence, at, contentsEnd)) return false;
      at = der.end;
      if (!der.expect(Tag.ObjectIdentifier, der.start, at) || !der.read(der.end, at)) return false;
    }
    this.authorityInfoAccess.add(contentsStart, contentsEnd);
    return true;
  }
}
