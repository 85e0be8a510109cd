import { DerReader, Tag } from '../der-reader.js';

/** Certificates have about ten. */
const MAX_EXTENSIONS = 1000;

/** Goes through a list of extensions (RFC 5280, 4.2), one element after the other; those behind the first {@link MAX_EXTENSIONS} are not there. */
export class ExtensionCursor {
  private readonly der = new DerReader();
  private limit = 0;
  private left = 0;
  /** The extension at hand, with its header. */
  start = 0;
  end = 0;
  /** Contents of its OBJECT IDENTIFIER; empty when it has none. */
  private oidStart = 0;
  private oidEnd = 0;
  /** Contents of its extnValue, after {@link readValue}. */
  valueStart = 0;
  valueEnd = 0;

  /** @param start contents of the list. */
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

  /** @returns false at the end of the list, where it breaks off, and when it is too long. */
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

  /** @param extension the whole of one, with its header. */
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

  /** @returns whether the extension has a value that can be read. */
  readValue(): boolean {
    const { der } = this;
    if (!der.read(this.oidEnd, this.end)) return false;
    if (der.tag === Tag.Boolean && !der.read(der.end, this.end)) return false;
    this.valueStart = der.start;
    this.valueEnd = der.end;
    return der.tag === Tag.OctetString && der.end === this.end;
  }
}
