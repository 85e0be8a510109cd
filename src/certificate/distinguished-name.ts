import type { ByteWriter } from './byte-writer.js';
import { DerReader, isStringTag, Tag } from './der-reader.js';
import { ascii, type TextPiece } from './text-piece.js';
import { writeString } from './json-text.js';
import { OidTable } from './oid.js';

/** Order of the keys and of `aggregated` (docs/wire-format.md). */
const Attribute = { C: 0, CN: 1, L: 2, O: 3, OU: 4, ST: 5, Email: 6 } as const;
const ATTRIBUTES = 7;

const attributeTypes = new OidTable([
  ['2.5.4.6', Attribute.C],
  ['2.5.4.3', Attribute.CN],
  ['2.5.4.7', Attribute.L],
  ['2.5.4.10', Attribute.O],
  ['2.5.4.11', Attribute.OU],
  ['2.5.4.8', Attribute.ST],
  ['1.2.840.113549.1.9.1', Attribute.Email],
]);

const KEYS = ['{"C":', ',"CN":', ',"L":', ',"O":', ',"OU":', ',"ST":'].map(ascii);
const PREFIXES = ['/C=', '/CN=', '/L=', '/O=', '/OU=', '/ST=', '/emailAddress='].map(ascii);
const AGGREGATED = ascii(',"aggregated":"');
const EMAIL_ADDRESS = ascii('","email_address":');
const EMAIL_ADDRESS_CALIDOG = ascii(',"emailAddress":');
const NO_EMAIL = ascii('","email_address":null,"emailAddress":null}');
/** Texts for a Name that consists of a CN only, as in most leaf certificates. */
const ONLY_CN = ascii('{"C":null,"CN":"');
const ONLY_CN_AGGREGATED = ascii('","L":null,"O":null,"OU":null,"ST":null,"aggregated":"/CN=');
const NULL = ascii('null');
const QUOTE = 0x22;
const COMMA = 0x2c;

/** Texts that a dialect prints for absent attributes. */
export interface NameFormat {
  /** JSON value of an absent `CN`. */
  readonly noCommonName: TextPiece;
  /** Text in `aggregated` in place of an absent CN. */
  readonly aggregatedNoCommonName: TextPiece;
  /** Text of `aggregated` without any attribute. */
  readonly aggregatedEmpty: TextPiece;
}

/**
 * Locates the attributes of one Name (RFC 5280, 4.1.2.4) and writes them. RDNs of any shape are flattened. The object is
 * reused for the next Name.
 */
export class DistinguishedName {
  private start = 0;
  private end = 0;
  private readonly tags = new Uint8Array(ATTRIBUTES);
  private readonly starts = new Int32Array(ATTRIBUTES);
  private readonly ends = new Int32Array(ATTRIBUTES);
  private readonly counts = new Int32Array(ATTRIBUTES);
  /** One bit for every {@link Attribute} that is present. */
  private kinds = 0;
  /** Positions of the written values in the output, without quotes. */
  private readonly textStarts = new Int32Array(ATTRIBUTES);
  private readonly textEnds = new Int32Array(ATTRIBUTES);

  constructor(private readonly der: DerReader) {}

  /**
   * Reads the attributes of the RDNSequence whose contents are `[start, end)` of the reader's bytes. It remembers the last
   * CN and, for every other type, the first value and the number of values. It ignores values that are not strings.
   * @returns false if a part is malformed; the other parts are read nevertheless.
   */
  read(start: number, end: number): boolean {
    this.start = start;
    this.end = end;
    for (let kind = 0; kind < ATTRIBUTES; kind++) this.counts[kind] = 0;
    this.kinds = 0;
    return this.walk(-1, undefined);
  }

  hasCommonName(): boolean {
    return this.counts[Attribute.CN] > 0;
  }

  /** Octets of the last CN. */
  get commonNameSize(): number {
    const { CN } = Attribute;
    return this.hasCommonName() ? this.ends[CN] - this.starts[CN] : 0;
  }

  /** Writes the last CN as the inside of a JSON string. */
  writeCommonName(out: ByteWriter): void {
    const { CN } = Attribute;
    writeString(out, this.tags[CN], this.der, this.starts[CN], this.ends[CN]);
  }

