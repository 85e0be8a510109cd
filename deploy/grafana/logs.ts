import { dashboard, max, metric, perSecond, sum } from './dashboard.js';
import { graph, type Panel, type Row, stat, table } from './panels.js';

const CHOSEN = ['operator=~"$operator"', 'url=~"$url"'];
const LOG = 'url, operator';

const ofLogs = (name: string, ...matchers: readonly string[]): string => metric(name, ...CHOSEN, ...matchers);

/** A graph with one series for each log. */
function byLog(title: string, description: string, unit: string, expr: string): Panel {
  return graph({ title, description, unit, queries: [{ expr, legend: '{{url}}' }] });
}

/** A number that should be 0. */
function count(title: string, description: string, expr: string, limit: 'warn' | 'bad'): Panel {
  return stat({ title, description, unit: 'none', [limit]: 1, queries: [{ expr, legend: 'logs' }] });
}

const now: Row = {
  title: 'Now',
  panels: [
    count('Failing', 'Logs whose last request failed.', sum(ofLogs('log_state', 'state="failing"')), 'warn'),
    count(
      'Falling behind',
      'Logs that have grown for minutes faster than their entries could be fetched.',
      sum(ofLogs('log_falling_behind')),
      'warn',
    ),
    count('Stale', 'Logs that have signed no tree head in time.', sum(ofLogs('log_tree_head_stale')), 'warn'),
    count(
      'Broken',
      'Logs whose entries and signed tree heads contradict each other.',
      sum(ofLogs('log_verification_state', 'state="broken"')),
      'bad',
    ),
    count('Gaps', 'Ranges of entries that logs did not serve.', sum(ofLogs('log_gaps')), 'warn'),
    count(
      'Not verified yet',
      'Logs that have not served the proofs for the first index.',
      sum(ofLogs('log_verification_state', 'state="starting"')),
      'warn',
    ),
    table({
      title: 'Logs',
      description: 'One row for each log and state.',
      unit: 'none',
      labels: { url: 'Log', operator: 'Operator', state: 'State' },
      queries: [
        { expr: `${max(ofLogs('log_state'), `${LOG}, state`)} == 1`, legend: '', unit: 'none' },
        { expr: max(ofLogs('log_lag_entries'), LOG), legend: 'To catch up', unit: 'short' },
        { expr: max(ofLogs('log_next_index'), LOG), legend: 'Next index', unit: 'none' },
        { expr: max(ofLogs('log_tree_size_entries'), LOG), legend: 'Tree size', unit: 'none' },
        { expr: max(ofLogs('log_growth_entries_per_second'), LOG), legend: 'Grows by', unit: 'cps' },
        { expr: max(ofLogs('log_delivery_entries_per_second'), LOG), legend: 'Streamed', unit: 'cps' },
        { expr: max(ofLogs('log_tree_head_age_seconds'), LOG), legend: 'Age of the head', unit: 's' },
        { expr: max(ofLogs('log_verified_index'), LOG), legend: 'Verified before', unit: 'none' },
        { expr: max(ofLogs('log_missing_entries'), LOG), legend: 'Missing', unit: 'short' },
      ],
    }),
  ],
};

const progress: Row = {
  title: 'Progress',
  panels: [
    byLog(
      'Entries streamed',
      'Entries streamed from each log.',
      'cps',
      perSecond(ofLogs('certs_by_log_total'), 'url'),
    ),
    byLog(
      'Entries to catch up',
      'Entries that a log has signed and that are not streamed yet.',
      'short',
      sum(ofLogs('log_lag_entries'), 'url'),
    ),
    byLog(
      'Growth of the logs',
      'Entries by which a log grows. A log that grows faster than its entries are streamed falls behind.',
      'cps',
      max(ofLogs('log_growth_entries_per_second'), 'url'),
    ),
    byLog(
      'Age of the tree heads',
      'Time since a log signed its newest accepted tree head.',
      's',
      max(ofLogs('log_tree_head_age_seconds'), 'url'),
    ),
    byLog(
      'Time since the last entry',
      'Time since the last entry of a log was streamed. A log with few submissions has long pauses.',
      's',
      `time() - ${max(ofLogs('log_last_entry_timestamp_seconds'), 'url')}`,
    ),
    byLog(
      'Entries left out at startup',
      'Entries that the server never streams, because of general.recovery.start or max_age.',
      'short',
      sum(ofLogs('log_skipped_entries'), 'url'),
    ),
  ],
};

