import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  EntryColumn,
  ENTRY_COLUMNS,
  type EntryBatch,
  type IssuerLookup,
} from '../../certificate/entry-batch.js';
import { IssuerMap } from '../../certificate/issuer-map.js';
import type { ClientCounters } from '../client-counters.js';
import { CtAbortedError, CtHttpStatusError } from '../ct-log-error.js';
import type { CtHttp } from '../http/ct-http.js';
import type { IssuerCache } from './issuer-cache.js';
import { FINGERPRINT_BYTES } from './tile-leaf.js';

const MAX_ISSUER_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 5000;
/** All issuers of one batch together may hold it back for this long, waiting for the pace of the log included. */
const BATCH_DEADLINE_MS = 10_000;
const CONCURRENCY = 4;
/** A tile names a handful of issuers; one that names hundreds does not get them all. */
const MAX_FETCHES_PER_BATCH = 512;
const RETRY_PAUSES_MS = [250, 1000];
const MAX_PAUSE_MS = 3000;

/** Finds the issuers that the chains of a static-ct log name, `GET <monitoring>/issuer/<hex>`. */
export class IssuerResolver {
  constructor(
    private readonly url: string,
    private readonly http: CtHttp,
    private readonly cache: IssuerCache,
    private readonly counters: ClientCounters,
  ) {}

  /**
   * Every issuer of the batch that could be had. Never fails for want of one: those are counted, and asked for
   * again by a batch a minute later.
   * @throws CtAbortedError when `signal` ended it with issuers missing.
   */
  async resolve(batch: Omit<EntryBatch, 'issuers'>, signal: AbortSignal): Promise<IssuerLookup> {
    const found = new Map<string, Buffer>();
    const missing: string[] = [];
    for (const fingerprint of fingerprints(batch)) {
      const der = this.cache.get(fingerprint);
      if (der !== undefined) found.set(fingerprint, der);
      else missing.push(fingerprint);
    }
    const wanted = missing.filter((fingerprint) => !this.cache.hasFailed(this.url, fingerprint));
    if (wanted.length > 0) await this.fetchAll(wanted.slice(0, MAX_FETCHES_PER_BATCH), found, signal);
    if (signal.aborted && wanted.some((fingerprint) => !found.has(fingerprint)))
      throw new CtAbortedError(this.url);
    this.counters.unresolvedIssuers += missing.reduce((count, fp) => (found.has(fp) ? count : count + 1), 0);
    return new IssuerMap(found);
  }

  private async fetchAll(wanted: string[], found: Map<string, Buffer>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const deadline = new AbortController();
    const end = (): void => deadline.abort();
    const timer = setTimeout(end, BATCH_DEADLINE_MS);
    signal.addEventListener('abort', end);
    const queue = wanted.values();
    const worker = async (): Promise<void> => {
      for (const fingerprint of queue) {
        const der = await this.fetch(fingerprint, deadline.signal);
        if (der !== undefined) {
          this.cache.set(fingerprint, der);
          found.set(fingerprint, der);
        } else if (!signal.aborted) this.cache.fail(this.url, fingerprint);
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(CONCURRENCY, wanted.length) }, worker));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  private async fetch(fingerprint: string, signal: AbortSignal): Promise<Buffer | undefined> {
    const hex = Buffer.from(fingerprint, 'latin1').toString('hex');
    for (let attempt = 0; !signal.aborted; attempt++) {
      let pause = RETRY_PAUSES_MS[attempt];
      try {
        const der = await this.http.get(`${this.url}/issuer/${hex}`, {
          signal,
          counters: this.counters,
          maxBytes: MAX_ISSUER_BYTES,
          timeoutMs: REQUEST_TIMEOUT_MS,
        });
        if (hash('sha256', der, 'hex') === hex) return der;
      } catch (error) {
        if (error instanceof CtHttpStatusError) {
          if (error.status === 404) return undefined;
          if (pause !== undefined) pause = Math.min(error.retryAfterMs ?? pause, MAX_PAUSE_MS);
        }
      }
      if (pause === undefined) return undefined;
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }
}

function fingerprints({ bytes, table, count }: Omit<EntryBatch, 'issuers'>): Set<string> {
  const all = new Set<string>();
  for (let row = 0; row < count * ENTRY_COLUMNS; row += ENTRY_COLUMNS) {
    const end = table[row + EntryColumn.ChainEnd];
    for (let at = table[row + EntryColumn.ChainStart]; at < end; at += FINGERPRINT_BYTES) {
      all.add(bytes.toString('latin1', at, at + FINGERPRINT_BYTES));
    }
  }
  return all;
}
