import type { GapLedger } from '../ct-log/state/gap-ledger.js';
import type { VerificationState } from '../ct-log/reporting/log-status.js';
import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import { type FollowedLogs, LOG_LABELS, logLabels, oneOf, perLogMetrics } from './per-log.js';

const VERIFICATION_STATES: readonly VerificationState[] = ['off', 'starting', 'verified', 'broken'];

/** Metrics of verified, contradicting and missing entries. */
@MetricSource()
export class VerificationMetrics implements MetricContribution {
  constructor(
    private readonly tailing: TailingService,
    private readonly states: LogStateStore,
  ) {}

  metrics(): MetricDefinition[] {
    return [...verificationMetrics(this.tailing), ...gapMetrics(this.tailing, this.states)];
  }
}

function verificationMetrics(tailing: FollowedLogs): MetricDefinition[] {
  const { counter, gauge } = perLogMetrics(tailing);
  return [
    oneOf(tailing, {
      name: 'log_verification_state',
      help: 'Verification state of a log: 1 for the state it is in and 0 for the others.',
      states: VERIFICATION_STATES,
      stateOf: (status) => status.verification,
    }),
    gauge(
      'log_verified_index',
      'Log index before which all entries are proven to be part of the signed tree; absent before the first proof.',
      (status) => status.verifiedIndex,
    ),
    gauge(
      'log_unverified_entries',
      'Number of entries of a log that are streamed but not proven yet; absent before the first proof.',
      ({ nextIndex, verifiedIndex }) =>
        nextIndex === undefined || verifiedIndex === undefined
          ? undefined
          : Math.max(0, nextIndex - verifiedIndex),
    ),
    counter(
      'log_verification_failures_total',
      'Number of contradictions between the entries and the signed tree heads of a log.',
      (counters) => counters.verificationFailures,
    ),
    counter(
      'log_proof_failures_total',
      'Number of failed attempts to fetch a proof or hash tile from a log.',
      (counters) => counters.proofFailures,
    ),
    counter(
      'log_unproven_entries_total',
      'Number of entries that were streamed and can never be proven, because verification continued after them.',
      (counters) => counters.unverifiedEntries,
    ),
    counter(
      'log_corrected_entries_total',
      'Number of entries streamed again because the log had served other data than it signed.',
      (counters) => counters.correctedEntries,
    ),
    counter(
      'log_mismatched_precertificates_total',
      'Number of entries whose submitted precertificate does not belong to the leaf, even when fetched again.',
      (counters) => counters.mismatchedPrecertificates,
    ),
    counter(
      'log_mismatched_issuers_total',
      'Number of entries whose chain does not begin with the issuer of the leaf, even when fetched again.',
      (counters) => counters.mismatchedIssuers,
    ),
  ];
}

/** Makes the metrics of signed entries that are missing or were streamed late. */
function gapMetrics(tailing: FollowedLogs, states: Pick<LogStateStore, 'gaps'>): MetricDefinition[] {
  const perLedger = (name: string, help: string, value: (ledger: GapLedger) => number): MetricDefinition => ({
    type: 'gauge',
    name,
    help,
    labels: LOG_LABELS,
    read: (report) => {
      for (const followed of tailing.followed())
        report(value(states.gaps(followed.log)), logLabels(followed));
    },
  });
  return [
    perLedger(
      'log_gaps',
      'Number of ranges of entries that a log did not serve and that are requested again from time to time.',
      (ledger) => ledger.all().filter(({ skipped }) => !skipped).length,
    ),
    perLedger('log_missing_entries', 'Number of entries in the ranges that log_gaps counts.', (ledger) =>
      ledger.missing(false),
    ),
    perLedger(
      'log_skipped_entries',
      'Number of entries left out at startup because of general.recovery.start or max_age.',
      (ledger) => ledger.missing(true),
    ),
    perLogMetrics(tailing).counter(
      'log_late_entries_total',
      'Number of entries that were missing and were streamed later.',
      (counters) => counters.lateEntries,
    ),
  ];
}
