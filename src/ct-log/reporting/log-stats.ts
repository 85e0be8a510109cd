import type { ClientCounters } from '../client/client-counters.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { LogLatency } from './log-latency.js';

/** `starting` until the first tree head, `failing` between an error and the next success. */
export type LogState = 'starting' | 'following' | 'failing' | 'stopped';

/**
 * Whether what is streamed is what the log signed. `off`: nobody checks. `starting`: nothing is proven yet, since the log
 * has not given proofs for the place where it was begun. `verified`: everything up to `verifiedIndex` is.
 * `broken`: entries and signed tree heads contradict each other; `brokenReason` says how.
 */
export type VerificationState = 'off' | 'starting' | 'verified' | 'broken';

/** What happened with one log since it is followed; plain numbers, read when metrics are scraped. */
export class LogStats implements ClientCounters {
  state: LogState = 'starting';
  entries = 0;
  bytesReceived = 0;
  requests = 0;
  /** Tries after a failed one. */
  retries = 0;
  /** Answers that said to slow down. */
  rateLimited = 0;
  /** Failures by `code`. */
  readonly errors = new Map<string, number>();
  unresolvedIssuers = 0;
  incompleteChains = 0;
  /** Entries of gaps that were streamed after all; part of {@link entries}. */
  lateEntries = 0;
  /** Questions for a tree head that brought the one known already. */
  unchangedHeads = 0;
  /** Entries of the newest tree head that was accepted. */
  treeSize = 0;
  /** Its timestamp, milliseconds since the epoch; 0 = none yet. */
  treeHeadTimestamp = 0;
  /** Whether the log has not signed anything for longer than its maximum merge delay. */
  hasStaleHead = false;
  /** Log index of the next entry to stream; undefined until the first tree head of a log without position. */
  nextIndex: number | undefined;
  /** Entries per second that the log grew by, and that were delivered; smoothed, undefined for the first minute. */
  growthRate: number | undefined;
  deliveryRate: number | undefined;
  /** Whether the log has grown faster than its entries could be had for minutes. */
  fallingBehind = false;
  /** Wall clock of the last streamed entry, milliseconds since the epoch; 0 = none yet. */
  lastEntryAt = 0;
  readonly latency = new LogLatency();
  /** What went wrong last, as `code`, and when, milliseconds since the epoch; empty and 0 = nothing yet. */
  lastErrorCode = '';
  lastErrorAt = 0;

  verification: VerificationState = 'off';
  /** Everything before this log index was proven to be what the log signed; undefined until then. */
  verifiedIndex: number | undefined;
  /** Contradictions between entries and tree heads that were confirmed. */
  verificationFailures = 0;
  /** Proofs or hash tiles that could not be had, each try. */
  proofFailures = 0;
  /** Entries that were streamed and could not be proven any more when verification went on behind them. */
  unverifiedEntries = 0;
  /** Entries that were streamed again since the log had served something else than it signed. */
  correctedEntries = 0;
  /** Precert entries streamed whose submitted precertificate is not that of the leaf, and whose chain is another issuer's. */
  mismatchedPrecertificates = 0;
  mismatchedIssuers = 0;
  /** Since when, milliseconds since the epoch, and why `verification` is `broken`; 0 and empty otherwise. */
  brokenSince = 0;
  brokenReason = '';
  /** Names of the files that this run wrote about it. */
  readonly evidenceFiles: string[] = [];

  /** Signed entries that are not streamed yet. */
  get lag(): number {
    return this.nextIndex === undefined ? 0 : Math.max(0, this.treeSize - this.nextIndex);
  }

  countHead(head: SignedTreeHead): void {
    this.treeSize = head.treeSize;
    this.treeHeadTimestamp = head.timestamp;
    this.latency.addHead(head);
  }

  countEntries(count: number, now: number): void {
    this.entries += count;
    this.lastEntryAt = now;
  }

  countError(code: string): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
    if (code === 'CT_RATE_LIMITED') this.rateLimited++;
    this.lastErrorCode = code;
    this.lastErrorAt = Date.now();
  }
}
