import type { CertstreamConfig } from '../config/config-schema.js';
import type { SignedTreeHead } from '../ct-log/client/ct-log-client.js';
import type { Gap } from '../ct-log/state/gap-ledger.js';
import type { LogStateStore } from '../ct-log/state/log-state-store.js';
import type { FollowState, LogStatus, VerificationState } from '../ct-log/reporting/log-status.js';
import type { LogCounters } from '../ct-log/reporting/log-counters.js';
import type { FollowedLog } from '../ct-log/following/tailing.service.js';

/** One log as `GET /logs` shows it. Times are ISO 8601 in UTC, hashes base64; null where there is nothing yet. */
export interface LogReport {
  readonly name: string;
  readonly url: string;
  readonly operator: string;
  readonly type: 'rfc6962' | 'tiled';
  readonly state: FollowState;
  /** Entries of the newest accepted tree head. */
  readonly tree_size: number;
  /** Everything before it was streamed, except for what is in `gaps`. */
  readonly streamed_index: number | null;
  /** Everything before it is proven to be what the log signed. */
  readonly verified_index: number | null;
  /** Signed entries that are not streamed yet. */
  readonly lag: number;
  /** Entries streamed since this log is followed; `late` are those of gaps. */
  readonly entries: {
    readonly streamed: number;
    readonly late: number;
    /** Without a part of their chain, since the log did not serve an issuer. */
    readonly incomplete_chains: number;
    readonly last_at: string | null;
  };
  /** Entries per second, smoothed over minutes; null for the first one. */
  readonly rates: {
    readonly growth: number | null;
    readonly delivery: number | null;
    /** Whether the log has grown faster than its entries could be had for minutes. */
    readonly falling_behind: boolean;
  };
  /** Upper bounds, from a signed head to the publication of what it covers. */
  readonly latency_seconds: { readonly p50: number | null; readonly p99: number | null };
  readonly head: {
    readonly tree_size: number;
    /** null also for what is no time at all: a log may sign anything. */
    readonly timestamp: string | null;
    readonly root_hash: string;
    /** Older than the maximum merge delay of the log. */
    readonly stale: boolean;
  } | null;
  readonly verification: {
    readonly mode: VerificationMode;
    readonly state: VerificationState;
    /** Why it is `broken`, and since when. */
    readonly reason: string | null;
    readonly since: string | null;
    readonly failures: number;
    readonly proof_failures: number;
    /** Streamed, and behind what can still be proven. */
    readonly unproven_entries: number;
    /** Streamed again, since the log had served something else. */
    readonly corrected_entries: number;
    /** Precertificates that are not those of their leaves, and chains of other issuers. */
    readonly mismatched_precertificates: number;
    readonly mismatched_issuers: number;
    /** In `ct_log.evidence_dir`, of this run. */
    readonly evidence_files: readonly string[];
  };
  readonly last_error: { readonly code: string; readonly at: string } | null;
  readonly gaps: readonly GapReport[];
}

interface GapReport {
  readonly from: number;
  /** Index behind the last one. */
  readonly to: number;
  readonly missing: number;
  readonly since: string;
  readonly reason: string;
  readonly tries: number;
  /** Left out on purpose, by the configuration. */
  readonly skipped: boolean;
}

/** What a Date can hold (ECMA-262, 21.4.1.1). */
const LAST_TIME_MS = 8.64e15;

type VerificationMode = CertstreamConfig['ct_log']['verification'];

export function reportLog(
  { log, counters, status }: FollowedLog,
  states: Pick<LogStateStore, 'get' | 'gaps'>,
  mode: VerificationMode,
): LogReport {
  const { name, url, operator, type } = log.source;
  return {
    name,
    url,
    operator,
    type,
    state: status.state,
    tree_size: status.treeSize,
    streamed_index: status.nextIndex ?? null,
    verified_index: status.verifiedIndex ?? null,
    lag: status.lag,
    entries: {
      streamed: counters.entries,
      late: counters.lateEntries,
      incomplete_chains: counters.incompleteChains,
      last_at: timeOf(status.lastEntryAt),
    },
    rates: {
      growth: status.growthRate ?? null,
      delivery: status.deliveryRate ?? null,
      falling_behind: status.fallingBehind,
    },
    latency_seconds: { p50: latencyOf(counters, 0.5), p99: latencyOf(counters, 0.99) },
    head: headOf(states.get(log)?.head, status),
    verification: verificationOf(counters, status, mode),
    last_error:
      status.lastErrorCode === ''
        ? null
        : { code: status.lastErrorCode, at: new Date(status.lastErrorAt).toISOString() },
    gaps: states.gaps(log).all().map(gapOf),
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
    since: timeOf(status.brokenSince),
    failures: counters.verificationFailures,
    proof_failures: counters.proofFailures,
    unproven_entries: counters.unverifiedEntries,
    corrected_entries: counters.correctedEntries,
    mismatched_precertificates: counters.mismatchedPrecertificates,
    mismatched_issuers: counters.mismatchedIssuers,
    evidence_files: status.evidenceFiles,
  };
}

/** null also above the last bucket, where there is no upper bound. */
function latencyOf({ latency }: LogCounters, part: number): number | null {
  const seconds = latency.sinceHead.quantile(part);
  return seconds === undefined || !Number.isFinite(seconds) ? null : seconds;
}

function headOf(head: SignedTreeHead | undefined, { hasStaleHead }: LogStatus): LogReport['head'] {
  if (head === undefined) return null;
  return {
    tree_size: head.treeSize,
    timestamp: timeOf(head.timestamp),
    root_hash: head.rootHash.toString('base64'),
    stale: hasStaleHead,
  };
}

function gapOf({ from, to, missing, since, reason, tries, skipped }: Gap): GapReport {
  return { from, to, missing, since: new Date(since).toISOString(), reason, tries, skipped };
}

/** @param ms since the epoch; 0 = never. Beyond {@link LAST_TIME_MS} null as well. */
function timeOf(ms: number): string | null {
  return ms === 0 || ms > LAST_TIME_MS ? null : new Date(ms).toISOString();
}
