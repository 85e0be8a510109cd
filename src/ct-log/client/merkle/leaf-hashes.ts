import { digest } from '../../../certificate/fingerprint.js';
import { ENTRY_COLUMNS, type EntryBatch, EntryColumn } from '../../../certificate/entry-batch.js';
import { HASH_BYTES, LEAF_PREFIX } from './tree-hash.js';

/** Length of version and leaf_type, which a TileLeaf omits (static-ct-api). */
const LEAF_HEAD_BYTES = 2;

/** `0x00 || MerkleTreeLeaf` of the current entry. */
const scratch = Buffer.alloc(64 * 1024);

/**
 * Returns the leaf hashes of a batch, 32 bytes each. For get-entries it hashes the unchanged `leaf_input`, malformed or not; for
 * data tiles the MerkleTreeLeaf of the TimestampedEntry.
 */
export function leafHashes(batch: EntryBatch): Buffer {
  const { bytes, count, table } = batch;
  const isTiled = batch.encoding === 'data-tile';
  const hashes = Buffer.allocUnsafe(count * HASH_BYTES);
  for (let i = 0; i < count; i++) {
    const row = i * ENTRY_COLUMNS;
    const start = table[row + EntryColumn.TimestampedEntryStart];
    const end = table[row + EntryColumn.TimestampedEntryEnd];
    const length = 1 + LEAF_HEAD_BYTES + end - start;
    const hashed = length > scratch.length ? Buffer.allocUnsafeSlow(length) : scratch;
    hashed[0] = LEAF_PREFIX;
    if (isTiled) {
      hashed[1] = 0;
      hashed[2] = 0;
      bytes.copy(hashed, 1 + LEAF_HEAD_BYTES, start, end);
    } else bytes.copy(hashed, 1, start - LEAF_HEAD_BYTES, end);
    hashes.write(digest('sha256', hashed.subarray(0, length)), i * HASH_BYTES, HASH_BYTES, 'latin1');
  }
  return hashes;
}
