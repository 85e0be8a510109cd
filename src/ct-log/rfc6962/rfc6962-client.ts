import type { EntryBatch } from '../../certificate/entry-batch.js';
import { maxAnswerBytes } from '../answer-limit.js';
import type { ClientCounters } from '../client-counters.js';
import type { CtLog } from '../ct-log.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { CtMalformedError, CtOutOfRangeError } from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import { TreeHeadRequest } from '../tree-head-request.js';
import { TreeHeadVerifier } from '../tree-head-signature.js';
import { decodeGetEntriesPage } from './get-entries-page.js';
import { locateEntries } from './merkle-tree-leaf.js';
import { PageSize } from './page-size.js';
import { Rfc6962Proofs } from './rfc6962-proofs.js';
import { decodeSignedTreeHead } from './signed-tree-head.js';

/** Reads a log over `get-sth`, `get-entries` and the requests for proofs (RFC 6962, 4). */
export class Rfc6962Client implements CtLogClient {
  private readonly page = new PageSize();
  private readonly proofs = new Rfc6962Proofs((path, signal, maxBytes) => this.get(path, signal, maxBytes));
  private readonly sth: TreeHeadRequest;
  private verifier: TreeHeadVerifier | undefined;

  constructor(
    private readonly log: CtLog,
    private readonly http: CtHttp,
    private readonly counters: ClientCounters,
  ) {
    this.sth = new TreeHeadRequest(http, `${log.source.url}/ct/v1/get-sth`, counters, (body) =>
      decodeSignedTreeHead(body, this.verifier),
    );
  }

  get pageSize(): number | undefined {
    return this.page.value;
  }

  async getTreeHead(signal: AbortSignal): Promise<SignedTreeHead> {
    if (this.log.key !== undefined) this.verifier ??= new TreeHeadVerifier(this.log.key);
    return this.sth.get(signal);
  }

  async getEntries(start: number, end: number, treeSize: number, signal: AbortSignal): Promise<EntryBatch> {
    if (start < 0 || start >= end || end > treeSize) throw new CtOutOfRangeError(start, end, treeSize);
    const cut = this.page.cut(start, end);
    const asked = cut - start;
    const page = await this.http.read(
      `${this.log.source.url}/ct/v1/get-entries?start=${start}&end=${cut - 1}`,
      { signal, counters: this.counters, maxBytes: maxAnswerBytes(asked) },
      (body) => decodeGetEntriesPage(body, asked),
    );
    const { count } = page;
    if (count === 0) {
      throw new CtMalformedError('PAGE', `no entries came from ${start} on, ${asked} were asked for`);
    }
    this.page.observe(start, asked, count);
    return locateEntries(page).build({
      source: this.log.source,
      firstIndex: start,
      bytes: page.bytes,
      seen: Date.now(),
    });
  }

  getCompactRange(size: number, head: SignedTreeHead, signal: AbortSignal): Promise<readonly Buffer[]> {
    return this.proofs.compactRange(size, head.treeSize, signal);
  }

  getConsistencyProof(first: number, second: number, signal: AbortSignal): Promise<readonly Buffer[]> {
    return this.proofs.consistencyProof(first, second, signal);
  }

  private get(path: string, signal: AbortSignal, maxBytes?: number): Promise<Buffer> {
    return this.http.get(`${this.log.source.url}/ct/v1/${path}`, {
      signal,
      counters: this.counters,
      maxBytes,
    });
  }
}
