import type { ClientCounters } from '../client/client-counters.js';
import { LogLatency } from './log-latency.js';

/** LogCounters counts the events of one log since its tailer started. Metrics and `/logs` read it. */
export class LogCounters implements ClientCounters {
  bytesReceived = 0;
  requests = 0;
  /** Requests that repeat a failed one. */
  retries = 0;
  /** Answers that asked for a slower rate, to requests of every kind. */
  rateLimited = 0;
  /** Failures by `code`. */
  readonly errors = new Map<string, number>();
  unresolvedIssuers = 0;
  incompleteChains = 0;
  /** Streamed entries; an entry that is streamed again counts again. */
  entries = 0;
  /** Streamed entries of gaps. */
  lateEntries = 0;
  /** Entries streamed again because the log first served entries that it did not sign. */
  correctedEntries = 0;
  readonly latency = new LogLatency();
  /** Requests for a tree head that returned the known one. */
  unchangedHeads = 0;
  /** Contradictions that remained after the entries were fetched again. */
  verificationFailures = 0;
  /** Failed tries to fetch proofs or hash tiles. */
  proofFailures = 0;
  /** Streamed entries that can no longer be proven, because verification continued after them. */
  unverifiedEntries = 0;
  /** Precert entries whose submitted precertificate does not belong to the leaf. */
  mismatchedPrecertificates = 0;
  /** Precert entries whose chain begins with another issuer than that of the leaf. */
  mismatchedIssuers = 0;

  countError(code: string): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}
