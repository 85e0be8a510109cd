import { logKey } from '../ct-log/ct-log.js';
import type { LogState, LogStats } from '../ct-log/tailing/log-stats.js';
import type { StreamStats } from '../stream/stream-audience.js';
import type { FollowedLog } from '../ct-log/tailing/tailing.service.js';
import type { Labels, MetricDefinition, Report } from './metric-definition.js';
import type { MetricSources } from './metric-sources.js';

/** Values of the `type` label, as the Go server writes them. */
const STREAM_TYPES = { full: 'full', lite: 'lite', domains: 'domain' } as const;
const LOG_STATES: readonly LogState[] = ['starting', 'following', 'failing', 'stopped'];
const LIST_SOURCES = ['network', 'cache', 'none'] as const;
const LOG_LABELS = ['url', 'operator'];

/** Every metric of this server. Label values come from the log list, fixed sets and connected clients only. */
export function describeMetrics(sources: MetricSources): MetricDefinition[] {
  return [
    ...goMetrics(sources),
    ...streamMetrics(sources),
    ...logMetrics(sources),
    ...certificateMetrics(sources),
    ...serverMetrics(sources),
  ];
}

/** Names and labels of certstream-server-go; its dashboards work with them. */
function goMetrics({ stream, clients, tailing }: MetricSources): MetricDefinition[] {
  return [
    {
      type: 'gauge',
      name: 'clients_total',
      help: 'Number of connected clients by stream.',
      labels: ['type'],
      read: (report) => {
        for (const kind of streamKinds()) {
          report(clients.audiences[kind].clients.size, { type: STREAM_TYPES[kind] });
        }
      },
    },
    {
      type: 'counter',
      name: 'certificates_total',
      help: 'Number of log entries received, by whether they hold a certificate or a precertificate.',
      labels: ['type'],
      read: (report) => {
        report(stream.stats.certificates, { type: 'regular' });
        report(stream.stats.precertificates, { type: 'precert' });
      },
    },
    {
      type: 'counter',
      name: 'certs_by_log_total',
      help: 'Number of entries streamed of each log.',
      labels: LOG_LABELS,
      read: perLog(tailing, ({ entries }) => entries),
    },
    {
      type: 'gauge',
      name: 'skipped_certs',
      help: 'Number of messages a connected client missed because it could not keep up.',
      labels: ['client'],
      read: (report) => {
        for (const kind of streamKinds()) {
          for (const client of clients.audiences[kind].clients) {
            report(client.stats.dropped, { client: client.address });
          }
        }
      },
    },
  ];
}

function streamMetrics({ clients, stream }: MetricSources): MetricDefinition[] {
  const perStream =
    (value: (stats: StreamStats) => number) =>
    (report: Report): void => {
      for (const kind of streamKinds()) {
        report(value(clients.audiences[kind].stats), { type: STREAM_TYPES[kind] });
      }
    };
  const counter = (name: string, help: string, value: (stats: StreamStats) => number): MetricDefinition => ({
    type: 'counter',
    name,
    help,
    labels: ['type'],
    read: perStream(value),
  });
  return [
    counter(
      'connections_total',
      'Number of WebSocket connections accepted, by stream.',
      (stats) => stats.connections,
    ),
    counter(
      'messages_sent_total',
      'Number of messages handed to client sockets; one message to ten clients counts ten.',
      (stats) => stats.messages,
    ),
    counter(
      'sent_bytes_total',
      'Bytes of WebSocket frames handed to client sockets, before TLS.',
      (stats) => stats.bytes,
    ),
    counter(
      'dropped_messages_total',
      'Number of messages left out because a client could not keep up, clients that left included.',
      (stats) => stats.dropped,
    ),
    {
      type: 'counter',
      name: 'subscriber_errors_total',
      help: 'Number of times a subscriber of the certificate stream, such as a custom module, failed.',
      read: (report) => report(stream.stats.subscriberErrors),
    },
  ];
}

function logMetrics({ tailing, now }: MetricSources): MetricDefinition[] {
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

function certificateMetrics({ stream }: MetricSources): MetricDefinition[] {
  const { stats } = stream.renderer;
  return [
    {
      type: 'counter',
      name: 'parse_errors_total',
      help: 'Number of entries streamed with a parse_error, by its value. Entries nobody reads are not parsed.',
      labels: ['code'],
      read: (report) => {
        for (const [code, count] of stats.parseErrors) report(count, { code });
      },
    },
    {
      type: 'counter',
      name: 'malformed_extensions_total',
      help: 'Number of certificate extensions left out because they are malformed.',
      read: (report) => report(stats.malformedExtensions),
    },
    {
      type: 'counter',
      name: 'chain_gaps_total',
      help: 'Number of chains that end early because an issuer could not be had.',
      read: (report) => report(stats.chainGaps),
    },
    {
      type: 'counter',
      name: 'impossible_dates_total',
      help: 'Number of certificate dates that do not exist and are published as 0.',
      read: (report) => report(stats.impossibleDates),
    },
  ];
}

function serverMetrics({ logList, version, now }: MetricSources): MetricDefinition[] {
  return [
    {
      type: 'gauge',
      name: 'log_list_source',
      help: 'Where the log list in use came from: 1 for that source and 0 for the others.',
      labels: ['source'],
      read: (report) => {
        for (const source of LIST_SOURCES) report(logList.status.source === source ? 1 : 0, { source });
      },
    },
    {
      type: 'gauge',
      name: 'log_list_age_seconds',
      help: 'Seconds since the log list in use was made.',
      read: (report) => {
        const { timestamp } = logList.status;
        if (timestamp !== undefined) report(Math.max(0, (now() - timestamp) / 1000));
      },
    },
    {
      type: 'gauge',
      name: 'log_list_last_success_timestamp_seconds',
      help: 'Unix time in seconds of the last accepted download of the log list; 0 before the first.',
      read: (report) => report(logList.status.lastSuccessAt / 1000),
    },
    {
      type: 'gauge',
      name: 'build_info',
      help: 'Always 1; the labels tell what runs.',
      labels: ['version', 'node'],
      read: (report) => report(1, { version, node: process.version }),
    },
  ];
}

function streamKinds(): (keyof typeof STREAM_TYPES)[] {
  return ['full', 'lite', 'domains'];
}

/** `url` as the Go server writes it: without scheme and trailing slash. */
function logLabels({ log }: FollowedLog): Labels {
  return { url: logKey(log), operator: log.source.operator };
}

function perLog(tailing: MetricSources['tailing'], value: (stats: LogStats) => number | undefined) {
  return (report: Report): void => {
    for (const followed of tailing.followed()) {
      const sample = value(followed.stats);
      if (sample !== undefined) report(sample, logLabels(followed));
    }
  };
}
