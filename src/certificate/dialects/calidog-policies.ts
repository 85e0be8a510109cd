import type { ByteWriter } from '../byte-writer.js';
import { type DerReader, isStringTag, RangeList, Tag } from '../der-reader.js';
import { Outcome } from '../extension-values.js';
import { ascii, type TextPiece } from '../text-piece.js';
import { writeString } from '../json-text.js';
import { OidTable, writeOid } from '../oid.js';

const POLICY = ascii('Policy: ');
const NEWLINE = ascii('\\n');
const CPS = 0;
const USER_NOTICE = 1;
/** Kinds of PolicyQualifierInfo (RFC 5280, 4.2.1.4). */
const qualifiers = new OidTable([
  ['1.3.6.1.5.5.7.2.1', CPS],
  ['1.3.6.1.5.5.7.2.2', USER_NOTICE],
]);
const CPS_LINE = ascii('\\n  CPS: ');
const USER_NOTICE_LINE = ascii('\\n  User Notice: ');

/** The policies being written. They are printed in reverse order. */
const policies = new RangeList();

/** Writes a line per policy in reverse order, each followed by lines for its qualifiers. The last line has no line feed. */
export function writeCertificatePolicies(
  out: ByteWriter,
  der: DerReader,
  start: number,
  end: number,
): number {
  if (!collectPolicies(der, start, end)) return Outcome.Malformed;
  for (let i = policies.length - 1; i >= 0; i--) {
    const limit = policies.end(i);
    if (!der.expect(Tag.ObjectIdentifier, policies.start(i), limit)) return Outcome.Malformed;
    if (i < policies.length - 1) out.text(NEWLINE);
    out.text(POLICY);
    if (!writeOid(out, der.bytes, der.start, der.end)) return Outcome.Malformed;
    if (der.expect(Tag.Sequence, der.end, limit)) writeQualifiers(out, der, der.start, der.end);
  }
  return Outcome.Written;
}

/** Collects the contents of every PolicyInformation. @returns false if the list is malformed. */
function collectPolicies(der: DerReader, start: number, end: number): boolean {
  policies.clear();
  if (!der.expect(Tag.Sequence, start, end)) return false;
  const limit = der.end;
  for (let at = der.start; at < limit; at = der.end) {
    if (!der.expect(Tag.Sequence, at, limit)) return false;
    policies.add(der.start, der.end);
  }
  return true;
}

/** Writes the qualifiers. Malformed qualifiers and those of other kinds are left out. */
function writeQualifiers(out: ByteWriter, der: DerReader, at: number, limit: number): void {
  while (at < limit && der.expect(Tag.Sequence, at, limit)) {
    at = der.end;
    if (!der.expect(Tag.ObjectIdentifier, der.start, at)) continue;
    const kind = qualifiers.find(der.bytes, der.start, der.end);
    if (kind < 0 || !der.read(der.end, at)) continue;
    if (kind === CPS) writeLine(out, der, CPS_LINE);
    else if (der.tag === Tag.Sequence) writeUserNotice(out, der, der.start, der.end);
  }
}

/** Writes the explicitText of a UserNotice, which is its last element, after an optional noticeRef. */
function writeUserNotice(out: ByteWriter, der: DerReader, at: number, limit: number): void {
  while (at < limit && der.read(at, limit)) {
    at = der.end;
    if (isStringTag(der.tag)) return writeLine(out, der, USER_NOTICE_LINE);
  }
}

function writeLine(out: ByteWriter, der: DerReader, label: TextPiece): void {
  if (!isStringTag(der.tag)) return;
  out.text(label);
  writeString(out, der.tag, der, der.start, der.end);
}
