import { type EntryBatch, ENTRY_COLUMNS, EntryColumn } from '../../certificate/entry-batch.js';
import { digest } from '../../certificate/fingerprint.js';
import { CHUNK_ENTRIES, HashChunks } from './hash-chunks.js';
import type { ScanTarget } from './journal-scan.js';

export type DigestAlgorithm = 'sha1' | 'sha256';

export const DIGEST_BYTES: Readonly<Record<DigestAlgorithm, number>> = { sha1: 20, sha256: 32 };

/** Octets to hash in one step, plus one certificate. */
const STEP_BYTES = 64 * 1024;
/** Bound on the memory of one index: 52 MiB. */
const MAX_CHUNKS = 32;
/** Entries that an index holds at most. */
export const INDEX_CAPACITY = MAX_CHUNKS * CHUNK_ENTRIES;

/** Finds the entries of the journal by the digest of the submitted certificate. */
export class DigestIndex implements ScanTarget {
  readonly chunks: HashChunks;

  constructor(private readonly algorithm: DigestAlgorithm) {
    this.chunks = new HashChunks(DIGEST_BYTES[algorithm], MAX_CHUNKS);
  }

  add(seq: number, { bytes, table, count }: EntryBatch, from: number): number {
    let hashed = 0;
    let position = from;
    for (; position < count && hashed < STEP_BYTES; position++) {
      const row = position * ENTRY_COLUMNS;
      const der = bytes.subarray(
        table[row + EntryColumn.SubmittedStart],
        table[row + EntryColumn.SubmittedEnd],
      );
      if (der.length === 0) continue;
      this.chunks.add(digest(this.algorithm, der), { seq, position });
      hashed += der.length;
    }
    return position;
  }

  dropBefore(seq: number): void {
    this.chunks.dropBefore(seq);
  }
}
