import type { ByteWriter } from './byte-writer.js';
import { DerReader, type RangeList, Tag } from './der-reader.js';
import { checkGeneralNames, GeneralName, NamesFound } from './general-names.js';
import { HEX_LOWER } from './hex-digits.js';
import { ascii, type TextPiece } from './text-piece.js';
import { writeText } from './json-text.js';
import { OidTable, writeOid } from './oid.js';

/** Result of writing the value of an extension. */
export const Outcome = {
  Written: 0,
  /** The value is well-formed but has nothing to print, so the key is left out. */
  Nothing: 1,
  Malformed: 2,
} as const;

/**
 * Writes the inside of a JSON string for the extnValue contents `[start, end)`. The text is valid only if the result is
 * {@link Outcome.Written}.
 */
export type ValueWriter = (out: ByteWriter, der: DerReader, start: number, end: number) => number;

const PADDING = 0x3d;
const SEPARATOR = ascii(', ');
const KEYID = ascii('keyid:');
const URI = ascii('URI:');
const POLICY = ascii('Policy: ');
const NEWLINE = ascii('\\n');
const FULL_NAME = ascii('Full Name:');
const URI_LINE = ascii('\\n URI:');

/** keyIdentifier of AuthorityKeyIdentifier (RFC 5280, 4.2.1.1). */
const KEY_IDENTIFIER = 0x80;
/** distributionPoint of DistributionPoint and fullName of DistributionPointName (RFC 5280, 4.2.1.13). */
const DISTRIBUTION_POINT = 0xa0;
const FULL_NAME_CHOICE = 0xa0;

const CA_ISSUERS = 0;
const OCSP = 1;
/** Access methods of AccessDescription (RFC 5280, 4.2.2.1). */
export const accessMethods = new OidTable([
  ['1.3.6.1.5.5.7.48.2', CA_ISSUERS],
  ['1.3.6.1.5.5.7.48.1', OCSP],
]);

/** Names by bit (RFC 5280, 4.2.1.3). */
export const GO_KEY_USAGES = [
  'Digital Signature',
  'Content Commitment',
  'Key Encipherment',
  'Data Encipherment',
  'Key Agreement',
  'Certificate Signing',
  'CRL Signing',
  'Encipher Only',
  'Decipher Only',
];

/** Names of 1.3.6.1.5.5.7.3.1 to .9 as the original server prints them. */
const PURPOSES = [
  'TLS Web server authentication',
  'TLS Web client authentication',
  'Code signing',
  'E-mail protection',
  'IP security end system',
  'IP security tunnel termination',
  'IP security user',
  'Timestamping',
  'OCSPstamping',
].map(ascii);
const purposes = new OidTable(PURPOSES.map((_, index) => [`1.3.6.1.5.5.7.3.${index + 1}`, index]));

/** Writes the URIs of all caIssuers, then those of all OCSP methods. `lists` must be well-formed AccessDescription lists. */
export function writeAuthorityInfoAccess(out: ByteWriter, der: DerReader, lists: RangeList): void {
  const first = out.length;
  for (let method = CA_ISSUERS; method <= OCSP; method++) {
    for (let i = 0; i < lists.length; i++) {
      const limit = lists.end(i);
      for (let at = lists.start(i); at < limit && der.read(at, limit);) {
        at = der.end;
        if (!der.read(der.start, at) || accessMethods.find(der.bytes, der.start, der.end) !== method)
          continue;
        if (!der.read(der.end, at) || der.tag !== GeneralName.Uri) continue;
        if (out.length > first) out.text(SEPARATOR);
        out.text(URI);
        writeText(out, der, der.start, der.end);
      }
    }
  }
}

/** Moves the reader to the keyIdentifier of an AuthorityKeyIdentifier if the outcome is {@link Outcome.Written}. */
export function readKeyIdentifier(der: DerReader, start: number, end: number): number {
  if (!der.expect(Tag.Sequence, start, end)) return Outcome.Malformed;
  if (der.start === der.end) return Outcome.Nothing;
  if (!der.read(der.start, der.end)) return Outcome.Malformed;
  if (der.tag !== KEY_IDENTIFIER || der.start === der.end) return Outcome.Nothing;
  return Outcome.Written;
}

export function writeAuthorityKeyIdentifier(
  out: ByteWriter,
  der: DerReader,
  start: number,
  end: number,
): number {
  const outcome = readKeyIdentifier(der, start, end);
  return outcome === Outcome.Written ? writeKeyId(out, der) : outcome;
}

export function writeSubjectKeyIdentifier(
  out: ByteWriter,
  der: DerReader,
  start: number,
  end: number,
): number {
  if (!der.expect(Tag.OctetString, start, end)) return Outcome.Malformed;
  return writeKeyId(out, der);
}

