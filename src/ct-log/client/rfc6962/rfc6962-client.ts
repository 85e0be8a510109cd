import type { EntryBatch } from '../../../certificate/entry-batch.js';
import { maxAnswerBytes } from '../answer-limit.js';
import type { ClientServices } from '../client-services.js';
import type { CtLog } from '../ct-log.js';
import type { CtLogClient, SignedTreeHead } from '../ct-log-client.js';
import { CtLogError, CtMalformedError, CtOutOfRangeError } from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import { TreeHeadRequest } from '../tree-head-request.js';
import { TreeHeadVerifier } from '../tree-head-signature.js';
import { decodeGetEntriesPage } from './get-entries-page.js';
import { locateEntries } from './merkle-tree-leaf.js';
import { PageSize } from './page-size.js';
import { RequestSizes } from './request-sizes.js';
import { Rfc6962Proofs } from './rfc6962-proofs.js';
import { decodeSignedTreeHead } from './signed-tree-head.js';

const SMALLER_PAGES = 'CT_SMALLER_PAGES';

/** Rfc6962Client reads a log with `get-sth`, `get-entries` and the requests for proofs (RFC 6962, 4). */
export class Rfc6962Client implements CtLogClient {
  private readonly page = new PageSize();
  private readonly sizes = new RequestSizes();
  private readonly proofs = new Rfc6962Proofs((path, signal, maxBytes) => this.get(path, signal, maxBytes));
  private readonly sth: TreeHeadRequest;
  private verifier: TreeHeadVerifier | undefined;

  constructor(
    private readonly log: CtLog,
    private readonly http: CtHttp,
    private readonly services: Pick<ClientServices, 'counters' | 'problems'>,
  ) {
    const { counters } = services;
    this.sth = new TreeHeadRequest(http, `${log.source.url}/ct/v1/get-sth`, counters, (body) =>
      decodeSignedTreeHead(body, this.verifier),
    );
  }

  get pageSize(): number | undefined {
    const { value } = this.page;
    const { limit } = this.sizes;
    return value === undefined || limit === undefined ? (value ?? limit) : Math.min(value, limit);
  }

  async getTreeHead(signal: AbortSignal): Promise<SignedTreeHead> {
    if (this.log.key !== undefined) this.verifier ??= new TreeHeadVerifier(this.log.key);
    return this.sth.get(signal);
  }

  async getEntries(start: number, end: number, treeSize: number, signal: AbortSignal): Promise<EntryBatch> {
    if (start < 0 || start >= end || end > treeSize) throw new CtOutOfRangeError(start, end, treeSize);
    for (let to = this.sizes.cut(start, this.page.cut(start, end)); ;) {
      try {
        return await this.ask(start, to, signal);
      } catch (error) {
        const smaller = this.sizes.withoutTry(start, to - start, error);
        if (smaller === undefined) throw this.divided(start, to, error);
        if (error instanceof CtLogError) this.services.problems.count(error.code);
        to = smaller;
      }
    }
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
      counters: this.services.counters,
      maxBytes,
    });
  }

  /** Requests the entries [start, to). @returns all of them or the first ones. */
  private async ask(start: number, to: number, signal: AbortSignal): Promise<EntryBatch> {
    const asked = to - start;
    const page = await this.http.read(
      `${this.log.source.url}/ct/v1/get-entries?start=${start}&end=${to - 1}`,
      { signal, counters: this.services.counters, maxBytes: maxAnswerBytes(asked) },
      (body) => decodeGetEntriesPage(body, asked),
    );
    const { count } = page;
    if (count === 0) {
      throw new CtMalformedError('PAGE', `the answer for ${asked} entries from ${start} on has no entries`);
    }
    this.page.observe(start, asked, count);
    this.noteLimit(() => this.sizes.succeeded(start, asked, count));
    return locateEntries(page).build({
      source: this.log.source,
      firstIndex: start,
      bytes: page.bytes,
      seen: Date.now(),
    });
  }

  private divided(start: number, to: number, error: unknown): unknown {
    const next = this.sizes.failed(start, to - start, error);
    if (error instanceof CtLogError) error.entries = { to, next };
    return error;
  }

  /** Reports once that the log refuses larger requests, and when it accepts them again. */
  private noteLimit(change: () => void): void {
    const before = this.sizes.limit;
    change();
    const { limit } = this.sizes;
    if (before === undefined && limit !== undefined)
      this.services.problems.note(
        SMALLER_PAGES,
        `requests are limited to ${limit} entries, because larger ones failed`,
      );
    if (before !== undefined && limit === undefined) this.services.problems.settled(SMALLER_PAGES);
  }
}
