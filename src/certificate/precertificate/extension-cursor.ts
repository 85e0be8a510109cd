import { DerReader, Tag } from '../der-reader.js';

/** Maximum number of extensions that are read; certificates have about ten. */
const MAX_EXTENSIONS = 1000;
/** Values of a BOOLEAN (X.690, 8.2 and 11.1). */
const BOOLEANS = new Map([
  [0x00, false],
  [0xff, true],
]);

/** ExtensionCursor iterates over a list of extensions (RFC 5280, 4.2) and stops after {@link MAX_EXTENSIONS}. */
export class ExtensionCursor {
  private readonly der = new DerReader();
  private limit = 0;
  private left = 0;
  /** The current extension, with its DER header. */
  start = 0;
  end = 0;
  /** Contents of its OBJECT IDENTIFIER; empty if it has none. */
  oidStart = 0;
  oidEnd = 0;
  /** Whether it is critical, after {@link readValue}; undefined for a BOOLEAN that DER does not allow. */
  isCritical: boolean | undefined = false;
  /** Contents of its extnValue, after {@link readValue}. */
  valueStart = 0;
  valueEnd = 0;

  /** @param start start of the contents of the list. @param end their end. */
  open(bytes: Buffer, start: number, end: number): void {
    this.der.bytes = bytes;
    this.start = this.end = start;
    this.limit = end;
    this.left = MAX_EXTENSIONS;
  }

  /** Whether the list was read to its end. */
  get isAtEnd(): boolean {
    return this.end === this.limit;
  }

  /** Reads the next extension. @returns false at the end of the list, at invalid DER, and after {@link MAX_EXTENSIONS}. */
  next(): boolean {
    const { der, end } = this;
    if (this.left === 0 || !der.read(end, this.limit)) return false;
    this.left--;
    this.start = end;
    this.end = der.end;
    const hasType = der.tag === Tag.Sequence && der.expect(Tag.ObjectIdentifier, der.start, this.end);
    this.oidStart = hasType ? der.start : end;
    this.oidEnd = hasType ? der.end : end;
    return true;
  }

  /** @param extension a whole extension, with its DER header. */
  equals(extension: Buffer): boolean {
    const { start } = this;
    if (this.end - start !== extension.length) return false;
    for (let i = 0; i < extension.length; i++) if (this.der.bytes[start + i] !== extension[i]) return false;
    return true;
  }

  /** @param oid contents octets of an OBJECT IDENTIFIER. */
  is(oid: Buffer): boolean {
    const { oidStart } = this;
    if (this.oidEnd - oidStart !== oid.length) return false;
    for (let i = 0; i < oid.length; i++) if (this.der.bytes[oidStart + i] !== oid[i]) return false;
    return true;
  }

  /** Reads the extnValue. @returns whether the extension has a valid one. */
  readValue(): boolean {
    const { der } = this;
    if (!der.read(this.oidEnd, this.end)) return false;
    this.isCritical = false;
    if (der.tag === Tag.Boolean) {
      const { bytes, start, end } = der;
      this.isCritical = end - start === 1 ? BOOLEANS.get(bytes[start]) : undefined;
      if (!der.read(end, this.end)) return false;
    }
    this.valueStart = der.start;
    this.valueEnd = der.end;
    return der.tag === Tag.OctetString && der.end === this.end;
  }
}
