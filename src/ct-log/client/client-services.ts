import { type ClientCounters, newClientCounters } from './client-counters.js';
import { type ClientProblems, NO_PROBLEMS } from './client-problems.js';
import { IssuerCache } from './static-ct/issuer-cache.js';
import { NO_PATIENCE, type Patience } from './static-ct/issuer-patience.js';

/** The services that a `CtLogClient` uses in addition to its log. */
export interface ClientServices {
  /** Shared by all logs of a process. */
  readonly issuers: IssuerCache;
  readonly counters: ClientCounters;
  readonly problems: ClientProblems;
  /** How long to wait for issuers that a log does not serve now. */
  readonly issuerPatience: Patience;
}

export function clientServices(given: Partial<ClientServices>): ClientServices {
  return {
    issuers: given.issuers ?? new IssuerCache(),
    counters: given.counters ?? newClientCounters(),
    problems: given.problems ?? NO_PROBLEMS,
    issuerPatience: given.issuerPatience ?? NO_PATIENCE,
  };
}
