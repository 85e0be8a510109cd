import { digest } from '../../../certificate/fingerprint.js';

/** SHA-256, the only hash that logs use (RFC 6962, 2.1). */
export const HASH_BYTES = 32;
/** First byte of what is hashed for a leaf and for an inner node. */
export const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;

const node = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX);

/** `SHA-256(0x01 || children)`, written to `target[at..]`. @param children 64 bytes at `from`: left, right. */
export function writeNodeHash(target: Buffer, at: number, children: Buffer, from: number): void {
  children.copy(node, 1, from, from + 2 * HASH_BYTES);
  target.write(digest('sha256', node), at, HASH_BYTES, 'latin1');
}

/** Hash of an inner node (RFC 6962, 2.1). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(node, 1);
  right.copy(node, 1 + HASH_BYTES);
  return Buffer.from(digest('sha256', node), 'latin1');
}

/** Hash of one leaf: `SHA-256(0x00 || MerkleTreeLeaf)` (RFC 6962, 2.1). */
export function leafHash(leaf: Buffer): Buffer {
  const input = Buffer.allocUnsafe(1 + leaf.length);
  input[0] = LEAF_PREFIX;
  leaf.copy(input, 1);
  return Buffer.from(digest('sha256', input), 'latin1');
}

/** Root of the tree without leaves: the hash of nothing. */
export function emptyRoot(): Buffer {
  return Buffer.from(digest('sha256', Buffer.alloc(0)), 'latin1');
}
