import type { HttpCounters } from '../../http1/http1-client.js';

/** What a {@link CtLogClient} counts. */
export interface ClientCounters extends HttpCounters {
  /** Issuers that were left out of a chain because they could not be had; once per batch that wanted them. */
  unresolvedIssuers: number;
  /** Entries whose chain ends early for want of one of those. */
  incompleteChains: number;
}

export function newClientCounters(): ClientCounters {
  return { requests: 0, bytesReceived: 0, unresolvedIssuers: 0, incompleteChains: 0 };
}
