import type { FollowState } from '../ct-log/reporting/log-status.js';
import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { type FollowedLogs, LOG_LABELS, logLabels, oneOf, perLogMetrics } from './per-log.js';

const LOG_STATES: readonly FollowState[] = ['starting', 'following', 'failing', 'stopped'];

/** Metrics of requests, positions and states of each followed log. */
@MetricSource()
export class LogMetrics implements MetricContribution {
  constructor(private readonly tailing: TailingService) {}

  metrics(): MetricDefinition[] {
    return [...requestMetrics(this.tailing), ...positionMetrics(this.tailing)];
  }
}

function requestMetrics(tailing: FollowedLogs): MetricDefinition[] {
  const { counter } = perLogMetrics(tailing);
  return [
    counter('log_requests_total', 'Number of HTTP requests sent to a log.', (counters) => counters.requests),
    counter(
      'log_received_bytes_total',
      'Bytes of response bodies received from a log, before decompression.',
      (counters) => counters.bytesReceived,
    ),
    counter(
      'log_retries_total',
      'Number of retries of failed operations on a log.',
      (counters) => counters.retries,
    ),
    counter(
      'log_rate_limited_total',
      'Number of responses in which a log asked the server to slow down.',
      (counters) => counters.rateLimited,
    ),
    counter(
      'log_unresolved_issuers_total',
      'Number of issuer certificates that a tiled log did not deliver and that are missing in chains.',
      (counters) => counters.unresolvedIssuers,
    ),
    counter(
      'log_incomplete_chains_total',
      'Number of entries whose chain ends early because a tiled log did not deliver an issuer.',
      (counters) => counters.incompleteChains,
    ),
    {
      type: 'counter',
      name: 'log_errors_total',
      help: 'Number of failed operations on a log, by error code.',
      labels: [...LOG_LABELS, 'code'],
      read: (report) => {
        for (const followed of tailing.followed()) {
          for (const [code, count] of followed.counters.errors)
            report(count, { ...logLabels(followed), code });
        }
      },
    },
  ];
}

function positionMetrics(tailing: FollowedLogs): MetricDefinition[] {
  const { gauge } = perLogMetrics(tailing);
  return [
    gauge(
      'log_tree_size_entries',
      'Number of entries in the newest accepted tree head of a log.',
      (status) => status.treeSize,
    ),
    gauge('log_next_index', 'Log index of the next entry to be streamed.', (status) => status.nextIndex),
    gauge(
      'log_lag_entries',
      'Number of entries a log has signed that are not streamed yet.',
      (status) => status.lag,
    ),
    gauge(
      'log_growth_entries_per_second',
      'Entries per second by which a log grows, smoothed over minutes; absent during the first minute.',
      (status) => status.growthRate,
    ),
    gauge(
      'log_delivery_entries_per_second',
      'Entries per second streamed from a log, smoothed over minutes; absent during the first minute.',
      (status) => status.deliveryRate,
    ),
    gauge(
      'log_falling_behind',
      'Whether a log has grown for minutes faster than its entries could be fetched: 1 or 0.',
      (status) => (status.fallingBehind ? 1 : 0),
    ),
    gauge(
      'log_tree_head_age_seconds',
      'Seconds since a log signed its newest accepted tree head.',
      (status) =>
        status.treeHeadTimestamp === 0
          ? undefined
          : Math.max(0, (Date.now() - status.treeHeadTimestamp) / 1000),
    ),
    gauge(
      'log_tree_head_stale',
      'Whether a log has signed no tree head for longer than its maximum merge delay plus five minutes: 1 or 0.',
      (status) => (status.hasStaleHead ? 1 : 0),
    ),
    gauge(
      'log_last_entry_timestamp_seconds',
      'Unix time in seconds when the last entry of a log was streamed.',
      (status) => (status.lastEntryAt === 0 ? undefined : status.lastEntryAt / 1000),
    ),
    oneOf(tailing, {
      name: 'log_state',
      help: 'State of a log: 1 for the state it is in and 0 for the others.',
      states: LOG_STATES,
      stateOf: (status) => status.state,
    }),
  ];
}
