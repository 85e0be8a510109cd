import type { SignedTreeHead } from '../client/ct-log-client.js';

/** `starting` until the first tree head, `failing` between an error and the next success. */
export type FollowState = 'starting' | 'following' | 'failing' | 'stopped';

/**
 * Whether the streamed entries are those that the log signed. `off`: nothing is checked. `starting`: nothing is proven yet, since
 * the log has not served the proofs for the place where it was begun. `verified`: everything before `verifiedIndex` is proven.
 * `broken`: entries and signed tree heads contradict each other; `brokenReason` says how.
 */
export type VerificationState = 'off' | 'starting' | 'verified' | 'broken';

/** Where one log stands now. The parts that follow the log write it; health, `/logs`, metrics and modules of others read it. */
export class LogStatus {
  state: FollowState = 'starting';
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
  /** Whether the log has grown for minutes faster than its entries were fetched. */
  fallingBehind = false;
  /** Wall clock of the last streamed entry, milliseconds since the epoch; 0 = none yet. */
  lastEntryAt = 0;
  verification: VerificationState = 'off';
  /** Everything before this log index is proven to be what the log signed; undefined before the first proof. */
  verifiedIndex: number | undefined;
  /** Since when, milliseconds since the epoch, and why `verification` is `broken`; 0 and empty otherwise. */
  brokenSince = 0;
  brokenReason = '';
  /** Names of the evidence files that this run wrote. */
  readonly evidenceFiles: string[] = [];
  /** The last failure, as `code`, and when, milliseconds since the epoch; empty and 0 = none yet. */
  lastErrorCode = '';
  lastErrorAt = 0;

  /** Signed entries that are not streamed yet. */
  get lag(): number {
    return this.nextIndex === undefined ? 0 : Math.max(0, this.treeSize - this.nextIndex);
  }

  acceptHead({ treeSize, timestamp }: SignedTreeHead): void {
    this.treeSize = treeSize;
    this.treeHeadTimestamp = timestamp;
  }
}
