import { chainFingerprints } from './chain-fingerprints.js';
import { EntryBatchBuilder } from './entry-batch-builder.js';
import { ENTRY_COLUMNS, type EntryBatch, EntryColumn } from './entry-batch.js';
import { IssuerMap } from './issuer-map.js';

/** Start columns of the parts from which texts are made. The end of a part is in the next column. */
const PRINTED = [EntryColumn.CertificateStart, EntryColumn.SubmittedStart, EntryColumn.ChainStart];

/**
 * Copies the newest entries of a batch. The copy is good for texts only, because it lacks the rest of the leaves. A view would
 * keep the whole page and all issuers of its tile alive.
 * @param maxBytes largest size of the certificates including issuers; an entry that does not fit and all entries before it
 *   are left out
 */
export function newestEntries(batch: EntryBatch, maxEntries: number, maxBytes: number): EntryBatch {
  const issuers = new Map<string, Buffer>();
  const oldest = Math.max(0, batch.count - maxEntries);
  let first = batch.count;
  for (let left = maxBytes; first > oldest; first--) {
    const own = issuersOf(batch, first - 1, issuers);
    left -= printedBytes(batch, first - 1);
    for (const { length } of own.values()) left -= length;
    if (left < 0) break;
    for (const [fingerprint, der] of own) issuers.set(fingerprint, der);
  }
  return copyFrom(batch, first, new IssuerMap(issuers));
}

function copyFrom(batch: EntryBatch, first: number, issuers: IssuerMap): EntryBatch {
  const { source, encoding, seen, bytes, table, timestamps, count, firstIndex, verification } = batch;
  const builder = new EntryBatchBuilder(encoding, count - first);
  const parts: Buffer[] = [];
  let length = 0;
  for (let i = first; i < count; i++) {
    const from = i * ENTRY_COLUMNS;
    const row = builder.add(timestamps[i]);
    const own = builder.table;
    own[row + EntryColumn.Type] = table[from + EntryColumn.Type];
    own[row + EntryColumn.Problem] = table[from + EntryColumn.Problem];
    for (const column of PRINTED) {
      // The certificate of an x509_entry is the submitted DER.
      const isSubmitted = column === EntryColumn.SubmittedStart && isWholeSubmitted(batch, i);
      const part = isSubmitted ? undefined : bytes.subarray(table[from + column], table[from + column + 1]);
      own[row + column] = part === undefined ? own[row + EntryColumn.CertificateStart] : length;
      if (part !== undefined) {
        parts.push(part);
        length += part.length;
      }
      own[row + column + 1] = length;
    }
  }
  return builder.build({
    source,
    seen,
    firstIndex: firstIndex + first,
    bytes: Buffer.concat(parts),
    issuers,
    verification,
  });
}

function isWholeSubmitted({ table }: EntryBatch, i: number): boolean {
  const row = i * ENTRY_COLUMNS;
  return (
    table[row + EntryColumn.CertificateStart] === table[row + EntryColumn.SubmittedStart] &&
    table[row + EntryColumn.CertificateEnd] === table[row + EntryColumn.SubmittedEnd]
  );
}

function printedBytes(batch: EntryBatch, i: number): number {
  const { table } = batch;
  const row = i * ENTRY_COLUMNS;
  const sizes = PRINTED.map((column) => table[row + column + 1] - table[row + column]);
  return sizes[0] + (isWholeSubmitted(batch, i) ? 0 : sizes[1]) + sizes[2];
}

/** Returns the issuers of an entry that are not in `known`, up to the first unavailable one. */
function issuersOf(batch: EntryBatch, i: number, known: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  if (batch.encoding === 'get-entries') return found;
  for (const fingerprint of chainFingerprints(batch, i)) {
    const der = batch.issuers.get(fingerprint);
    if (der === undefined) break;
    if (!known.has(fingerprint)) found.set(fingerprint, der);
  }
  return found;
}
