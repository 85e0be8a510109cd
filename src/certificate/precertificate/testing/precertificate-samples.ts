import { type EntryParts, pageJson, sha256, tileLeaf } from '../../../../test/support/ct-log-bytes.js';
import type { EntryBatch } from '../../entry-batch.js';
import {
  certificate,
  extension,
  hex,
  name,
  oid,
  type Parts,
  sequence,
  subjectAltName,
  tbsCertificate,
  tlv,
} from '../../testing/der-builder.js';
import { issuersOf } from '../../testing/log-entries.js';
import { decodeGetEntriesPage } from '../../../ct-log/client/rfc6962/get-entries-page.js';
import { locateEntries } from '../../../ct-log/client/rfc6962/merkle-tree-leaf.js';
import { locateDataTile } from '../../../ct-log/client/static-ct/data-tile.js';

/** Parts of certificates according to RFC 6962, 3.1 and 3.2. */
export const POISON = extension('1.3.6.1.4.1.11129.2.4.3', hex('0500'), true);
export const PRECERTIFICATE_SIGNING = extension('2.5.29.37', sequence(oid('1.3.6.1.4.1.11129.2.4.4')));
export const NAMES = subjectAltName([0x82, 'www.example.com']);

export function keyId(digits: string): Buffer {
  return extension('2.5.29.35', sequence(tlv(0x80, hex(digits))));
}

export function publicKey(digits: string): Buffer {
  return sequence(sequence(oid('1.2.840.10045.2.1')), tlv(0x03, hex(`00${digits}`)));
}

export const CA_KEY = publicKey('04aa');
export const CA = certificate({ subject: name(['CN', 'CA']), publicKey: CA_KEY });
export const ISSUED: Parts = { issuer: name(['CN', 'CA']), extensions: [keyId('01'), NAMES] };

/** A precert_entry: its certificate is the one to be issued, its precertificate has the poison. */
export function precertEntry(parts: Partial<EntryParts> = {}): EntryParts {
  const { extensions = [] } = ISSUED;
  return {
    certificate: tbsCertificate(ISSUED),
    precertificate: certificate({ ...ISSUED, extensions: [...extensions, POISON] }),
    issuerKeyHash: sha256(CA_KEY),
    chain: [CA],
    ...parts,
  };
}

/** A precert_entry issued by a Precertificate Signing Certificate of the CA. */
export function delegatedEntry(signerExtensions = [PRECERTIFICATE_SIGNING, keyId('01')]): EntryParts {
  const signer = certificate({
    issuer: name(['CN', 'CA']),
    subject: name(['CN', 'Signer']),
    publicKey: publicKey('04bb'),
    extensions: signerExtensions,
  });
  const issuer = name(['CN', 'Signer']);
  return precertEntry({
    precertificate: certificate({ issuer, extensions: [keyId('02'), POISON, NAMES] }),
    chain: [signer, CA],
  });
}

const source = { name: 'Log', url: 'https://log.example', operator: 'Operator' };

export function pageBatch(entries: readonly EntryParts[], firstIndex = 0): EntryBatch {
  return batchOfPage(pageJson(entries), firstIndex);
}

/** @param body the answer to a get-entries request. */
export function batchOfPage(body: string, firstIndex = 0): EntryBatch {
  const page = decodeGetEntriesPage(Buffer.from(body));
  const head = { source: { ...source, type: 'rfc6962' as const }, firstIndex, bytes: page.bytes, seen: 0 };
  return locateEntries(page).build(head);
}

/** @param isKnown returns whether an issuer is available. */
export function tileBatch(
  entries: readonly EntryParts[],
  isKnown: (der: Buffer) => boolean = () => true,
): EntryBatch {
  const bytes = Buffer.concat(entries.map((parts, i) => tileLeaf(i, parts)));
  const chains = entries.flatMap(({ chain = [] }) => chain).filter(isKnown);
  const head = { source: { ...source, type: 'tiled' as const }, firstIndex: 0, bytes, seen: 0 };
  const tile = locateDataTile(bytes, 0, entries.length).build(head);
  return {
    ...tile,
    issuers: issuersOf(tile, (hash) => chains.find((der) => sha256(der).toString('hex') === hash)),
  };
}
