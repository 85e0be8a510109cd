import type { CertstreamConfig } from '../../config/config-schema.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import type { Gap } from '../state/gap-ledger.js';
import type { LogStateStore } from '../state/log-state-store.js';
import type { FollowState, LogStatus, VerificationState } from '../reporting/log-status.js';
import { catchUpSeconds, type LogVerdict, verdictOf } from '../reporting/log-verdict.js';
import type { LogCounters } from '../reporting/log-counters.js';
import type { FollowedLog } from './tailing.service.js';

/** Report of one log in `GET /logs`. Times are ISO 8601 in UTC, hashes are base64, values not known yet are null. */
export interface LogReport {
  readonly name: string;
  readonly url: string;
  readonly operator: string;
  readonly type: 'rfc6962' | 'tiled';
  /** LogID (RFC 6962, 3.2); null if the key of the log is unknown. */
  readonly log_id: string | null;
  readonly state: FollowState;
  /** Where the log stands, for people. */
  readonly verdict: LogVerdict;
  /** Number of entries in the newest accepted tree head. */
  readonly tree_size: number;
  /** All entries before this index were streamed, except those in `gaps`. */
  readonly streamed_index: number | null;
  /** All entries before this index are proven to be part of the tree that the log signed. */
  readonly verified_index: number | null;
  /** Number of signed entries that are not streamed yet. */
  readonly lag: number;
  /** Estimated time until the log has no backlog; null without a backlog, and if the rates do not say. */
  readonly catch_up_seconds: number | null;
  /** Entries streamed since the server began to follow the log; `late` counts those that filled gaps. */
  readonly entries: {
    readonly streamed: number;
    readonly late: number;
    /** Entries streamed with an incomplete chain because the log did not serve an issuer. */
    readonly incomplete_chains: number;
    readonly last_at: string | null;
  };
  /** Entries per second, smoothed over minutes; null during the first minute. */
  readonly rates: {
    readonly growth: number | null;
    readonly delivery: number | null;
    /** Whether the log has grown for minutes faster than its entries could be fetched. */
    readonly falling_behind: boolean;
  };
  /** Estimates of the time from a signed head to the publication of the entries that it covers. */
  readonly latency_seconds: { readonly p50: number | null; readonly p99: number | null };
  readonly head: {
    readonly tree_size: number;
    /** Also null if the signed number is not a valid time; a log may sign any number. */
    readonly timestamp: string | null;
    readonly root_hash: string;
    /** Whether the head is older than the maximum merge delay of the log. */
    readonly stale: boolean;
  } | null;
  readonly verification: {
    readonly mode: VerificationMode;
    readonly state: VerificationState;
    /** Why and since when the state is `broken`. */
    readonly reason: string | null;
    readonly since: string | null;
    readonly failures: number;
    readonly proof_failures: number;
    /** Streamed entries that can no longer be proven. */
    readonly unproven_entries: number;
    /** Entries streamed again because the log first served other data than it signed. */
    readonly corrected_entries: number;
    /** Entries whose precertificate, or whose chain, does not belong to the leaf. */
    readonly mismatched_precertificates: number;
    readonly mismatched_issuers: number;
    /** Files that this run wrote to `ct_log.evidence_dir`. */
    readonly evidence_files: readonly string[];
  };
  /** Failed requests since the server began to follow the log. */
  readonly errors: number;
  readonly last_error: { readonly code: string; readonly at: string } | null;
  readonly gaps: readonly GapReport[];
  /** Entries in all gaps that are still requested. Reports of other members of a cluster have only the first ten gaps. */
  readonly missing_entries: number;
  /** Name of the member of the cluster that follows the log; null without a cluster. */
  readonly member: string | null;
}

/** A report without the member that made it. */
export type OwnLogReport = Omit<LogReport, 'member'>;

interface GapReport {
  readonly from: number;
  /** Index after the last missing entry. */
  readonly to: number;
  readonly missing: number;
  readonly since: string;
  readonly reason: string;
  readonly tries: number;
  /** Whether the configuration says to leave these entries out. */
  readonly skipped: boolean;
}

type VerificationMode = CertstreamConfig['ct_log']['verification'];

/** @param now milliseconds since the epoch. */
export function reportLog(
  { log, counters, status }: FollowedLog,
  states: Pick<LogStateStore, 'get' | 'gaps'>,
  mode: VerificationMode,
  now: number,
): OwnLogReport {
  const { name, url, operator, type, logId = null } = log.source;
  const gaps = states.gaps(log);
  let errors = 0;
  for (const count of counters.errors.values()) errors += count;
  const facts = { now, missing: gaps.missing(false), isReadOnly: log.readOnly === true };
  return {
    name,
    url,
    operator,
    type,
    log_id: logId,
    state: status.state,
    verdict: verdictOf(status, facts),
    tree_size: status.treeSize,
    streamed_index: status.nextIndex ?? null,
    verified_index: status.verifiedIndex ?? null,
    lag: status.lag,
    catch_up_seconds: catchUpSeconds(status) ?? null,
    entries: {
      streamed: counters.entries,
      late: counters.lateEntries,
      incomplete_chains: counters.incompleteChains,
      last_at: isoTime(status.lastEntryAt),
    },
    rates: {
      growth: status.growthRate ?? null,
      delivery: status.deliveryRate ?? null,
      falling_behind: status.fallingBehind,
    },
    latency_seconds: {
      p50: counters.latency.sinceHead.quantile(0.5) ?? null,
      p99: counters.latency.sinceHead.quantile(0.99) ?? null,
    },
    head: headOf(states.get(log)?.head, status),
    verification: verificationOf(counters, status, mode),
    errors,
    last_error:
      status.lastErrorCode === ''
        ? null
        : { code: status.lastErrorCode, at: new Date(status.lastErrorAt).toISOString() },
    gaps: gaps.all().map(gapOf),
    missing_entries: facts.missing,
  };
}

function verificationOf(
  counters: LogCounters,
  status: LogStatus,
  mode: VerificationMode,
): LogReport['verification'] {
  return {
    mode,
    state: status.verification,
    reason: status.brokenReason === '' ? null : status.brokenReason,
    since: isoTime(status.brokenSince),
    failures: counters.verificationFailures,
    proof_failures: counters.proofFailures,
    unproven_entries: counters.unverifiedEntries,
    corrected_entries: counters.correctedEntries,
    mismatched_precertificates: counters.mismatchedPrecertificates,
    mismatched_issuers: counters.mismatchedIssuers,
    evidence_files: status.evidenceFiles,
  };
}

function headOf(head: SignedTreeHead | undefined, { hasStaleHead }: LogStatus): LogReport['head'] {
  if (head === undefined) return null;
  return {
    tree_size: head.treeSize,
    timestamp: isoTime(head.timestamp),
    root_hash: head.rootHash.toString('base64'),
    stale: hasStaleHead,
  };
}

function gapOf({ from, to, missing, since, reason, tries, skipped }: Gap): GapReport {
  return { from, to, missing, since: new Date(since).toISOString(), reason, tries, skipped };
}
