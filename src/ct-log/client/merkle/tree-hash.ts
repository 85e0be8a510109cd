import { digest } from '../../../certificate/fingerprint.js';

/** Length of a SHA-256 hash, the only hash that logs use (RFC 6962, 2.1). */
export const HASH_BYTES = 32;
/** First hashed byte of a leaf; `NODE_PREFIX` is that of an inner node. */
export const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;

const node = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX);

/** Writes `SHA-256(0x01 || children)` to `target[at..]`. @param children has the left and the right hash at `from`. */
export function writeNodeHash(target: Buffer, at: number, children: Buffer, from: number): void {
  children.copy(node, 1, from, from + 2 * HASH_BYTES);
  target.write(digest('sha256', node), at, HASH_BYTES, 'latin1');
}

/** Returns the hash of an inner node (RFC 6962, 2.1). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(node, 1);
  right.copy(node, 1 + HASH_BYTES);
  return Buffer.from(digest('sha256', node), 'latin1');
}

/** Returns the hash of a leaf: `SHA-256(0x00 || MerkleTreeLeaf)` (RFC 6962, 2.1). */
export function leafHash(leaf: Buffer): Buffer {
  const input = Buffer.allocUnsafe(1 + leaf.length);
  input[0] = LEAF_PREFIX;
  leaf.copy(input, 1);
  return Buffer.from(digest('sha256', input), 'latin1');
}

/** Returns the root of the tree without leaves: the hash of the empty string. */
export function emptyRoot(): Buffer {
  return Buffer.from(digest('sha256', Buffer.alloc(0)), 'latin1');
}