  /** Writes the JSON object. */
  write(out: ByteWriter, format: NameFormat): void {
    if (this.kinds === 1 << Attribute.CN) return this.writeOnlyCommonName(out);
    for (let kind = 0; kind < KEYS.length; kind++) {
      out.text(KEYS[kind]);
      if (this.counts[kind] > 0) this.writeValue(out, kind);
      else out.text(kind === Attribute.CN ? format.noCommonName : NULL);
    }
    out.text(AGGREGATED);
    const first = out.length;
    for (let kind = 0; kind < KEYS.length; kind++) {
      if (this.counts[kind] > 0) {
        out.text(PREFIXES[kind]);
        out.repeat(this.textStarts[kind], this.textEnds[kind]);
      } else if (kind === Attribute.CN) out.text(format.aggregatedNoCommonName);
    }
    if (this.counts[Attribute.Email] > 0) this.writeEmail(out);
    else {
      if (out.length === first) out.text(format.aggregatedEmpty);
      out.text(NO_EMAIL);
    }
  }

  private writeOnlyCommonName(out: ByteWriter): void {
    out.text(ONLY_CN);
    const start = out.length;
    this.writeCommonName(out);
    const end = out.length;
    out.text(ONLY_CN_AGGREGATED);
    out.repeat(start, end);
    out.text(NO_EMAIL);
  }

  private writeEmail(out: ByteWriter): void {
    out.text(PREFIXES[Attribute.Email]);
    const start = out.length;
    this.writeText(out, Attribute.Email);
    const end = out.length;
    for (const key of [EMAIL_ADDRESS, EMAIL_ADDRESS_CALIDOG]) {
      out.text(key);
      out.byte(QUOTE);
      out.repeat(start, end);
      out.byte(QUOTE);
    }
    out.byte(0x7d);
  }

  private writeValue(out: ByteWriter, kind: number): void {
    out.byte(QUOTE);
    this.textStarts[kind] = out.length;
    this.writeText(out, kind);
    this.textEnds[kind] = out.length;
    out.byte(QUOTE);
  }

  private writeText(out: ByteWriter, kind: number): void {
    if (this.counts[kind] > 1 && kind !== Attribute.CN) {
      this.walk(kind, out);
      return;
    }
    writeString(out, this.tags[kind], this.der, this.starts[kind], this.ends[kind]);
  }

  /** Visits all attributes. Without `out` it remembers them; with `out` it writes the values of one kind, joined with commas. */
  private walk(kind: number, out: ByteWriter | undefined): boolean {
    const der = this.der;
    let wellFormed = true;
    let written = 0;
    for (let rdn = this.start; rdn < this.end;) {
      if (!der.read(rdn, this.end)) return false;
      rdn = der.end;
      if (der.tag !== Tag.Set) {
        wellFormed = false;
        continue;
      }
      for (let at = der.start; at < rdn;) {
        if (!der.expect(Tag.Sequence, at, rdn)) {
          wellFormed = false;
          break;
        }
        at = der.end;
        const found = this.readAttribute(der.start, at);
        if (found === -2) wellFormed = false;
        if (found < 0) continue;
        if (out === undefined) this.note(found);
        else if (found === kind) {
          if (written++ > 0) out.byte(COMMA);
          writeString(out, der.tag, der, der.start, der.end);
        }
      }
    }
    return wellFormed;
  }

  /** Moves the reader to the value. @returns the kind, -1 for an attribute that is not published, -2 for a malformed one. */
  private readAttribute(start: number, end: number): number {
    const der = this.der;
    if (!der.expect(Tag.ObjectIdentifier, start, end)) return -2;
    const kind = attributeTypes.find(der.bytes, der.start, der.end);
    if (!der.read(der.end, end)) return -2;
    return isStringTag(der.tag) ? kind : -1;
  }

  private note(kind: number): void {
    this.kinds |= 1 << kind;
    if (this.counts[kind]++ > 0 && kind !== Attribute.CN) return;
    this.tags[kind] = this.der.tag;
    this.starts[kind] = this.der.start;
    this.ends[kind] = this.der.end;
  }
}
