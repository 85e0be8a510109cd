import type { EntryBatch } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import { withoutScheme } from '../../config/log-url.js';
import type { ClientCounters } from '../client-counters.js';
import type { CtLog } from '../ct-log.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { CtHttpStatusError, CtOutOfRangeError } from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import { TreeHeadRequest } from '../tree-head-request.js';
import { TreeHeadVerifier } from '../tree-head-signature.js';
import { decodeCheckpoint } from './checkpoint.js';
import { locateDataTile } from './data-tile.js';
import { HashTiles } from './hash-tiles.js';
import type { IssuerCache } from './issuer-cache.js';
import { IssuerResolver } from './issuer-resolver.js';
import { dataTilePath, TILE_WIDTH } from './tile-path.js';

/** Reads a log over its checkpoint, data tiles, hash tiles and issuers (static-ct-api). */
export class StaticCtClient implements CtLogClient {
  readonly pageSize = TILE_WIDTH;
  private readonly issuers: IssuerResolver;
  private readonly checkpoint: TreeHeadRequest;
  private readonly hashTiles = new HashTiles((path, signal, maxBytes) => this.get(path, signal, maxBytes));
  private verifier: TreeHeadVerifier | undefined;
  /** The largest tree a checkpoint of this log vouched for: tiles below it may be asked for in full. */
  private largestTree = 0;
  /** A tile that was asked for in pieces, until its last piece went out. */
  private opened: EntryBatch | undefined;
  /** Where its next piece begins. */
  private openedAt = 0;

  constructor(
    private readonly log: CtLog,
    private readonly http: CtHttp,
    private readonly counters: ClientCounters,
    issuers: IssuerCache,
  ) {
    this.issuers = new IssuerResolver(log.source.url, http, issuers, counters);
    const expected = { origin: checkpointOrigin(log) };
    this.checkpoint = new TreeHeadRequest(http, `${log.source.url}/checkpoint`, counters, (body) =>
      decodeCheckpoint(body, { ...expected, verifier: this.verifier }),
    );
  }

  async getTreeHead(signal: AbortSignal): Promise<SignedTreeHead> {
    if (this.log.key !== undefined) this.verifier ??= new TreeHeadVerifier(this.log.key);
    const head = await this.checkpoint.get(signal);
    this.largestTree = Math.max(this.largestTree, head.treeSize);
    return head;
  }

  async getEntries(start: number, end: number, treeSize: number, signal: AbortSignal): Promise<EntryBatch> {
    if (start < 0 || start >= end || end > treeSize || treeSize > this.largestTree) {
      throw new CtOutOfRangeError(start, end, Math.min(treeSize, this.largestTree));
    }
    const tileStart = start - (start % TILE_WIDTH);
    const tile = await this.openTile(tileStart, start, treeSize, signal);
    const pieceEnd = Math.min(end, tileStart + TILE_WIDTH, tile.firstIndex + tile.count);
    this.opened = pieceEnd < tile.firstIndex + tile.count ? tile : undefined;
    this.openedAt = pieceEnd;
    return sliceEntryBatch(tile, start - tile.firstIndex, pieceEnd - tile.firstIndex);
  }

  getCompactRange(size: number, head: SignedTreeHead, signal: AbortSignal): Promise<readonly Buffer[]> {
    return this.hashTiles.compactRange(size, head.treeSize, signal);
  }

  getConsistencyProof(first: number, second: number, signal: AbortSignal): Promise<readonly Buffer[]> {
    return this.hashTiles.consistencyProof(first, second, signal);
  }

  /** The tile from `start` on, and at least up to `treeSize`, with its issuers. */
  private async openTile(
    tileStart: number,
    start: number,
    treeSize: number,
    signal: AbortSignal,
  ): Promise<EntryBatch> {
    const { opened } = this;
    // What is asked for again may have been wrong: that comes from the log.
    if (opened !== undefined && start === this.openedAt) return opened;
    const width = Math.min(TILE_WIDTH, treeSize - tileStart);
    const isComplete = tileStart + TILE_WIDTH <= this.largestTree;
    const { bytes, loaded } = await this.fetchTile(
      tileStart / TILE_WIDTH,
      isComplete ? TILE_WIDTH : width,
      signal,
    );
    const head = { source: this.log.source, firstIndex: tileStart, bytes, seen: Date.now() };
    const tile = locateDataTile(bytes, tileStart, loaded).build(head);
    const wanted = sliceEntryBatch(tile, start - tileStart, width);
    return { ...wanted, issuers: await this.issuers.resolve(wanted, signal) };
  }

  /** A partial tile may be gone as soon as the full one exists: then that one, to be cut. */
  private async fetchTile(
    index: number,
    width: number,
    signal: AbortSignal,
  ): Promise<{ bytes: Buffer; loaded: number }> {
    try {
      return { bytes: await this.get(dataTilePath(index, width), signal), loaded: width };
    } catch (error) {
      const isGone = error instanceof CtHttpStatusError && error.status === 404;
      if (!isGone || width === TILE_WIDTH) throw error;
      return { bytes: await this.get(dataTilePath(index), signal), loaded: TILE_WIDTH };
    }
  }

  private get(path: string, signal: AbortSignal, maxBytes?: number): Promise<Buffer> {
    return this.http.get(`${this.log.source.url}/${path}`, { signal, counters: this.counters, maxBytes });
  }
}

/** Submission prefix without scheme and trailing slash (static-ct-api, checkpoints). */
function checkpointOrigin(log: CtLog): string | undefined {
  return log.submissionUrl && withoutScheme(log.submissionUrl).replace(/\/+$/, '');
}
