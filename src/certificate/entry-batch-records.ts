import { sliceEntryBatch } from './entry-batch-builder.js';
import { ENTRY_COLUMNS, type EntryBatch, EntryColumn } from './entry-batch.js';

export const MAX_RECORD_ENTRIES = 256;
/** Octets that the rows refer to; the issuers of data tiles, and 48 octets of each row, come on top in a frame. */
export const MAX_RECORD_BYTES = 512 * 1024;

/**
 * A batch in parts of at most {@link MAX_RECORD_ENTRIES} entries and {@link MAX_RECORD_BYTES} octets of leaves,
 * precertificates and chains; a chain that entries of a part have in common counts once. An entry that is larger is a part of
 * its own. The parts are views on the memory of the batch.
 * @returns the batch itself when nothing has to be cut.
 */
export function recordsOf(batch: EntryBatch): readonly EntryBatch[] {
  const { count } = batch;
  if (count <= MAX_RECORD_ENTRIES && batch.bytes.length <= MAX_RECORD_BYTES) return [batch];
  const records: EntryBatch[] = [];
  for (let from = 0; from < count;) {
    const { to } = measure(batch, from, Math.min(count, from + MAX_RECORD_ENTRIES), MAX_RECORD_BYTES);
    if (from === 0 && to === count) return [batch];
    records.push(sliceEntryBatch(batch, from, to));
    from = to;
  }
  return records;
}

/** Octets of leaves, precertificates and chains that the rows of a batch refer to; a common chain counts once. */
export function usedBytes(batch: EntryBatch): number {
  return measure(batch, 0, batch.count, Infinity).bytes;
}

/** Adds up entries until `last` or until they exceed `maxBytes`, but one entry at least. `to` is where the sum ends. */
function measure(
  { table, encoding }: EntryBatch,
  from: number,
  last: number,
  maxBytes: number,
): { readonly to: number; readonly bytes: number } {
  const chains = new Set<number>();
  let chain = -1;
  let bytes = 0;
  for (let i = from; i < last; i++) {
    const row = i * ENTRY_COLUMNS;
    bytes += leafBytes(table, row);
    const chainStart = table[row + EntryColumn.ChainStart];
    // Each leaf of a tile has its own; on a page, most entries have the chain of the one before.
    if (encoding === 'data-tile' || (chainStart !== chain && !chains.has(chainStart))) {
      if (encoding === 'get-entries') chains.add(chainStart);
      bytes += table[row + EntryColumn.ChainEnd] - chainStart;
    }
    chain = chainStart;
    if (bytes > maxBytes && i > from) return { to: i, bytes };
  }
  return { to: last, bytes };
}

/** Octets of the leaf and of what was submitted, unless that lies within the leaf. */
function leafBytes(table: Uint32Array, row: number): number {
  const start = table[row + EntryColumn.TimestampedEntryStart];
  const end = table[row + EntryColumn.TimestampedEntryEnd];
  const submitted = table[row + EntryColumn.SubmittedStart];
  const isApart = submitted < start || submitted >= end;
  return end - start + (isApart ? table[row + EntryColumn.SubmittedEnd] - submitted : 0);
}
