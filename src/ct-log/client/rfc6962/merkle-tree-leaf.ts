import { EntryColumn, EntryProblem, LogEntryType } from '../../../certificate/entry-batch.js';
import { EntryBatchBuilder } from '../../../certificate/entry-batch-builder.js';
import { readU16, readU24, readU64 } from '../../../kernel/big-endian.js';
import { ISSUER_KEY_HASH_BYTES } from '../../../certificate/precertificate/issuer-key-hash.js';
import { type GetEntriesPage, PAGE_PARTS, PagePart } from './entry-texts.js';

/** Length of version, leaf_type, timestamp and entry_type. */
const LEAF_HEAD_BYTES = 12;

/** Locates the parts of all entries of a get-entries response, each as one row. */
export function locateEntries(page: GetEntriesPage): EntryBatchBuilder {
  const builder = new EntryBatchBuilder('get-entries', page.count);
  for (let i = 0; i < page.count; i++) locateEntry(builder, page, i);
  return builder;
}

/**
 * Locates the parts of entry `i`: leaf_input (MerkleTreeLeaf, RFC 6962, 3.4) and extra_data (4.6). Always adds exactly one row.
 * `[TimestampedEntryStart - 2, TimestampedEntryEnd)` is the whole leaf_input, even of a malformed leaf. If leaf_input is shorter
 * than two bytes, TimestampedEntryStart is larger than TimestampedEntryEnd.
 */
function locateEntry(builder: EntryBatchBuilder, page: GetEntriesPage, i: number): void {
  const { bytes, parts } = page;
  const part = i * PAGE_PARTS;
  const leafStart = parts[part + PagePart.LeafStart];
  const leafEnd = parts[part + PagePart.LeafEnd];
  const hasHead = leafEnd - leafStart >= LEAF_HEAD_BYTES;
  const row = builder.add(hasHead ? readU64(bytes, leafStart + 2) : 0);
  const { table } = builder;
  table[row + EntryColumn.TimestampedEntryStart] = leafStart + 2;
  table[row + EntryColumn.TimestampedEntryEnd] = leafEnd;
  if (!hasHead || bytes[leafStart] !== 0 || bytes[leafStart + 1] !== 0) {
    table[row + EntryColumn.Problem] = EntryProblem.MalformedLeaf;
    return;
  }
  const type = readU16(bytes, leafStart + 10);
  table[row + EntryColumn.Type] = type;
  if (type !== LogEntryType.X509Entry && type !== LogEntryType.PrecertEntry) {
    table[row + EntryColumn.Problem] = EntryProblem.UnknownEntryType;
    return;
  }
  const isPrecert = type === LogEntryType.PrecertEntry;
  const lengthAt = leafStart + LEAF_HEAD_BYTES + (isPrecert ? ISSUER_KEY_HASH_BYTES : 0);
  const leafIntact = locateCertificate(table, row, bytes, lengthAt, leafEnd);
  const submittedIntact =
    !isPrecert || locatePrecertificate(table, row, bytes, leafEnd, parts[part + PagePart.SubmittedEnd]);
  const chainIntact =
    submittedIntact &&
    locateChain(table, row, bytes, parts[part + PagePart.ChainStart], parts[part + PagePart.ChainEnd]);
  if (!leafIntact) table[row + EntryColumn.Problem] = EntryProblem.MalformedLeaf;
  else if (!chainIntact) table[row + EntryColumn.Problem] = EntryProblem.MalformedExtraData;
}

/** Locates `u24 | DER | u16 | extensions` up to `leafEnd`. The certificate of an x509_entry is also the submitted one. */
function locateCertificate(
  table: Uint32Array,
  row: number,
  bytes: Buffer,
  at: number,
  leafEnd: number,
): boolean {
  if (at + 3 > leafEnd) return false;
  const end = at + 3 + readU24(bytes, at);
  if (end === at + 3 || end + 2 > leafEnd || end + 2 + readU16(bytes, end) !== leafEnd) return false;
  table[row + EntryColumn.CertificateStart] = at + 3;
  table[row + EntryColumn.CertificateEnd] = end;
  if (table[row + EntryColumn.Type] === LogEntryType.X509Entry) {
    table[row + EntryColumn.SubmittedStart] = at + 3;
    table[row + EntryColumn.SubmittedEnd] = end;
  }
  return true;
}

/** Locates the pre_certificate of a PrecertChainEntry (RFC 6962, 3.1): `u24 | DER` up to `end`. */
function locatePrecertificate(
  table: Uint32Array,
  row: number,
  bytes: Buffer,
  at: number,
  end: number,
): boolean {
  if (at + 3 >= end || at + 3 + readU24(bytes, at) !== end) return false;
  table[row + EntryColumn.SubmittedStart] = at + 3;
  table[row + EntryColumn.SubmittedEnd] = end;
  return true;
}

/** Locates `u24 total` and then `u24 | DER` elements, which must end exactly at the total and at `end`. */
function locateChain(table: Uint32Array, row: number, bytes: Buffer, at: number, end: number): boolean {
  if (at + 3 > end || at + 3 + readU24(bytes, at) !== end) return false;
  let next = at + 3;
  while (next < end) {
    if (next + 3 > end) return false;
    const length = readU24(bytes, next);
    // An ASN.1Cert has at least one octet (3.1).
    if (length === 0) return false;
    next += 3 + length;
  }
  if (next !== end) return false;
  table[row + EntryColumn.ChainStart] = at + 3;
  table[row + EntryColumn.ChainEnd] = end;
  return true;
}
