import { DerReader, RangeList, Tag } from './der-reader.js';
import { addGeneralNames, NamesFound } from './general-names.js';
import { OidTable } from './oid.js';

/** Published extensions. The values are indices into {@link ExtensionFields.start}. */
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

/** Locates the extensions of one certificate (RFC 5280, 4.2). The object is reused for the next certificate. */
export class ExtensionFields {
  /** Value of cA in BasicConstraints. */
  isCa = false;
  /** Start of the extnValue contents by {@link Extension}; -1 if absent. The last one of repeated extensions counts. */
  readonly start = new Int32Array(EXTENSIONS);
  readonly end = new Int32Array(EXTENSIONS);
  /** Contents of every readable GeneralNames and AccessDescription list. Repeated extensions are merged. */
  readonly subjectAltNames = new RangeList();
  readonly issuerAltNames = new RangeList();
  readonly authorityInfoAccess = new RangeList();
  /** Contents of the OBJECT IDENTIFIERs of all other extensions, and of those that cannot be read completely. */
  readonly others = new RangeList();
  /** Contents of the OBJECT IDENTIFIER by {@link Extension}. */
  private readonly oidStart = new Int32Array(EXTENSIONS);
  private readonly oidEnd = new Int32Array(EXTENSIONS);
  /** Number of malformed extensions. The writer adds those whose defects it finds while writing. */
  malformed = 0;

  constructor(private readonly der: DerReader) {}

  clear(): void {
    this.isCa = false;
    for (let kind = 0; kind < EXTENSIONS; kind++) this.start[kind] = -1;
    this.subjectAltNames.clear();
    this.issuerAltNames.clear();
    this.authorityInfoAccess.clear();
    this.others.clear();
    this.malformed = 0;
  }

  has(kind: number): boolean {
    return this.start[kind] >= 0;
  }

  /** Notes an extension whose value turns out to be malformed while it is written. Each text of the certificate may find it. */
  addMalformed(kind: number): void {
    this.malformed++;
    const start = this.oidStart[kind];
    for (let i = 0; i < this.others.length; i++) if (this.others.start(i) === start) return;
    this.others.add(start, this.oidEnd[kind]);
  }

  /**
   * Reads the Extensions at `at`. It leaves out malformed extensions and reads the others.
   * @returns false if the list itself is truncated; the extensions before that point are read.
   */
  read(at: number, limit: number): boolean {
    const { der } = this;
    if (!der.expect(Tag.Sequence, at, limit)) return false;
    limit = der.end;
    for (at = der.start; at < limit;) {
      if (!der.read(at, limit)) return false;
      at = der.end;
      if (der.tag !== Tag.Sequence || !this.readExtension(der.start, at)) this.malformed++;
    }
    return true;
  }

  /** @returns false if the extension is malformed. */
  private readExtension(at: number, limit: number): boolean {
    const { der } = this;
    if (!der.expect(Tag.ObjectIdentifier, at, limit)) return false;
    const oidStart = der.start;
    const oidEnd = der.end;
    if (this.readValue(oidStart, oidEnd, limit)) return true;
    this.others.add(oidStart, oidEnd);
    return false;
  }

  /** @returns false if the value is malformed. */
  private readValue(oidStart: number, oidEnd: number, limit: number): boolean {
    const { der } = this;
    if (!der.read(oidEnd, limit)) return false;
    if (der.tag === Tag.Boolean && !der.read(der.end, limit)) return false;
    if (der.tag !== Tag.OctetString) return false;
    const { start, end } = der;
    const kind = extensionTypes.find(der.bytes, oidStart, oidEnd);
    switch (kind) {
      case -1:
        this.others.add(oidStart, oidEnd);
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
    this.start[kind] = start;
    this.end[kind] = end;
    this.oidStart[kind] = oidStart;
    this.oidEnd[kind] = oidEnd;
    return true;
  }

  /** Reads BasicConstraints (RFC 5280, 4.2.1.9). */
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
    this.start[Extension.BasicConstraints] = start;
    return true;
  }

  /** Checks AuthorityInfoAccessSyntax (RFC 5280, 4.2.2.1): each AccessDescription has an OID and a GeneralName. */
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
