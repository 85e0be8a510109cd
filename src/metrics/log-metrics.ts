import { logKey } from '../ct-log/ct-log.js';
import type { LogState, LogStats } from '../ct-log/tailing/log-stats.js';
import type { FollowedLog } from '../ct-log/tailing/tailing.service.js';
import type { Labels, MetricDefinition, Report } from './metric-definition.js';
import type { MetricSources } from './metric-sources.js';

/** Labels of everything that is counted per log; the log list bounds their values. */
export const LOG_LABELS = ['url', 'operator'];
const LOG_STATES: readonly LogState[] = ['starting', 'following', 'failing', 'stopped'];

/** What happens with each followed log. */
export function logMetrics({ tailing, now }: MetricSources): MetricDefinition[] {
  const metric =
    (type: 'counter' | 'gauge') =>
    (name: string, help: string, value: (stats: LogStats) => number | undefined): MetricDefinition => ({
      type,
      name,
      help,
      labels: LOG_LABELS,
      read: perLog(tailing, value),
    });
  const [counter, gauge] = [metric('counter'), metric('gauge')];
  return [
    counter('log_requests_total', 'Number of HTTP requests sent to a log.', (stats) => stats.requests),
    counter(
      'log_received_bytes_total',
      'Bytes of response bodies received from a log, as they came over the wire.',
      (stats) => stats.bytesReceived,
    ),
    counter('log_retries_total', 'Number of attempts after a failed one.', (stats) => stats.retries),
    counter(
      'log_rate_limited_total',
      'Number of answers of a log that asked to slow down.',
      (stats) => stats.rateLimited,
    ),
    counter(
      'log_unresolved_issuers_total',
      'Number of issuer certificates that a tiled log did not deliver and chains go without.',
      (stats) => stats.unresolvedIssuers,
    ),
    {
      type: 'counter',
      name: 'log_errors_total',
      help: 'Number of failed operations on a log, by error code.',
      labels: [...LOG_LABELS, 'code'],
      read: (report) => {
        for (const followed of tailing.followed()) {
          for (const [code, count] of followed.stats.errors) report(count, { ...logLabels(followed), code });
        }
      },
    },
    gauge(
      'log_tree_size_entries',
      'Number of entries in the newest accepted tree head of a log.',
      (stats) => stats.treeSize,
    ),
    gauge('log_next_index', 'Log index of the next entry to be streamed.', (stats) => stats.nextIndex),
    gauge(
      'log_lag_entries',
      'Number of entries a log has signed that are not streamed yet.',
      (stats) => stats.lag,
    ),
    gauge(
      'log_tree_head_age_seconds',
      'Seconds since a log signed its newest accepted tree head.',
      (stats) =>
        stats.treeHeadTimestamp === 0 ? undefined : Math.max(0, (now() - stats.treeHeadTimestamp) / 1000),
    ),
    gauge(
      'log_last_entry_timestamp_seconds',
      'Unix time in seconds when the last entry of a log was streamed.',
      (stats) => (stats.lastEntryAt === 0 ? undefined : stats.lastEntryAt / 1000),
    ),
    {
      type: 'gauge',
      name: 'log_state',
      help: 'State of a log: 1 for the state it is in and 0 for the others.',
      labels: [...LOG_LABELS, 'state'],
      read: (report) => {
        for (const followed of tailing.followed()) {
          for (const state of LOG_STATES) {
            report(followed.stats.state === state ? 1 : 0, { ...logLabels(followed), state });
          }
        }
      },
    },
  ];
}

/** `url` as the Go server writes it: without scheme and trailing slash. */
function logLabels({ log }: FollowedLog): Labels {
  return { url: logKey(log), operator: log.source.operator };
}

/** One sample per followed log; none where `value` answers undefined. */
export function perLog(tailing: MetricSources['tailing'], value: (stats: LogStats) => number | undefined) {
  return (report: Report): void => {
    for (const followed of tailing.followed()) {
      const sample = value(followed.stats);
      if (sample !== undefined) report(sample, logLabels(followed));
    }
  };
}
