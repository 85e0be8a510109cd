import { EntryColumn, EntryProblem, LogEntryType } from '../../../certificate/entry-batch.js';
import type { EntryBatchBuilder } from '../../../certificate/entry-batch-builder.js';
import { FINGERPRINT_BYTES } from '../../../certificate/issuer-map.js';
import { readU16, readU24, readU40, readU64 } from '../../../kernel/big-endian.js';
import { CtLeafIndexError, CtMalformedError } from '../ct-log-error.js';
import { ISSUER_KEY_HASH_BYTES } from '../../../certificate/precertificate/issuer-key-hash.js';

const LEAF_INDEX_EXTENSION = 0;
const LEAF_INDEX_BYTES = 5;
/** Result if the extensions are not a list of `type 1 | u16 length | data`, or leaf_index has a wrong length. */
const DAMAGED = -1;

/**
 * Locates the parts of the TileLeaf (static-ct-api) at `start` as one row of `builder`.
 * @param position log index of the entry, which the leaf_index extension must repeat. Archived RFC 6962 logs do not have it.
 * @param isWanted false for a skipped entry, which may have another leaf_index.
 * @returns the offset after the leaf.
 * @throws CtMalformedError (`CT_MALFORMED_TILE`) if the end of the leaf cannot be found; CtLeafIndexError.
 */
export function locateTileLeaf(
  builder: EntryBatchBuilder,
  bytes: Buffer,
  start: number,
  position: number,
  isWanted = true,
): number {
  if (start + 10 > bytes.length) throw truncated(position);
  const type = readU16(bytes, start + 8);
  if (type !== LogEntryType.X509Entry && type !== LogEntryType.PrecertEntry) {
    throw new CtMalformedError('TILE', `the leaf at index ${position} has the unknown entry type ${type}`);
  }
  const isPrecert = type === LogEntryType.PrecertEntry;
  const certificateStart = start + 13 + (isPrecert ? ISSUER_KEY_HASH_BYTES : 0);
  const certificateEnd = afterVector24(bytes, certificateStart - 3, position);
  const entryEnd = afterVector16(bytes, certificateEnd, position);
  const submittedEnd = isPrecert ? afterVector24(bytes, entryEnd, position) : certificateEnd;
  const chainLength = isPrecert ? submittedEnd : entryEnd;
  const leafEnd = afterVector16(bytes, chainLength, position);

  const leafIndex = findLeafIndex(bytes, certificateEnd + 2, entryEnd);
  const isOfAnother = leafIndex !== undefined && leafIndex !== DAMAGED && leafIndex !== position;
  if (isOfAnother && isWanted) {
    throw new CtLeafIndexError(position, leafIndex);
  }
  const row = builder.add(readU64(bytes, start));
  const { table } = builder;
  table[row + EntryColumn.Type] = type;
  table[row + EntryColumn.TimestampedEntryStart] = start;
  table[row + EntryColumn.TimestampedEntryEnd] = entryEnd;
  table[row + EntryColumn.CertificateStart] = certificateStart;
  table[row + EntryColumn.CertificateEnd] = certificateEnd;
  table[row + EntryColumn.SubmittedStart] = isPrecert ? entryEnd + 3 : certificateStart;
  table[row + EntryColumn.SubmittedEnd] = submittedEnd;
  const chainIntact = (leafEnd - chainLength - 2) % FINGERPRINT_BYTES === 0;
  if (chainIntact) {
    table[row + EntryColumn.ChainStart] = chainLength + 2;
    table[row + EntryColumn.ChainEnd] = leafEnd;
  }
  if (leafIndex === DAMAGED) table[row + EntryColumn.Problem] = EntryProblem.MalformedLeaf;
  else if (!chainIntact) table[row + EntryColumn.Problem] = EntryProblem.MalformedExtraData;
  return leafEnd;
}

/** Returns the leaf_index (type 0, uint40) of an extension list. Unknown types are skipped. */
function findLeafIndex(bytes: Buffer, start: number, end: number): number | undefined {
  let at = start;
  while (at < end) {
    if (at + 3 > end) return DAMAGED;
    const length = readU16(bytes, at + 1);
    if (at + 3 + length > end) return DAMAGED;
    if (bytes[at] === LEAF_INDEX_EXTENSION) {
      return length === LEAF_INDEX_BYTES ? readU40(bytes, at + 3) : DAMAGED;
    }
    at += 3 + length;
  }
  return undefined;
}

function afterVector16(bytes: Buffer, at: number, position: number): number {
  if (at + 2 > bytes.length) throw truncated(position);
  const end = at + 2 + readU16(bytes, at);
  if (end > bytes.length) throw truncated(position);
  return end;
}

function afterVector24(bytes: Buffer, at: number, position: number): number {
  if (at + 3 > bytes.length) throw truncated(position);
  const end = at + 3 + readU24(bytes, at);
  if (end > bytes.length) throw truncated(position);
  return end;
}

function truncated(position: number): CtMalformedError {
  return new CtMalformedError('TILE', `the data tile ends within the leaf at index ${position}`);
}
