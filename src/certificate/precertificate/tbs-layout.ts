import { DerReader, Tag } from '../der-reader.js';

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/**
 * TbsLayout locates the parts of a TBSCertificate (RFC 5280, 4.1) that RFC 6962 hashes or changes. The same object is used for
 * the next TBSCertificate, so callers must not keep its values. It copies no bytes and reads every element once.
 */
export class TbsLayout {
  private readonly der = new DerReader();
  /** Contents of the SEQUENCE of the TBSCertificate. */
  start = 0;
  end = 0;
  /** Name of the issuer, with its header. */
  issuerStart = 0;
  issuerEnd = 0;
  /** SubjectPublicKeyInfo, with its header. */
  keyStart = 0;
  keyEnd = 0;
  /** `[3]`, with its header; both {@link end} when there is none. */
  extensionsStart = 0;
  extensionsEnd = 0;
  /** Contents of the list of extensions. */
  listStart = 0;
  listEnd = 0;

  /** Reads the TBSCertificate at `at`, which may end before `limit`. @returns whether it is valid. */
  read(bytes: Buffer, at: number, limit: number): boolean {
    const { der } = this;
    der.bytes = bytes;
    if (!der.expect(Tag.Sequence, at, limit)) return false;
    this.start = der.start;
    this.end = der.end;
    return this.readFields() && this.readOptionalFields();
  }

  /** Reads version, serial number, signature, issuer, validity, subject and subjectPublicKeyInfo. */
  private readFields(): boolean {
    const { der, end } = this;
    let at = der.expect(VERSION, this.start, end) ? der.end : this.start;
    for (let skipped = 0; skipped < 2; skipped++, at = der.end) if (!der.read(at, end)) return false;
    this.issuerStart = at;
    if (!der.read(at, end)) return false;
    this.issuerEnd = at = der.end;
    for (let skipped = 0; skipped < 2; skipped++, at = der.end) if (!der.read(at, end)) return false;
    this.keyStart = at;
    if (!der.read(at, end)) return false;
    this.keyEnd = der.end;
    return true;
  }

  /** Skips the unique identifiers and reads the extensions. If there are several lists of extensions, the last one counts. */
  private readOptionalFields(): boolean {
    const { der, end } = this;
    this.extensionsStart = this.extensionsEnd = this.listStart = this.listEnd = end;
    for (let at = this.keyEnd; at < end;) {
      if (!der.read(at, end)) return false;
      const next = der.end;
      if (der.tag === EXTENSIONS) {
        if (!der.expect(Tag.Sequence, der.start, next) || der.end !== next) return false;
        this.extensionsStart = at;
        this.extensionsEnd = this.listEnd = next;
        this.listStart = der.start;
      }
      at = next;
    }
    return true;
  }
}
