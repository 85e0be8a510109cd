import { hash } from 'node:crypto';

const HASH_SIZE = 32;
/** Number of hashes in a chunk: one full hash tile (static-ct-api: 256 hashes). */
export const TILE_WIDTH = 256;
const CHUNK_BYTES = TILE_WIDTH * HASH_SIZE;
const TILE_LEVELS = 6;

/** Returns the hash of a leaf (RFC 6962, 2.1): `SHA-256(0x00 || MerkleTreeLeaf)`. */
export function leafHash(leaf: Buffer): Buffer {
  const input = Buffer.allocUnsafe(leaf.length + 1);
  input[0] = 0;
  leaf.copy(input, 1);
  return hash('sha256', input, 'buffer');
}

/** Returns the hash of an inner node (RFC 6962, 2.1): `SHA-256(0x01 || left || right)`. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  const input = Buffer.allocUnsafe(1 + 2 * HASH_SIZE);
  input[0] = 1;
  left.copy(input, 1);
  right.copy(input, 1 + HASH_SIZE);
  return hash('sha256', input, 'buffer');
}

/** The complete subtrees of one height, left to right, from node index `start` on. */
interface Level {
  start: number;
  count: number;
  /** A pruned chunk is undefined. */
  chunks: (Buffer | undefined)[];
}

/**
 * Append-only Merkle tree of RFC 6962, 2.1. It keeps every complete subtree, so roots at any size, proofs and hash
 * tiles are look-ups. A tree may begin with an opaque prefix of leaves that never existed. Of the prefix it has only
 * the hashes on its right edge, which it derives from the size.
 */
export class MerkleTree {
  private readonly levels: Level[] = [];
  private leaves = 0;

  /** @param prefixSize number of opaque leaves: a multiple of 256 below 2^48. */
  constructor(readonly prefixSize = 0) {
    if (prefixSize % TILE_WIDTH !== 0)
      throw new RangeError(`prefix of ${prefixSize} leaves is not whole tiles`);
    this.leaves = prefixSize;
    if (prefixSize > 0) this.fillPrefix();
  }

  get size(): number {
    return this.leaves;
  }

  /** Creates the hashes of the rightmost, incomplete hash tile of each tile level and computes the levels between. */
  private fillPrefix(): void {
    for (let tileLevel = 0; tileLevel < TILE_LEVELS; tileLevel++) {
      const count = Math.floor(this.prefixSize / TILE_WIDTH ** tileLevel);
      const start = Math.floor(count / TILE_WIDTH) * TILE_WIDTH;
      for (let height = 0; height < 8; height++) {
        this.levels[tileLevel * 8 + height] = {
          start: start / 2 ** height,
          count: start / 2 ** height,
          chunks: [],
        };
      }
      for (let index = start; index < count; index++) {
        const opaque = hash('sha256', `${this.prefixSize} ${tileLevel} ${index}`, 'buffer');
        this.push(tileLevel * 8, opaque, tileLevel * 8 + 7);
      }
    }
  }

  append(hashOfLeaf: Buffer): void {
    this.push(0, hashOfLeaf, Number.MAX_SAFE_INTEGER);
    this.leaves++;
  }

  /** Stores a node and every parent that it completes, up to `highestLevel`. */
  private push(levelNumber: number, node: Buffer, highestLevel: number): void {
    const level = (this.levels[levelNumber] ??= { start: 0, count: 0, chunks: [] });
    const position = level.count - Math.floor(level.start / TILE_WIDTH) * TILE_WIDTH;
    const chunkNumber = Math.floor(position / TILE_WIDTH);
    const chunk = (level.chunks[chunkNumber] ??= Buffer.allocUnsafeSlow(CHUNK_BYTES));
    node.copy(chunk, (position % TILE_WIDTH) * HASH_SIZE);
    const index = level.count++;
    if (index % 2 === 1 && levelNumber < highestLevel) {
      this.push(levelNumber + 1, nodeHash(this.node(levelNumber, index - 1), node), highestLevel);
    }
  }

  /**
   * Returns the root of the complete subtree of `2^level` leaves that starts at leaf `index * 2^level`.
   * @throws RangeError when the subtree is incomplete or inside the opaque prefix.
   */
  node(levelNumber: number, index: number): Buffer {
    const level = this.levels[levelNumber];
    if (!level || index < level.start || index >= level.count) {
      throw new RangeError(`no node ${index} at level ${levelNumber}`);
    }
    const position = index - Math.floor(level.start / TILE_WIDTH) * TILE_WIDTH;
    const offset = (position % TILE_WIDTH) * HASH_SIZE;
    const chunk = level.chunks[Math.floor(position / TILE_WIDTH)];
    if (!chunk) throw new RangeError(`no node ${index} at level ${levelNumber}`);
    return chunk.subarray(offset, offset + HASH_SIZE);
  }

