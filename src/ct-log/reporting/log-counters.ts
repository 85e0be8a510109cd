import type { ClientCounters } from '../client/client-counters.js';
import { LogLatency } from './log-latency.js';

/** What happened with one log since it is followed. Its workers only add to it; metrics and `/logs` read it. */
export class LogCounters implements ClientCounters {
  bytesReceived = 0;
  requests = 0;
  /** Tries after a failed one. */
  retries = 0;
  /** Answers that asked to slow down. */
  rateLimited = 0;
  /** Failures by `code`. */
  readonly errors = new Map<string, number>();
  unresolvedIssuers = 0;
  incompleteChains = 0;
  /** Entries that were streamed, each time. */
  entries = 0;
  /** Those of gaps. */
  lateEntries = 0;
  /** Those that were streamed again, since the log had served other entries than it signed. */
  correctedEntries = 0;
  readonly latency = new LogLatency();
  /** Requests for a tree head that brought the known one. */
  unchangedHeads = 0;
  /** Contradictions between entries and tree heads that did not go away. */
  verificationFailures = 0;
  /** Proofs or hash tiles that a log did not serve, each try. */
  proofFailures = 0;
  /** Entries that were streamed and can no longer be proven, since verification went on after them. */
  unverifiedEntries = 0;
  /** Precert entries streamed with a precertificate that is not that of the leaf, and with the chain of another issuer. */
  mismatchedPrecertificates = 0;
  mismatchedIssuers = 0;

  countError(code: string): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
    if (code === 'CT_RATE_LIMITED') this.rateLimited++;
  }
}
