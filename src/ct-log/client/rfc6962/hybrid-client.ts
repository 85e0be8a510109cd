import type { EntryBatch } from '../../../certificate/entry-batch.js';
import type { ClientServices } from '../client-services.js';
import type { CtLog } from '../ct-log.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import {
  CtAbortedError,
  CtLeafIndexError,
  CtLogError,
  CtMalformedError,
  CtOutOfRangeError,
  CtTooLargeError,
  isAbsent,
  isRateLimited,
} from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import { DataTiles } from '../static-ct/data-tiles.js';
import { IssuerResolver } from '../static-ct/issuer-resolver.js';
import { TILE_WIDTH } from '../static-ct/tile-path.js';
import { Rfc6962Client } from './rfc6962-client.js';

/**
 * Pages to fetch with get-entries after a missing or damaged tile, before the next tile is tried. After a temporary failure it is
 * one page; the number doubles with each failure in a row.
 */
const PAGES_WITHOUT_TILES = 64;

/**
 * HybridClient reads a log that serves tree heads and proofs of RFC 6962 and, under the same URL, data tiles and issuers of
 * static-ct-api. A full tile costs the log and this server a third of a page. Other entries are fetched with get-entries.
 */
export class HybridClient implements CtLogClient {
  private readonly pages: Rfc6962Client;
  private readonly tiles: DataTiles;
  private pagesToGo = 0;
  /** Failed tiles since the last fetched one. */
  private failures = 0;

  constructor(
    log: CtLog,
    http: CtHttp,
    private readonly services: ClientServices,
  ) {
    const { url } = log.source;
    const { counters } = services;
    this.pages = new Rfc6962Client(log, http, services);
    this.tiles = new DataTiles(
      log.source,
      (path, signal, maxBytes) => http.get(`${url}/${path}`, { signal, counters, maxBytes }),
      new IssuerResolver(url, http, services),
      services.problems,
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
      const batch = await this.tiles.entries(start, end, treeSize, signal);
      this.failures = 0;
      return batch;
    } catch (error) {
      if (isRateLimited(error) || error instanceof CtAbortedError) throw error;
      if (error instanceof CtLogError) this.services.problems.count(error.code);
      this.pagesToGo = isUnusable(error)
        ? PAGES_WITHOUT_TILES
        : Math.min(PAGES_WITHOUT_TILES, 2 ** this.failures++);
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

/** Whether the next try would fail too. */
function isUnusable(error: unknown): boolean {
  return (
    isAbsent(error) ||
    [CtMalformedError, CtLeafIndexError, CtTooLargeError].some((kind) => error instanceof kind)
  );
}