  /** Returns MTH(D[0:size]). */
  root(size = this.leaves): Buffer {
    if (size > this.leaves) throw new RangeError(`tree has ${this.leaves} leaves, not ${size}`);
    return size === 0 ? hash('sha256', Buffer.alloc(0), 'buffer') : this.subtree(0, size);
  }

  /** Returns MTH(D[start:end]). `start` must be a multiple of the power of two that covers the range. */
  private subtree(start: number, end: number): Buffer {
    let level = 0;
    let width = 1;
    while (width * 2 <= end - start) {
      width *= 2;
      level++;
    }
    const left = this.node(level, start / width);
    return width === end - start ? left : nodeHash(left, this.subtree(start + width, end));
  }

  /** Returns PATH(index, D[0:size]), leaf side first (RFC 6962, 2.1.1). */
  inclusionProof(index: number, size: number): Buffer[] {
    if (index < this.prefixSize || index >= size || size > this.leaves) {
      throw new RangeError(`no inclusion proof of leaf ${index} in a tree of ${size}`);
    }
    const path = (start: number, end: number): Buffer[] => {
      if (end - start === 1) return [];
      const middle = start + largestPowerOfTwoBelow(end - start);
      return index < middle
        ? [...path(start, middle), this.subtree(middle, end)]
        : [...path(middle, end), this.subtree(start, middle)];
    };
    return path(0, size);
  }

  /** Returns PROOF(first, D[0:second]) (RFC 6962, 2.1.2), which is empty for equal sizes. */
  consistencyProof(first: number, second: number): Buffer[] {
    if (first < 1 || first > second || second > this.leaves) {
      throw new RangeError(`no consistency proof from ${first} to ${second}`);
    }
    const subproof = (m: number, start: number, end: number, known: boolean): Buffer[] => {
      if (m === end - start) return known ? [] : [this.subtree(start, end)];
      const k = largestPowerOfTwoBelow(end - start);
      return m <= k
        ? [...subproof(m, start, start + k, known), this.subtree(start + k, end)]
        : [...subproof(m - k, start + k, end, false), this.subtree(start, start + k)];
    };
    return subproof(first, 0, second, true);
  }

  /** Whether at least one hash of the tile exists. Tiles inside the opaque prefix have none. */
  hasHashTile(tileLevel: number, index: number): boolean {
    const level = this.levels[tileLevel * 8];
    return level !== undefined && level.chunks[index - Math.floor(level.start / TILE_WIDTH)] !== undefined;
  }

  /** Returns the first `width` hashes of hash tile `<tileLevel>/<index>` (tlog-tiles), not copied. */
  hashTile(tileLevel: number, index: number, width: number): Buffer {
    const level = this.levels[tileLevel * 8];
    const end = index * TILE_WIDTH + width;
    const chunk = level?.chunks[index - Math.floor(level.start / TILE_WIDTH)];
    if (!level || !chunk || end > level.count)
      throw new RangeError(`no hash tile ${tileLevel}/${index}.p/${width}`);
    return chunk.subarray(0, width * HASH_SIZE);
  }

  /**
   * Removes the nodes that roots, proofs and hash tiles for leaves and sizes from `leaf` on do not need. The number
   * of remaining old nodes is logarithmic in the size of the tree.
   */
  prune(leaf: number): void {
    this.levels.forEach((level, height) => {
      const firstChunk = Math.floor(level.start / TILE_WIDTH);
      // Proofs and the right edge of trees of at least `leaf` leaves need the left neighbour.
      const needed = Math.floor((Math.floor(leaf / 2 ** height) - 1) / TILE_WIDTH) - firstChunk;
      for (let i = Math.min(needed, level.chunks.length) - 1; i >= 0 && level.chunks[i]; i--)
        level.chunks[i] = undefined;
    });
  }

  /** Returns a tree with the first `size` leaves of this one. */
  fork(size: number): MerkleTree {
    const copy = new MerkleTree(this.prefixSize);
    for (let index = this.prefixSize; index < size; index++) copy.append(this.node(0, index));
    return copy;
  }
}

/** Returns the largest power of two below `n`, for `n >= 2`. */
function largestPowerOfTwoBelow(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
