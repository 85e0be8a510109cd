import { type ByteSource, viewOf } from './byte-source.js';

/** Identifier octets (X.690, 8.1.2) that certificates use. */
export const Tag = {
  Boolean: 0x01,
  Integer: 0x02,
  BitString: 0x03,
  OctetString: 0x04,
  ObjectIdentifier: 0x06,
  Utf8String: 0x0c,
  NumericString: 0x12,
  PrintableString: 0x13,
  TeletexString: 0x14,
  VideotexString: 0x15,
  Ia5String: 0x16,
  UtcTime: 0x17,
  GeneralizedTime: 0x18,
  GraphicString: 0x19,
  VisibleString: 0x1a,
  GeneralString: 0x1b,
  UniversalString: 0x1c,
  BmpString: 0x1e,
  Sequence: 0x30,
  Set: 0x31,
} as const;

const NOTHING = Buffer.alloc(0);
const LONG_FORM = 0x80;
const HIGH_TAG_NUMBER = 0x1f;
/** Certificates contain no tag numbers of more than 28 bits and no lengths of more than 32 bits. */
const MAX_TAG_OCTETS = 4;
const MAX_LENGTH_OCTETS = 4;

/**
 * Reads one element (identifier, length, contents) at a time and stores its offsets in number fields.
 * Lengths must be definite (X.690, 10.1) but need not be minimal, because lenient TLS clients accept such certificates too.
 * The reader does not copy, allocate or throw; it refuses an element that does not fit into its parent. It does not
 * descend into elements: the caller handles nesting.
 */
export class DerReader implements ByteSource {
  bytes: Buffer = NOTHING;
  view: DataView = viewOf(NOTHING);
  /** First identifier octet of the element. High tag numbers are skipped, so such elements have the tag `0x1f | class`. */
  tag = 0;
  /** The contents of the element are `bytes[start, end)`. The next element begins at `end`. */
  start = 0;
  end = 0;

  /** Sets the bytes to read from. */
  open(bytes: Buffer): void {
    if (this.bytes === bytes) return;
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }

  /** Reads the element at `at`. @returns false if there is no element or it ends after `limit`. */
  read(at: number, limit: number): boolean {
    return this.readHeader(at, limit) && this.end <= limit;
  }

  /** Reads the element at `at`. @returns false if {@link read} does or if the element has another tag. */
  expect(tag: number, at: number, limit: number): boolean {
    return this.read(at, limit) && this.tag === tag;
  }

  /** Reads the element at `at` and cuts it off at `limit`; {@link clipped} is true if it was cut. */
  readClipped(at: number, limit: number): boolean {
    if (!this.readHeader(at, limit)) return false;
    this.clipped = this.end > limit;
    if (this.clipped) this.end = limit;
    return true;
  }

  clipped = false;

  private readHeader(at: number, limit: number): boolean {
    const bytes = this.bytes;
    if (at + 2 > limit) return false;
    this.tag = bytes[at++];
    if ((this.tag & HIGH_TAG_NUMBER) === HIGH_TAG_NUMBER) {
      const last = Math.min(limit, at + MAX_TAG_OCTETS);
      while (at < last && (bytes[at] & 0x80) !== 0) at++;
      if (++at >= limit || at > last) return false;
    }
    let length = bytes[at++];
    if (length >= LONG_FORM) {
      const octets = length - LONG_FORM;
      if (octets === 0 || octets > MAX_LENGTH_OCTETS || at + octets > limit) return false;
      length = 0;
      for (const last = at + octets; at < last; at++) length = length * 256 + bytes[at];
    }
    this.start = at;
    this.end = at + length;
    return true;
  }
}

/** Reports whether a tag is a character string type (X.680, 41) in primitive form. */
export function isStringTag(tag: number): boolean {
  return tag < 32 && ((STRING_TAGS >> tag) & 1) === 1;
}

const STRING_TAGS = [
  Tag.Utf8String,
  Tag.NumericString,
  Tag.PrintableString,
  Tag.TeletexString,
  Tag.VideotexString,
  Tag.Ia5String,
  Tag.GraphicString,
  Tag.VisibleString,
  Tag.GeneralString,
  Tag.UniversalString,
  Tag.BmpString,
].reduce((mask, tag) => mask | (1 << tag), 0);

/** A reusable list of `[start, end)` pairs. */
export class RangeList {
  private values = new Int32Array(16);
  length = 0;

  add(start: number, end: number): void {
    if (2 * this.length === this.values.length) {
      const larger = new Int32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[2 * this.length] = start;
    this.values[2 * this.length + 1] = end;
    this.length++;
  }

  start(i: number): number {
    return this.values[2 * i];
  }

  end(i: number): number {
    return this.values[2 * i + 1];
  }

  clear(): void {
    this.length = 0;
    if (this.values.length > 4096) this.values = new Int32Array(16);
  }
}