function writeKeyId(out: ByteWriter, der: DerReader): number {
  out.text(KEYID);
  out.hexWithColons(HEX_LOWER, der.bytes, der.start, der.end);
  return Outcome.Written;
}

/** Writes one line per policy. It ignores qualifiers. */
export function writeCertificatePolicies(
  out: ByteWriter,
  der: DerReader,
  start: number,
  end: number,
): number {
  if (!der.expect(Tag.Sequence, start, end)) return Outcome.Malformed;
  const limit = der.end;
  for (let at = der.start; at < limit;) {
    if (!der.expect(Tag.Sequence, at, limit)) return Outcome.Malformed;
    at = der.end;
    if (!der.expect(Tag.ObjectIdentifier, der.start, at)) return Outcome.Malformed;
    out.text(POLICY);
    if (!writeOid(out, der.bytes, der.start, der.end)) return Outcome.Malformed;
    out.text(NEWLINE);
  }
  return Outcome.Written;
}

/** Writes the whole extnValue, including the header of the inner OCTET STRING, in base64url with padding. */
export function writeSctList(out: ByteWriter, der: DerReader, start: number, end: number): number {
  const before = out.length;
  out.latin1(der.bytes.toString('base64url', start, end));
  while ((out.length - before) % 4 !== 0) out.byte(PADDING);
  return Outcome.Written;
}

/** Writes the names of the purposes. Purposes without a name are written as dotted OIDs. */
export function writeExtendedKeyUsage(out: ByteWriter, der: DerReader, start: number, end: number): number {
  if (!der.expect(Tag.Sequence, start, end)) return Outcome.Malformed;
  const limit = der.end;
  const first = out.length;
  for (let at = der.start; at < limit; at = der.end) {
    if (!der.expect(Tag.ObjectIdentifier, at, limit)) return Outcome.Malformed;
    if (out.length > first) out.text(SEPARATOR);
    const purpose = purposes.find(der.bytes, der.start, der.end);
    if (purpose >= 0) out.text(PURPOSES[purpose]);
    else if (!writeOid(out, der.bytes, der.start, der.end)) return Outcome.Malformed;
  }
  return Outcome.Written;
}

/** @param names names by bit */
export function keyUsageWriter(names: readonly string[]): ValueWriter {
  const texts = names.map(ascii);
  return (out, der, start, end) => writeKeyUsage(out, der, start, end, texts);
}

function writeKeyUsage(
  out: ByteWriter,
  der: DerReader,
  start: number,
  end: number,
  names: readonly TextPiece[],
): number {
  if (!der.expect(Tag.BitString, start, end) || der.start === der.end) return Outcome.Malformed;
  const unused = der.bytes[der.start];
  const bits = (der.end - der.start - 1) * 8 - unused;
  if (unused > 7 || bits < 0) return Outcome.Malformed;
  const first = out.length;
  for (let bit = 0; bit < bits && bit < names.length; bit++) {
    if (((der.bytes[der.start + 1 + (bit >> 3)] << (bit & 7)) & 0x80) === 0) continue;
    if (out.length > first) out.text(SEPARATOR);
    out.text(names[bit]);
  }
  return Outcome.Written;
}

/** Writes a block `Full Name:` with a line per URI for every distribution point that has URIs. */
export function writeDistributionPoints(out: ByteWriter, der: DerReader, start: number, end: number): number {
  if (!der.expect(Tag.Sequence, start, end)) return Outcome.Malformed;
  const limit = der.end;
  const first = out.length;
  for (let at = der.start; at < limit;) {
    if (!der.expect(Tag.Sequence, at, limit)) return Outcome.Malformed;
    at = der.end;
    if (!enterFullName(der)) continue;
    const { start: namesStart, end: namesEnd } = der;
    if (checkGeneralNames(der, namesStart, namesEnd) === NamesFound.Malformed) return Outcome.Malformed;
    writePoint(out, der, namesStart, namesEnd, out.length > first);
  }
  return out.length > first ? Outcome.Written : Outcome.Nothing;
}

/** Moves the reader from a DistributionPoint to the contents of its fullName. @returns false if there is none. */
function enterFullName(der: DerReader): boolean {
  return (
    der.expect(DISTRIBUTION_POINT, der.start, der.end) && der.expect(FULL_NAME_CHOICE, der.start, der.end)
  );
}

function writePoint(out: ByteWriter, der: DerReader, start: number, end: number, further: boolean): void {
  let uris = 0;
  for (let at = start; at < end && der.read(at, end); at = der.end) {
    if (der.tag !== GeneralName.Uri) continue;
    if (uris++ === 0) {
      if (further) out.text(NEWLINE);
      out.text(FULL_NAME);
    }
    out.text(URI_LINE);
    writeText(out, der, der.start, der.end);
  }
}
