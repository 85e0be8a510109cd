import { hash } from 'node:crypto';
import { allFingerprints, chainFingerprints } from '../../../certificate/chain-fingerprints.js';
import type { EntryBatch } from '../../../certificate/entry-batch.js';
import { IssuerMap } from '../../../certificate/issuer-map.js';
import type { ClientServices } from '../client-services.js';
import {
  CtAbortedError,
  CtLogError,
  CtMalformedError,
  CtNoRoomError,
  CtTimeoutError,
  CtTooLargeError,
  isAbsent,
  isOverloaded,
} from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import { IssuerDeadline } from './issuer-deadline.js';
import { IssuerPatience } from './issuer-patience.js';

const MAX_ISSUER_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 5000;
const MOST_PARALLEL = 4;
/** Requests at a time to a log that has served no issuer, and after it refused one. A web server may refuse many at once, such as nginx with `limit_req`. */
const FIRST_PARALLEL = 2;
/** Maximum number of requests per batch. A real tile names a handful of issuers; further ones are not requested. */
const MAX_FETCHES_PER_BATCH = 512;
/** Maximum number of bytes of issuers per batch. The cache holds far more, so that the issuers of one try are still there at the next. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Tries if the bytes have another fingerprint: they may have been damaged in transit. */
const TRIES_FOR_RIGHT_BYTES = 2;
const MISSING = 'CT_ISSUER_MISSING';

/** The results of the requests for the issuers of a batch. */
interface Answers {
  readonly found: Map<string, Buffer>;
  /** Issuers that the log does not have or serves with wrong bytes, and issuers beyond {@link MAX_BATCH_BYTES}. */
  readonly absent: Set<string>;
  /** Bytes of the found issuers. */
  bytes: number;
  /** The error after which the other issuers may be served at the next try. */
  failure: unknown;
}

/** IssuerResolver fetches the issuers that the chains of a static-ct log name: `GET <monitoring>/issuer/<hex>`. */
export class IssuerResolver {
  private readonly patience: IssuerPatience;
  /** Maximum number of requests at a time. It grows with each served issuer. */
  private parallel = FIRST_PARALLEL;

  constructor(
    private readonly url: string,
    private readonly http: CtHttp,
    private readonly services: ClientServices,
  ) {
    this.patience = new IssuerPatience(services.issuerPatience);
  }

  /**
   * Returns the issuers of the batch. Entries whose chain names an unavailable issuer are counted. Batches of the next minute do
   * not request that issuer again.
   * @throws the error of a request while another try may succeed and the patience lasts; the next try does not request the fetched
   * issuers again. CtAbortedError if `signal` was aborted while issuers are missing.
   */
  async resolve(batch: EntryBatch, signal: AbortSignal): Promise<IssuerMap> {
    const { issuers } = this.services;
    const found = new Map<string, Buffer>();
    const missing: string[] = [];
    for (const fingerprint of allFingerprints(batch)) {
      const der = issuers.get(fingerprint);
      if (der !== undefined) found.set(fingerprint, der);
      else missing.push(fingerprint);
    }
    if (missing.length === 0) return new IssuerMap(found);
    const open = missing.filter((fingerprint) => !issuers.hasFailed(this.url, fingerprint));
    // An issuer that failed must not keep the others waiting.
    const wanted = this.patience.waitedForLast(open).slice(0, MAX_FETCHES_PER_BATCH);
    const known = found.size;
    const { absent, failure } = await this.fetchAll(wanted, found, signal);
    const failed = wanted.filter((fingerprint) => !found.has(fingerprint) && !absent.has(fingerprint));
    if (signal.aborted && failed.length > 0) throw new CtAbortedError(this.url);
    if (failed.length > 0) {
      const isNearer = found.size > known || absent.size > 0;
      // The log would have served the issuer, so this try does not count against the patience.
      if (failure instanceof CtNoRoomError) throw failedFor(batch, failure, isNearer);
      this.giveUp(failed, () => failedFor(batch, failure, isNearer));
    }
    this.noteMissing(
      batch,
      missing.filter((fingerprint) => !found.has(fingerprint)),
      found,
    );
    return new IssuerMap(found);
  }

