import type { SignedTreeHead } from '../client/ct-log-client.js';

/** `starting` until the first tree head, `failing` between an error and the next success. */
export type FollowState = 'starting' | 'following' | 'failing' | 'stopped';

/**
 * Whether the streamed entries are the entries that the log signed. `off`: entries are not checked. `starting`: nothing is proven
 * yet, because the log has not served the proofs for the first index. `verified`: all entries before `verifiedIndex` are proven.
 * `broken`: entries and signed tree heads contradict each other; `brokenReason` says how.
 */
export type VerificationState = 'off' | 'starting' | 'verified' | 'broken';

/** LogStatus is the current state of one log. The components that follow the log write it; health, `/logs` and metrics read it. */
export class LogStatus {
  state: FollowState = 'starting';
  /** Entries of the newest accepted tree head. */
  treeSize = 0;
  /** Its timestamp, milliseconds since the epoch; 0 = none yet. */
  treeHeadTimestamp = 0;
  /** When `state` became `failing`, milliseconds since the epoch, and the code of the newest reason; 0 and empty in other states. */
  failingSince = 0;
  failureCode = '';
  /** When the log last refused a request because of the rate, milliseconds since the epoch; 0 = never. */
  rateLimitedAt = 0;
  /** Whether the newest head is older than the maximum merge delay of the log. */
  hasStaleHead = false;
  /** Log index of the next entry to stream; undefined until the first tree head of a log without position. */
  nextIndex: number | undefined;
  /** Entries per second by which the log grows; smoothed, undefined for the first minute. */
  growthRate: number | undefined;
  /** Entries per second that are delivered; smoothed, undefined for the first minute. */
  deliveryRate: number | undefined;
  /** A larger {@link lag} is a backlog: more than a log that keeps up has between two polls. */
  usualLag = 0;
  /** Whether the log has grown faster than its entries were fetched, for minutes. */
  fallingBehind = false;
  /** Wall clock of the last streamed entry, milliseconds since the epoch; 0 = none yet. */
  lastEntryAt = 0;
  verification: VerificationState = 'off';
  /** All entries before this log index are proven; undefined before the first proof. */
  verifiedIndex: number | undefined;
  /** When `verification` became `broken`, milliseconds since the epoch, and why, with its code; 0 and empty in other states. */
  brokenSince = 0;
  brokenReason = '';
  brokenCode = '';
  /** Names of the evidence files that this run has written. */
  readonly evidenceFiles: string[] = [];
  /** Code and time of the last failure, milliseconds since the epoch; empty and 0 = none yet. */
  lastErrorCode = '';
  lastErrorAt = 0;

  /** Signed entries that are not streamed yet. */
  get lag(): number {
    return this.nextIndex === undefined ? 0 : Math.max(0, this.treeSize - this.nextIndex);
  }

  /** Whether {@link lag} is more than a log that keeps up has. */
  get hasBacklog(): boolean {
    return this.lag > this.usualLag;
  }

  /** Sets the state `failing`. @param now milliseconds since the epoch. */
  fail(code: string, now: number): void {
    this.state = 'failing';
    this.failingSince ||= now;
    this.failureCode = code;
  }

  /** Sets the state `following`. */
  follow(): void {
    this.state = 'following';
    this.failingSince = 0;
    this.failureCode = '';
  }

  acceptHead({ treeSize, timestamp }: SignedTreeHead): void {
    this.treeSize = treeSize;
    this.treeHeadTimestamp = timestamp;
  }
}
