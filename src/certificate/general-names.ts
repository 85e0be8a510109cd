import type { ByteWriter } from './byte-writer.js';
import { DerReader, type RangeList, Tag } from './der-reader.js';
import { isIpAddress, writeIpAddress } from './ip-address.js';
import { ascii } from './text-piece.js';
import { writeText } from './json-text.js';

/** Implicit tags of the GeneralName choices (RFC 5280, 4.2.1.6) that are published. */
export const GeneralName = { Email: 0x81, Dns: 0x82, Uri: 0x86, IpAddress: 0x87 } as const;

/** Kinds in the order in which they are printed, regardless of their order in the certificate. */
const KINDS = [
  { tag: GeneralName.Dns, prefix: ascii('DNS:') },
  { tag: GeneralName.Email, prefix: ascii('email:') },
  { tag: GeneralName.IpAddress, prefix: ascii('IP Address:') },
  { tag: GeneralName.Uri, prefix: ascii('URI:') },
];
const SEPARATOR = ascii(', ');
/** Mask of the tag number in an identifier octet. */
const TAG_NUMBER = 0x1f;
const ALL_KINDS = -1;

/** Result of checking one GeneralNames value. */
export const NamesFound = { Malformed: -1, Readable: 0, WithUnprintable: 1 } as const;

/**
 * Checks the contents `[start, end)` of GeneralNames. An iPAddress of an invalid length does not make the list malformed
 * ({@link NamesFound.WithUnprintable}); only that name is left out.
 */
export function checkGeneralNames(der: DerReader, start: number, end: number): number {
  let found: number = NamesFound.Readable;
  for (let at = start; at < end; at = der.end) {
    if (!der.read(at, end)) return NamesFound.Malformed;
    if (der.tag === GeneralName.IpAddress && !isIpAddress(der.start, der.end)) {
      found = NamesFound.WithUnprintable;
    }
  }
  return found;
}

/**
 * Writes all names of several GeneralNames, joined with `, `: first every DNS name, then e-mail addresses, IP
 * addresses and URIs. Other kinds are left out.
 * @param lists contents that {@link checkGeneralNames} did not find malformed.
 */
export function writeGeneralNames(out: ByteWriter, der: DerReader, lists: RangeList): void {
  const first = out.length;
  let present = ALL_KINDS;
  for (let kind = 0; kind < KINDS.length; kind++) {
    const { tag, prefix } = KINDS[kind];
    if ((present & (1 << (tag & TAG_NUMBER))) === 0) continue;
    if (kind === 0) present = 0;
    for (let i = 0; i < lists.length; i++) {
      const end = lists.end(i);
      for (let at = lists.start(i); at < end && der.read(at, end); at = der.end) {
        if (kind === 0) present |= 1 << (der.tag & TAG_NUMBER);
        if (der.tag !== tag) continue;
        const ip = tag === GeneralName.IpAddress;
        if (ip && !isIpAddress(der.start, der.end)) continue;
        if (out.length > first) out.text(SEPARATOR);
        out.text(prefix);
        if (ip) writeIpAddress(out, der.bytes, der.start, der.end);
        else writeText(out, der, der.start, der.end);
      }
    }
  }
}

/** Checks the GeneralNames at `start` and adds their contents to `lists` unless they are malformed. */
export function addGeneralNames(der: DerReader, start: number, end: number, lists: RangeList): number {
  if (!der.expect(Tag.Sequence, start, end)) return NamesFound.Malformed;
  const contentsStart = der.start;
  const contentsEnd = der.end;
  const found = checkGeneralNames(der, contentsStart, contentsEnd);
  if (found !== NamesFound.Malformed) lists.add(contentsStart, contentsEnd);
  return found;
}