  private async fetchAll(
    wanted: readonly string[],
    found: Map<string, Buffer>,
    signal: AbortSignal,
  ): Promise<Answers> {
    const answers: Answers = { found, absent: new Set(), bytes: 0, failure: undefined };
    for (const { length } of found.values()) answers.bytes += length;
    if (signal.aborted || wanted.length === 0) return answers;
    const deadline = new IssuerDeadline(signal);
    const queue = wanted.values();
    const workers: Promise<void>[] = [];
    const work = async (): Promise<void> => {
      for (const fingerprint of queue) {
        if (answers.bytes < MAX_BATCH_BYTES) await this.fetch(fingerprint, answers, deadline);
        else answers.absent.add(fingerprint);
        if (answers.failure !== undefined) return;
        start();
      }
    };
    const start = (): void => {
      while (workers.length < Math.min(this.parallel, wanted.length)) workers.push(work());
    };
    try {
      start();
      // The array grows meanwhile.
      for (const worker of workers) await worker;
    } finally {
      deadline.close();
    }
    return answers;
  }

  private async fetch(fingerprint: string, answers: Answers, deadline: IssuerDeadline): Promise<void> {
    const { issuers } = this.services;
    try {
      // Another batch may have fetched it meanwhile.
      const der = issuers.get(fingerprint) ?? (await this.ask(fingerprint, deadline));
      if (der === undefined) {
        answers.absent.add(fingerprint);
        issuers.fail(this.url, fingerprint);
      } else {
        issuers.set(fingerprint, der, this.url);
        answers.found.set(fingerprint, der);
        answers.bytes += der.length;
      }
      this.patience.answered(fingerprint);
      this.parallel = Math.min(MOST_PARALLEL, this.parallel + 1);
    } catch (error) {
      if (isOverloaded(error)) this.parallel = FIRST_PARALLEL;
      answers.failure ??= deadline.signal.aborted ? new CtTimeoutError(`${this.url}/issuer/`) : error;
      deadline.failed();
    }
  }

  /** @returns undefined if the log lacks the issuer or serves wrong bytes. @throws CtLogError if another try may succeed. */
  private async ask(fingerprint: string, deadline: IssuerDeadline): Promise<Buffer | undefined> {
    const hex = hexOf(fingerprint);
    try {
      for (let tries = 0; tries < TRIES_FOR_RIGHT_BYTES; tries++) {
        const der = await this.get(hex, deadline);
        if (hash('sha256', der, 'hex') === hex) return der;
      }
    } catch (error) {
      const isOther = error instanceof CtTooLargeError || error instanceof CtMalformedError;
      if (!isOther && !isAbsent(error)) throw error;
    }
    return undefined;
  }

  private async get(hex: string, deadline: IssuerDeadline): Promise<Buffer> {
    let isSent = false;
    const onSent = (): void => {
      isSent = true;
      deadline.sent();
    };
    try {
      return await this.http.get(`${this.url}/issuer/${hex}`, {
        signal: deadline.signal,
        counters: this.services.counters,
        maxBytes: MAX_ISSUER_BYTES,
        timeoutMs: REQUEST_TIMEOUT_MS,
        onSent,
      });
    } finally {
      if (isSent) deadline.answered();
    }
  }

  /** Counts a failed try for the issuers. @throws the result of `failure` while the patience lasts for one of them. */
  private giveUp(open: readonly string[], failure: () => unknown): void {
    const { issuers } = this.services;
    this.patience.failed(open);
    if (open.some((fingerprint) => !this.patience.isOver(fingerprint))) throw failure();
    for (const fingerprint of open) issuers.fail(this.url, fingerprint);
  }

  private noteMissing(
    batch: EntryBatch,
    missing: readonly string[],
    found: ReadonlyMap<string, Buffer>,
  ): void {
    const [first] = missing;
    if (first === undefined) return;
    const { counters, problems } = this.services;
    const entries = countIncomplete(batch, found);
    counters.unresolvedIssuers += missing.length;
    counters.incompleteChains += entries;
    const which = missing.length === 1 ? 'an issuer is' : `${missing.length} issuers are`;
    problems.note(
      MISSING,
      `the chains of ${entries} entries from ${batch.firstIndex} on end early: ${which} unavailable (${hexOf(first)})`,
    );
  }
}

function failedFor({ firstIndex, count }: EntryBatch, error: unknown, isNearer: boolean): unknown {
  if (error instanceof CtLogError)
    error.entries = { to: firstIndex + count, next: isNearer ? 'less' : 'same' };
  return error;
}

/** @returns the number of entries with an incomplete chain. */
function countIncomplete(batch: EntryBatch, found: ReadonlyMap<string, Buffer>): number {
  const { count } = batch;
  let incomplete = 0;
  for (let i = 0; i < count; i++) {
    if (chainFingerprints(batch, i).every((fingerprint) => found.has(fingerprint))) continue;
    incomplete++;
  }
  return incomplete;
}

function hexOf(fingerprint: string): string {
  return Buffer.from(fingerprint, 'latin1').toString('hex');
}
