import { ENTRY_COLUMNS, type EntryBatch, EntryColumn } from './entry-batch.js';
import { FINGERPRINT_BYTES } from './issuer-map.js';
import { MAX_CHAIN_CERTIFICATES } from './text-limits.js';

/** Entries of data tiles whose issuers need not be known. */
export type DataTileRows = Pick<EntryBatch, 'bytes' | 'table' | 'count'>;

/** The fingerprints in the chain of entry `i`, as keys of an IssuerMap. Those that are never printed are left out. */
export function chainFingerprints({ bytes, table }: DataTileRows, i: number): string[] {
  const row = i * ENTRY_COLUMNS;
  const start = table[row + EntryColumn.ChainStart];
  const end = Math.min(table[row + EntryColumn.ChainEnd], start + MAX_CHAIN_CERTIFICATES * FINGERPRINT_BYTES);
  const chain: string[] = [];
  for (let at = start; at + FINGERPRINT_BYTES <= end; at += FINGERPRINT_BYTES) {
    chain.push(bytes.toString('latin1', at, at + FINGERPRINT_BYTES));
  }
  return chain;
}

/** The fingerprints in the chains of all entries, each once. */
export function allFingerprints(rows: DataTileRows): Set<string> {
  const all = new Set<string>();
  for (let i = 0; i < rows.count; i++) {
    for (const fingerprint of chainFingerprints(rows, i)) all.add(fingerprint);
  }
  return all;
}
