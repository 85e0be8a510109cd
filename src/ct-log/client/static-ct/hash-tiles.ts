import { CtMalformedError, CtOutOfRangeError, isAbsent } from '../ct-log-error.js';
import { CompactRange } from '../merkle/compact-range.js';
import { HASH_BYTES } from '../merkle/tree-hash.js';
import {
  consistencyProofRanges,
  foldNodes,
  type LeafRange,
  nodesOf,
  type TreeNode,
} from '../merkle/tree-nodes.js';
import { hashTilePath, TILE_WIDTH } from './tile-path.js';

/** Hash tiles of levels 0 to 5 cover trees of 2^48 entries (static-ct-api). */
const MAX_TREE_SIZE = 2 ** 48;
const TILE_HEIGHT = 8;
/** The right edge has one tile per level and a proof needs two. The next proof uses the tiles of the last one. */
const CACHED_TILES = 12;

/** Fetches a path below the monitoring prefix. A body larger than `maxBytes` is refused. */
export type GetTile = (path: string, signal: AbortSignal, maxBytes: number) => Promise<Buffer>;

/** HashTiles reads nodes of the Merkle tree of a log from its hash tiles (static-ct-api, tlog-tiles). */
export class HashTiles {
  private readonly cache = new Map<string, Buffer>();
  /** Sizes of trees whose consistency proof was computed from the cached tiles. */
  private readonly proved = new Set<number>();

  constructor(private readonly get: GetTile) {}

  /** @throws CtLogError. The hashes are not authenticated. */
  async compactRange(size: number, treeSize: number, signal: AbortSignal): Promise<Buffer[]> {
    checkSizes(size, treeSize);
    return this.nodes({ start: 0, end: size }, treeSize, signal);
  }

  /** @throws CtLogError. The hashes are not authenticated. */
  async consistencyProof(first: number, second: number, signal: AbortSignal): Promise<Buffer[]> {
    checkSizes(first, second);
    if (first === 0 || first === second) return [];
    this.distrust(first);
    const proof: Buffer[] = [];
    for (const range of consistencyProofRanges(first, second)) {
      proof.push(foldNodes(range.end - range.start, await this.nodes(range, second, signal)));
    }
    return proof;
  }

  /** Clears the cache if the proof is requested again: it failed, so its tiles may have been damaged in transit. */
  private distrust(first: number): void {
    if (this.proved.has(first) || this.proved.size >= CACHED_TILES) {
      this.cache.clear();
      this.proved.clear();
    }
    this.proved.add(first);
  }

  private async nodes(range: LeafRange, treeSize: number, signal: AbortSignal): Promise<Buffer[]> {
    const hashes: Buffer[] = [];
    for (const node of nodesOf(range)) hashes.push(await this.node(node, treeSize, signal));
    return hashes;
  }

  private async node({ height, index }: TreeNode, treeSize: number, signal: AbortSignal): Promise<Buffer> {
    const level = Math.floor(height / TILE_HEIGHT);
    const width = 2 ** (height % TILE_HEIGHT);
    const first = index * width;
    const tileIndex = Math.floor(first / TILE_WIDTH);
    const inTree = Math.floor(treeSize / TILE_WIDTH ** level) - tileIndex * TILE_WIDTH;
    const tile = await this.tile(level, tileIndex, Math.min(TILE_WIDTH, inTree), signal);
    const offset = first % TILE_WIDTH;
    const subtree = new CompactRange();
    subtree.append(tile, offset, offset + width);
    return subtree.root();
  }

  private async tile(level: number, index: number, width: number, signal: AbortSignal): Promise<Buffer> {
    const path = hashTilePath(level, index, width);
    const known = this.cache.get(path);
    if (known !== undefined) return known;
    const tile = await this.fetch(path, width, hashTilePath(level, index), signal);
    this.cache.set(path, tile);
    if (this.cache.size > CACHED_TILES) this.cache.delete(this.cache.keys().next().value as string);
    return tile;
  }

  /** Fetches a tile. A partial tile may be removed when the full one exists: then it fetches the full one. */
  private async fetch(path: string, width: number, full: string, signal: AbortSignal): Promise<Buffer> {
    try {
      return await this.fetchExactly(path, width, signal);
    } catch (error) {
      if (!isAbsent(error) || path === full) throw error;
      return (await this.fetchExactly(full, TILE_WIDTH, signal)).subarray(0, width * HASH_BYTES);
    }
  }

  private async fetchExactly(path: string, width: number, signal: AbortSignal): Promise<Buffer> {
    const bytes = await this.get(path, signal, TILE_WIDTH * HASH_BYTES);
    if (bytes.length === width * HASH_BYTES) return bytes;
    throw new CtMalformedError(
      'TILE',
      `the hash tile ${path} has ${bytes.length} bytes instead of ${width} hashes`,
    );
  }
}

function checkSizes(size: number, treeSize: number): void {
  if (!Number.isSafeInteger(size) || size < 0 || size > treeSize || treeSize >= MAX_TREE_SIZE) {
    throw new CtOutOfRangeError(0, size, treeSize);
  }
}
