import { ENTRY_COLUMNS, type EntryBatch, EntryColumn } from './entry-batch.js';
import { FINGERPRINT_BYTES } from './issuer-map.js';
import { MAX_CHAIN_CERTIFICATES } from './text-limits.js';

/** Entries of a data tile; their issuers need not be known. */
export type DataTileRows = Pick<EntryBatch, 'bytes' | 'table' | 'count'>;

/** Returns the fingerprints in the chain of entry `i` as keys of an IssuerMap, without those beyond the printed part of the chain. */
export function chainFingerprints({ bytes, table }: DataTileRows, i: number): string[] {
  const row = i * ENTRY_COLUMNS;
  const end = printedEnd(table, row);
  const chain: string[] = [];
  for (let at = table[row + EntryColumn.ChainStart]; at + FINGERPRINT_BYTES <= end; at += FINGERPRINT_BYTES) {
    chain.push(bytes.toString('latin1', at, at + FINGERPRINT_BYTES));
  }
  return chain;
}

/** Returns the set of fingerprints in the chains of all entries. */
export function allFingerprints({ bytes, table, count }: DataTileRows): Set<string> {
  const all = new Set<string>();
  // Position of the last fingerprint with each first octet. A few issuers sign most of a tile, and comparing is cheaper than a string.
  const last = new Int32Array(256).fill(-1);
  for (let row = 0; row < count * ENTRY_COLUMNS; row += ENTRY_COLUMNS) {
    const end = printedEnd(table, row);
    for (
      let at = table[row + EntryColumn.ChainStart];
      at + FINGERPRINT_BYTES <= end;
      at += FINGERPRINT_BYTES
    ) {
      const known = last[bytes[at]];
      if (known >= 0 && isSame(bytes, known, at)) continue;
      last[bytes[at]] = at;
      all.add(bytes.toString('latin1', at, at + FINGERPRINT_BYTES));
    }
  }
  return all;
}

function printedEnd(table: Uint32Array, row: number): number {
  const start = table[row + EntryColumn.ChainStart];
  return Math.min(table[row + EntryColumn.ChainEnd], start + MAX_CHAIN_CERTIFICATES * FINGERPRINT_BYTES);
}

function isSame(bytes: Buffer, one: number, other: number): boolean {
  for (let i = 1; i < FINGERPRINT_BYTES; i++) if (bytes[one + i] !== bytes[other + i]) return false;
  return true;
}
