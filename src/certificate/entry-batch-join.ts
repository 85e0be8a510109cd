import { ENTRY_COLUMNS, type EntryBatch, EntryColumn } from './entry-batch.js';
import { IssuerMap, NO_ISSUERS } from './issuer-map.js';
import { PackedRows } from './packed-rows.js';

/** Columns at which a range of octets begins. The end is in the next column. */
const RANGES = [EntryColumn.CertificateStart, EntryColumn.SubmittedStart, EntryColumn.ChainStart];

/** Returns a copy of a batch with memory of its own, which has no octets but those of its entries. The issuers are shared. */
export function copyEntryBatch(batch: EntryBatch): EntryBatch {
  const rows = new PackedRows(batch);
  const bytes = Buffer.allocUnsafeSlow(rows.length);
  rows.copyTo(bytes, 0);
  return { ...batch, bytes, table: rows.table, timestamps: batch.timestamps.slice() };
}

/** Whether `next` continues `batch`, so that both can be joined. */
export function isContinuedBy(batch: EntryBatch, next: EntryBatch): boolean {
  return (
    next.firstIndex === batch.firstIndex + batch.count &&
    next.encoding === batch.encoding &&
    next.verification === batch.verification &&
    next.source.url === batch.source.url
  );
}

/**
 * Joins batches of which each continues the one before it. `seen` is the time of the last one.
 * @returns the batch itself if there is one only.
 */
export function joinEntryBatches(batches: readonly EntryBatch[]): EntryBatch {
  const last = batches[batches.length - 1];
  if (batches.length === 1) return last;
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const table = new Uint32Array(count * ENTRY_COLUMNS);
  const timestamps = new Float64Array(count);
  let row = 0;
  let shift = 0;
  for (const batch of batches) {
    timestamps.set(batch.timestamps, row / ENTRY_COLUMNS);
    table.set(batch.table, row);
    for (const end = row + batch.count * ENTRY_COLUMNS; row < end; row += ENTRY_COLUMNS)
      moveRow(table, row, shift);
    shift += batch.bytes.length;
  }
  const { source, encoding, seen, verification } = last;
  const bytes = Buffer.concat(batches.map((batch) => batch.bytes));
  const issuers = joinIssuers(batches.map((batch) => batch.issuers));
  const { firstIndex } = batches[0];
  return { source, encoding, firstIndex, count, bytes, table, timestamps, seen, issuers, verification };
}

function moveRow(table: Uint32Array, row: number, shift: number): void {
  const leaf = row + EntryColumn.TimestampedEntryStart;
  // A leaf that could not be located is [0, 0).
  if (table[leaf] > 0 || table[leaf + 1] > 0) move(table, leaf, shift);
  for (const column of RANGES)
    if (table[row + column] !== table[row + column + 1]) move(table, row + column, shift);
}

function move(table: Uint32Array, column: number, shift: number): void {
  table[column] += shift;
  table[column + 1] += shift;
}

function joinIssuers(maps: readonly IssuerMap[]): IssuerMap {
  const distinct = [...new Set(maps)].filter(({ size }) => size > 0);
  if (distinct.length <= 1) return distinct[0] ?? NO_ISSUERS;
  return IssuerMap.union(distinct);
}
