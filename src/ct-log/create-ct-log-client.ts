import { type ClientCounters, newClientCounters } from './client-counters.js';
import type { CtLog } from './ct-log.js';
import type { CtLogClient } from './ct-log-client.js';
import type { CtHttp } from './http/ct-http.js';
import { HybridClient } from './rfc6962/hybrid-client.js';
import { Rfc6962Client } from './rfc6962/rfc6962-client.js';
import { IssuerCache } from './static-ct/issuer-cache.js';
import { StaticCtClient } from './static-ct/static-ct-client.js';

export interface CtLogClientOptions {
  /** Shared by all logs of a process. */
  readonly issuers?: IssuerCache;
  readonly counters?: ClientCounters;
}

/** The client for the protocol that the log speaks. */
export function createCtLogClient(log: CtLog, http: CtHttp, options: CtLogClientOptions = {}): CtLogClient {
  const { issuers = new IssuerCache(), counters = newClientCounters() } = options;
  if (log.source.type === 'tiled') return new StaticCtClient(log, http, counters, issuers);
  return log.dataTiles === true
    ? new HybridClient(log, http, counters, issuers)
    : new Rfc6962Client(log, http, counters);
}
