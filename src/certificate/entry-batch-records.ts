import { sliceEntryBatch } from './entry-batch-builder.js';
import { ENTRY_COLUMNS, type EntryBatch, EntryColumn } from './entry-batch.js';

export const MAX_RECORD_ENTRIES = 256;
/** Octets that the rows refer to. A frame also contains the issuers of data tiles and 48 octets per row. */
export const MAX_RECORD_BYTES = 512 * 1024;

/**
 * Cuts a batch into parts of at most {@link MAX_RECORD_ENTRIES} entries and {@link MAX_RECORD_BYTES} octets of leaves,
 * precertificates and chains. A chain that entries of a part share counts once. A larger entry becomes a part of its own.
 * The parts are views on the memory of the batch.
 * @returns the batch itself if one part is enough.
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

/** Returns the octets of leaves, precertificates and chains that the rows of a batch refer to. A shared chain counts once. */
export function usedBytes(batch: EntryBatch): number {
  return measure(batch, 0, batch.count, Infinity).bytes;
}

/** Adds up the sizes of at least one entry, up to `last` and up to `maxBytes`. `to` is the index after the last entry that fits. */
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
    // Every leaf of a tile has its own chain. On a page, most entries share the chain of the previous entry.
    if (encoding === 'data-tile' || (chainStart !== chain && !chains.has(chainStart))) {
      if (encoding === 'get-entries') chains.add(chainStart);
      bytes += table[row + EntryColumn.ChainEnd] - chainStart;
    }
    chain = chainStart;
    if (bytes > maxBytes && i > from) return { to: i, bytes };
  }
  return { to: last, bytes };
}

/** Returns the octets of the leaf, plus those of the submitted DER if it lies outside of the leaf. */
function leafBytes(table: Uint32Array, row: number): number {
  const start = table[row + EntryColumn.TimestampedEntryStart];
  const end = table[row + EntryColumn.TimestampedEntryEnd];
  const submitted = table[row + EntryColumn.SubmittedStart];
  const isApart = submitted < start || submitted >= end;
  return end - start + (isApart ? table[row + EntryColumn.SubmittedEnd] - submitted : 0);
}
