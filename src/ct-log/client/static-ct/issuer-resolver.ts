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
} from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import { IssuerPatience } from './issuer-patience.js';

const MAX_ISSUER_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 5000;
/** One try for the issuers of a batch holds its room in the bounds over all logs for no longer than that. */
const BATCH_DEADLINE_MS = 10_000;
const CONCURRENCY = 4;
/** A tile names a handful of issuers; one that names hundreds does not get them all. */
const MAX_FETCHES_PER_BATCH = 512;
/** The same for their octets. Far less than the cache holds, so that what came at one try is still there at the next. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Bytes with another fingerprint may have been damaged on the way. */
const TRIES_FOR_RIGHT_BYTES = 2;
const MISSING = 'CT_ISSUER_MISSING';

/** What came of the requests for the issuers of a batch. */
interface Answers {
  readonly found: Map<string, Buffer>;
  /** The log has none of these, or other bytes; or there are too many. */
  readonly absent: Set<string>;
  /** Octets of those that were found. */
  bytes: number;
  /** Why the others may come at the next try. */
  failure: unknown;
}

/** Finds the issuers that the chains of a static-ct log name, `GET <monitoring>/issuer/<hex>`. */
export class IssuerResolver {
  private readonly patience: IssuerPatience;

  constructor(
    private readonly url: string,
    private readonly http: CtHttp,
    private readonly services: ClientServices,
  ) {
    this.patience = new IssuerPatience(services.issuerPatience);
  }

  /**
   * The issuers of the batch. Entries whose chain names one that the log does not have are counted; that issuer is asked
   * for again by a batch a minute later.
   * @throws what the log answers as long as an issuer may come at another try and the patience lasts: what has come
   * is not asked for again then. CtAbortedError when `signal` ended it with issuers missing.
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
    const wanted = missing
      .filter((fingerprint) => !issuers.hasFailed(this.url, fingerprint))
      .slice(0, MAX_FETCHES_PER_BATCH);
    const known = found.size;
    const { absent, failure } = await this.fetchAll(wanted, found, signal);
    const open = wanted.filter((fingerprint) => !found.has(fingerprint) && !absent.has(fingerprint));
    if (signal.aborted && open.length > 0) throw new CtAbortedError(this.url);
    if (open.length > 0) {
      const isNearer = found.size > known || absent.size > 0;
      // The log would have served it: nothing is given up for that.
      if (failure instanceof CtNoRoomError) throw failedFor(batch, failure, isNearer);
      this.giveUp(open, () => failedFor(batch, failure, isNearer));
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
    const deadline = new AbortController();
    const end = (): void => deadline.abort();
    const timer = setTimeout(end, BATCH_DEADLINE_MS);
    signal.addEventListener('abort', end);
    const queue = wanted.values();
    const worker = async (): Promise<void> => {
      for (const fingerprint of queue) {
        if (answers.bytes < MAX_BATCH_BYTES) await this.fetch(fingerprint, answers, deadline.signal);
        else answers.absent.add(fingerprint);
        if (answers.failure !== undefined) return;
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(CONCURRENCY, wanted.length) }, worker));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
    return answers;
  }

  private async fetch(fingerprint: string, answers: Answers, signal: AbortSignal): Promise<void> {
    const { issuers } = this.services;
    try {
      // Another batch may have fetched it meanwhile.
      const der = issuers.get(fingerprint) ?? (await this.ask(fingerprint, signal));
      if (der === undefined) {
        answers.absent.add(fingerprint);
        issuers.fail(this.url, fingerprint);
      } else {
        issuers.set(fingerprint, der);
        answers.found.set(fingerprint, der);
        answers.bytes += der.length;
      }
      this.patience.answered(fingerprint);
    } catch (error) {
      answers.failure ??= signal.aborted ? new CtTimeoutError(`${this.url}/issuer/`) : error;
    }
  }

  /** Undefined: the log has none, or others. @throws CtLogError: it may have it. */
  private async ask(fingerprint: string, signal: AbortSignal): Promise<Buffer | undefined> {
    const hex = hexOf(fingerprint);
    const request = {
      signal,
      counters: this.services.counters,
      maxBytes: MAX_ISSUER_BYTES,
      timeoutMs: REQUEST_TIMEOUT_MS,
    };
    try {
      for (let tries = 0; tries < TRIES_FOR_RIGHT_BYTES; tries++) {
        const der = await this.http.get(`${this.url}/issuer/${hex}`, request);
        if (hash('sha256', der, 'hex') === hex) return der;
      }
    } catch (error) {
      const isOther = error instanceof CtTooLargeError || error instanceof CtMalformedError;
      if (!isOther && !isAbsent(error)) throw error;
    }
    return undefined;
  }

  /** @throws what `failure` makes, as long as one of them is worth waiting for. */
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
    const which = missing.length === 1 ? 'an issuer' : `${missing.length} issuers`;
    problems.note(
      MISSING,
      `the chains of ${entries} entries from ${batch.firstIndex} on end early: ${which} could not be had (${hexOf(first)})`,
    );
  }
}

function failedFor({ firstIndex, count }: EntryBatch, error: unknown, isNearer: boolean): unknown {
  if (error instanceof CtLogError)
    error.entries = { to: firstIndex + count, next: isNearer ? 'less' : 'same' };
  return error;
}

/** @returns the number of entries whose chain is not found as a whole. */
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
