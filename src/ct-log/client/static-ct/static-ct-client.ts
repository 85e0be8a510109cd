import type { EntryBatch } from '../../../certificate/entry-batch.js';
import { withoutScheme } from '../../../config/log-url.js';
import { withoutTrailingSlashes } from '../../../kernel/trim.js';
import type { ClientServices } from '../client-services.js';
import type { CtLog } from '../ct-log.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { CtOutOfRangeError } from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import { TreeHeadRequest } from '../tree-head-request.js';
import { TreeHeadVerifier } from '../tree-head-signature.js';
import { decodeCheckpoint } from './checkpoint.js';
import { DataTiles } from './data-tiles.js';
import { HashTiles } from './hash-tiles.js';
import { IssuerResolver } from './issuer-resolver.js';
import { TILE_WIDTH } from './tile-path.js';

/** StaticCtClient reads a log from its checkpoint, data tiles, hash tiles and issuers (static-ct-api). */
export class StaticCtClient implements CtLogClient {
  readonly pageSize = TILE_WIDTH;
  private readonly tiles: DataTiles;
  private readonly checkpoint: TreeHeadRequest;
  private readonly hashTiles = new HashTiles((path, signal, maxBytes) => this.get(path, signal, maxBytes));
  private verifier: TreeHeadVerifier | undefined;

  constructor(
    private readonly log: CtLog,
    private readonly http: CtHttp,
    private readonly services: ClientServices,
  ) {
    this.tiles = new DataTiles(
      log.source,
      (path, signal, maxBytes) => this.get(path, signal, maxBytes),
      new IssuerResolver(log.source.url, http, services),
      services.problems,
    );
    const expected = { origin: checkpointOrigin(log) };
    this.checkpoint = new TreeHeadRequest(http, `${log.source.url}/checkpoint`, services.counters, (body) =>
      decodeCheckpoint(body, { ...expected, verifier: this.verifier }),
    );
  }

  async getTreeHead(signal: AbortSignal): Promise<SignedTreeHead> {
    if (this.log.key !== undefined) this.verifier ??= new TreeHeadVerifier(this.log.key);
    return this.checkpoint.get(signal);
  }

  async getEntries(start: number, end: number, treeSize: number, signal: AbortSignal): Promise<EntryBatch> {
    if (start < 0 || start >= end || end > treeSize) throw new CtOutOfRangeError(start, end, treeSize);
    return this.tiles.entries(start, end, treeSize, signal);
  }

  getCompactRange(size: number, head: SignedTreeHead, signal: AbortSignal): Promise<readonly Buffer[]> {
    return this.hashTiles.compactRange(size, head.treeSize, signal);
  }

  getConsistencyProof(first: number, second: number, signal: AbortSignal): Promise<readonly Buffer[]> {
    return this.hashTiles.consistencyProof(first, second, signal);
  }

  private get(path: string, signal: AbortSignal, maxBytes?: number): Promise<Buffer> {
    return this.http.get(`${this.log.source.url}/${path}`, {
      signal,
      counters: this.services.counters,
      maxBytes,
    });
  }
}

/** Returns the submission prefix without scheme and trailing slash (static-ct-api, checkpoints). */
function checkpointOrigin(log: CtLog): string | undefined {
  return log.submissionUrl && withoutTrailingSlashes(withoutScheme(log.submissionUrl));
}
