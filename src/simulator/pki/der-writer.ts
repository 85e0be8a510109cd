/** Universal tags that X.509 uses (X.690, 8.1.2). */
const Tag = {
  Boolean: 0x01,
  Integer: 0x02,
  BitString: 0x03,
  OctetString: 0x04,
  Null: 0x05,
  Oid: 0x06,
  Utf8String: 0x0c,
  PrintableString: 0x13,
  Ia5String: 0x16,
  UtcTime: 0x17,
  GeneralizedTime: 0x18,
  Sequence: 0x30,
  Set: 0x31,
} as const;

/** Encodes a DER element: tag, definite length in the fewest bytes, contents. */
export function tlv(tag: number, ...contents: Buffer[]): Buffer {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from([tag]), encodeLength(length), ...contents]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  if (length < 0x10000) return Buffer.from([0x82, length >> 8, length & 0xff]);
  return Buffer.from([0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]);
}

export function sequence(...items: Buffer[]): Buffer {
  return tlv(Tag.Sequence, ...items);
}

/** Encodes a SET OF with its members in the order that DER requires (X.690, 11.6). */
export function setOf(...items: Buffer[]): Buffer {
  return tlv(Tag.Set, ...items.toSorted((a, b) => Buffer.compare(a, b)));
}

export function boolean(value: boolean): Buffer {
  return tlv(Tag.Boolean, Buffer.from([value ? 0xff : 0]));
}

/** Encodes a non-negative INTEGER from its big-endian magnitude. */
export function unsignedInteger(magnitude: Buffer): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const digits = magnitude.subarray(start);
  const first = digits[0] ?? 0;
  return tlv(
    Tag.Integer,
    first >= 0x80 || digits.length === 0 ? Buffer.concat([Buffer.alloc(1), digits]) : digits,
  );
}

export function smallInteger(value: number): Buffer {
  const magnitude = Buffer.alloc(4);
  magnitude.writeUInt32BE(value);
  return unsignedInteger(magnitude);
}

export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return tlv(Tag.BitString, Buffer.from([unusedBits]), bytes);
}

export function octetString(bytes: Buffer): Buffer {
  return tlv(Tag.OctetString, bytes);
}

export function nullValue(): Buffer {
  return tlv(Tag.Null);
}

/** Encodes an OBJECT IDENTIFIER. @param dotted for example `2.5.29.17`; arcs up to 2^31. */
export function oid(dotted: string): Buffer {
  const arcs = dotted.split('.').map(Number);
  const bytes = base128((arcs[0] ?? 0) * 40 + (arcs[1] ?? 0));
  for (const arc of arcs.slice(2)) bytes.push(...base128(arc));
  return tlv(Tag.Oid, Buffer.from(bytes));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

export function utf8String(text: string): Buffer {
  return tlv(Tag.Utf8String, Buffer.from(text, 'utf8'));
}

export function printableString(text: string): Buffer {
  return tlv(Tag.PrintableString, Buffer.from(text, 'latin1'));
}

export function ia5String(text: string): Buffer {
  return tlv(Tag.Ia5String, Buffer.from(text, 'latin1'));
}

/** Encodes a Time (RFC 5280, 4.1.2.5): UTCTime through 2049, GeneralizedTime from 2050 on. */
export function time(date: Date): Buffer {
  const digits = `${date
    .toISOString()
    .replace(/[-:T]/g, '')
    .replace(/\.\d+Z$/, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? tlv(Tag.UtcTime, Buffer.from(digits.slice(2), 'latin1'))
    : tlv(Tag.GeneralizedTime, Buffer.from(digits, 'latin1'));
}

/** Encodes a context-specific, constructed element: `[n] EXPLICIT`, or an IMPLICIT one with a constructed base type. */
export function explicit(n: number, ...contents: Buffer[]): Buffer {
  return tlv(0xa0 | n, ...contents);
}

/** Encodes a context-specific, primitive element: `[n] IMPLICIT` of a primitive type, from its contents. */
export function implicit(n: number, contents: Buffer): Buffer {
  return tlv(0x80 | n, contents);
}