const requests: Row = {
  title: 'Requests',
  panels: [
    byLog(
      'Requests',
      'HTTP requests sent to a log.',
      'reqps',
      perSecond(ofLogs('log_requests_total'), 'url'),
    ),
    byLog(
      'Received',
      'Response bodies received from a log, before decompression.',
      'Bps',
      perSecond(ofLogs('log_received_bytes_total'), 'url'),
    ),
    graph({
      title: 'Errors',
      description: 'Failed operations on logs, by error code. docs/errors.md explains the codes.',
      unit: 'cps',
      queries: [{ expr: perSecond(ofLogs('log_errors_total'), 'url, code'), legend: '{{url}} {{code}}' }],
    }),
    graph({
      title: 'Retries and rate limits',
      description:
        'Retries of failed operations, and responses in which a log asked the server to slow down.',
      unit: 'cps',
      queries: [
        { expr: perSecond(ofLogs('log_retries_total'), 'url'), legend: '{{url}}, retries' },
        { expr: perSecond(ofLogs('log_rate_limited_total'), 'url'), legend: '{{url}}, rate limited' },
      ],
    }),
  ],
};

const verification: Row = {
  title: 'Verification and gaps',
  panels: [
    byLog(
      'Entries not proven yet',
      'Entries that are streamed and not proven yet. The number falls to 0 with each tree head.',
      'short',
      sum(ofLogs('log_unverified_entries'), 'url'),
    ),
    graph({
      title: 'Failures of the verification',
      description:
        'Contradictions between the entries and the signed heads, proofs that could not be fetched, entries that can never be proven, and entries that were streamed again with the data that the log had signed.',
      unit: 'cps',
      queries: [
        {
          expr: perSecond(ofLogs('log_verification_failures_total'), 'url'),
          legend: '{{url}}, contradictions',
        },
        { expr: perSecond(ofLogs('log_proof_failures_total'), 'url'), legend: '{{url}}, proofs not fetched' },
        { expr: perSecond(ofLogs('log_unproven_entries_total'), 'url'), legend: '{{url}}, never proven' },
        { expr: perSecond(ofLogs('log_corrected_entries_total'), 'url'), legend: '{{url}}, corrected' },
      ],
    }),
    graph({
      title: 'Missing and late entries',
      description: 'Entries that a log did not serve, and entries per second that arrived later.',
      unit: 'short',
      queries: [
        { expr: sum(ofLogs('log_missing_entries'), 'url'), legend: '{{url}}, missing' },
        { expr: perSecond(ofLogs('log_late_entries_total'), 'url'), legend: '{{url}}, late per second' },
      ],
    }),
    graph({
      title: 'Chains and submissions that do not match',
      description:
        'Chains that end early because a tiled log did not deliver an issuer, and entries whose submitted precertificate or chain does not belong to the leaf.',
      unit: 'cps',
      queries: [
        {
          expr: perSecond(ofLogs('log_unresolved_issuers_total'), 'url'),
          legend: '{{url}}, issuers not delivered',
        },
        {
          expr: perSecond(ofLogs('log_incomplete_chains_total'), 'url'),
          legend: '{{url}}, chains not complete',
        },
        {
          expr: perSecond(ofLogs('log_mismatched_precertificates_total'), 'url'),
          legend: '{{url}}, precertificates that do not match',
        },
        {
          expr: perSecond(ofLogs('log_mismatched_issuers_total'), 'url'),
          legend: '{{url}}, issuers that do not match',
        },
      ],
    }),
  ],
};

/** The dashboard of each log. */
export const logs = dashboard({
  uid: 'logs',
  title: 'logs',
  description: 'State, progress, requests and verification of each log.',
  variables: [
    {
      name: 'operator',
      label: 'Operator',
      description: 'Operators of logs to show.',
      metric: 'log_state{job=~"$job", instance=~"$instance"}',
    },
    {
      name: 'url',
      label: 'Log',
      description: 'Logs to show.',
      metric: 'log_state{job=~"$job", instance=~"$instance", operator=~"$operator"}',
    },
  ],
  rows: [now, progress, requests, verification],
});
