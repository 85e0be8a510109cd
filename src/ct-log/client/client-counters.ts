import type { HttpCounters } from '../../http1/http1-client.js';

/** The counters of a `CtLogClient`. */
export interface ClientCounters extends HttpCounters {
  /** Unavailable issuers that chains lack, once per batch. */
  unresolvedIssuers: number;
  /** Entries whose chain ends early because of such an issuer. */
  incompleteChains: number;
}

export function newClientCounters(): ClientCounters {
  return { requests: 0, bytesReceived: 0, unresolvedIssuers: 0, incompleteChains: 0 };
}
