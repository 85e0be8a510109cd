import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { ClientCounters } from '../client-counters.js';
import type { CtLog } from '../ct-log.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import {
  CtHttpStatusError,
  CtLeafIndexError,
  CtMalformedError,
  CtOutOfRangeError,
  CtTooLargeError,
} from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import { DataTiles } from '../static-ct/data-tiles.js';
import type { IssuerCache } from '../static-ct/issuer-cache.js';
import { IssuerResolver } from '../static-ct/issuer-resolver.js';
import { TILE_WIDTH } from '../static-ct/tile-path.js';
import { Rfc6962Client } from './rfc6962-client.js';

/** After a tile that was not there or damaged, so many pages come over get-entries before the next tile is tried. */
const PAGES_WITHOUT_TILES = 64;

/**
 * Reads a log that has tree heads and proofs of RFC 6962 and, under the same URL, data tiles and issuers of
 * static-ct-api. Full tiles cost it and us a third of a page; what is not in one comes over get-entries.
 */
export class HybridClient implements CtLogClient {
  private readonly pages: Rfc6962Client;
  private readonly tiles: DataTiles;
  private pagesToGo = 0;

  constructor(log: CtLog, http: CtHttp, counters: ClientCounters, issuers: IssuerCache) {
    const { url } = log.source;
    this.pages = new Rfc6962Client(log, http, counters);
    this.tiles = new DataTiles(
      log.source,
      (path, signal, maxBytes) => http.get(`${url}/${path}`, { signal, counters, maxBytes }),
      new IssuerResolver(url, http, issuers, counters),
    );
  }

  get pageSize(): number | undefined {
    return this.pagesToGo > 0 ? this.pages.pageSize : TILE_WIDTH;
  }

  getTreeHead(signal: AbortSignal): Promise<SignedTreeHead> {
    return this.pages.getTreeHead(signal);
  }

  async getEntries(start: number, end: number, treeSize: number, signal: AbortSignal): Promise<EntryBatch> {
    if (start < 0 || start >= end || end > treeSize) throw new CtOutOfRangeError(start, end, treeSize);
    const isFull = start - (start % TILE_WIDTH) + TILE_WIDTH <= treeSize;
    if (!isFull || this.pagesToGo > 0) {
      this.pagesToGo = Math.max(0, this.pagesToGo - 1);
      return this.pages.getEntries(start, end, treeSize, signal);
    }
    try {
      return await this.tiles.entries(start, end, treeSize, signal);
    } catch (error) {
      if (!isUnusable(error)) throw error;
      this.pagesToGo = PAGES_WITHOUT_TILES;
      return this.pages.getEntries(start, end, treeSize, signal);
    }
  }

  getCompactRange(size: number, head: SignedTreeHead, signal: AbortSignal): Promise<readonly Buffer[]> {
    return this.pages.getCompactRange(size, head, signal);
  }

  getConsistencyProof(first: number, second: number, signal: AbortSignal): Promise<readonly Buffer[]> {
    return this.pages.getConsistencyProof(first, second, signal);
  }
}

/** Whether it is the tile that cannot be had, and not the log. */
function isUnusable(error: unknown): boolean {
  if (error instanceof CtHttpStatusError) return error.code !== 'CT_RATE_LIMITED';
  return [CtMalformedError, CtLeafIndexError, CtTooLargeError].some((kind) => error instanceof kind);
}
