import type { ByteWriter } from '../byte-writer.js';
import { type DerReader, RangeList, Tag } from '../der-reader.js';
import { accessMethods, Outcome, readKeyIdentifier } from '../extension-values.js';
import { GeneralName } from '../general-names.js';
import { HEX_UPPER } from '../hex-digits.js';
import { ascii, type TextPiece } from '../text-piece.js';
import { writeText } from '../json-text.js';
import { writeOid } from '../oid.js';

const NEWLINE = ascii('\\n');
const SEPARATOR = ascii(', ');
const KEYID = ascii('keyid:');
const DOT = 0x2e;
const LOCATION = ascii(' - URI:');
/** Names by the numbers of {@link accessMethods}. */
const METHODS = ['CA Issuers', 'OCSP'].map(ascii);

const PREFIXES = new Map<number, TextPiece>([
  [GeneralName.Dns, ascii('DNS:')],
  [GeneralName.Uri, ascii('URI:')],
  [GeneralName.Email, ascii('RFC 822Name:')],
  [GeneralName.IpAddress, ascii('IP:')],
]);

/** Elements of the lists being written. They are printed in reverse order. */
const elements = new RangeList();

/** Writes a line `CA Issuers - URI:..` or `OCSP - URI:..` per URI in reverse order. Other methods are written as dotted OIDs. */
export function writeAuthorityInfoAccess(out: ByteWriter, der: DerReader, lists: RangeList): void {
  collectElements(der, lists);
  for (let i = elements.length - 1; i >= 0; i--) writeAccessDescription(out, der, i);
}

/** Writes the names in reverse order. An iPAddress of any length is written as its octets in decimal. */
export function writeGeneralNames(out: ByteWriter, der: DerReader, lists: RangeList): void {
  collectElements(der, lists);
  const first = out.length;
  for (let i = elements.length - 1; i >= 0; i--) {
    der.read(elements.start(i), elements.end(i));
    const prefix = PREFIXES.get(der.tag);
    if (prefix === undefined) continue;
    if (out.length > first) out.text(SEPARATOR);
    out.text(prefix);
    if (der.tag === GeneralName.IpAddress) writeOctets(out, der);
    else writeText(out, der, der.start, der.end);
  }
}

export function writeAuthorityKeyIdentifier(
  out: ByteWriter,
  der: DerReader,
  start: number,
  end: number,
): number {
  const outcome = readKeyIdentifier(der, start, end);
  if (outcome !== Outcome.Written) return outcome;
  out.text(KEYID);
  out.hexWithColons(HEX_UPPER, der.bytes, der.start, der.end);
  out.text(NEWLINE);
  return Outcome.Written;
}

export function writeSubjectKeyIdentifier(
  out: ByteWriter,
  der: DerReader,
  start: number,
  end: number,
): number {
  if (!der.expect(Tag.OctetString, start, end)) return Outcome.Malformed;
  out.hexWithColons(HEX_UPPER, der.bytes, der.start, der.end);
  return Outcome.Written;
}

function collectElements(der: DerReader, lists: RangeList): void {
  elements.clear();
  for (let i = 0; i < lists.length; i++) {
    const end = lists.end(i);
    for (let at = lists.start(i); at < end && der.read(at, end); at = der.end) elements.add(at, der.end);
  }
}

function writeAccessDescription(out: ByteWriter, der: DerReader, i: number): void {
  const limit = elements.end(i);
  if (!der.read(elements.start(i), limit) || !der.read(der.start, limit)) return;
  const { start, end } = der;
  if (!der.read(end, limit) || der.tag !== GeneralName.Uri) return;
  const before = out.length;
  const method = accessMethods.find(der.bytes, start, end);
  if (method >= 0) out.text(METHODS[method]);
  else if (!writeOid(out, der.bytes, start, end)) {
    out.length = before;
    return;
  }
  out.text(LOCATION);
  writeText(out, der, der.start, der.end);
  out.text(NEWLINE);
}

function writeOctets(out: ByteWriter, { bytes, start, end }: DerReader): void {
  for (let i = start; i < end; i++) {
    if (i > start) out.byte(DOT);
    out.integer(bytes[i]);
  }
}
