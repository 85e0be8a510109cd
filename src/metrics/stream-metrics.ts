import {
  type MetricContribution,
  type MetricDefinition,
  MetricSource,
  type Report,
} from '../discovery/metric-source.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import type { CompressionStats } from '../stream/subscription/context-members.js';
import type { StreamStats } from '../stream/subscription/subscribed-stream.js';
import type { Subscriber } from '../stream/subscription/subscriber.js';
import { StreamClients } from '../stream/subscription/stream-clients.js';
import { UniqueWindow } from '../unique/unique-window.js';
import { STREAM_KINDS } from '../stream/subscription/stream-paths.js';
import { reportHistograms } from './latency-metrics.js';

/** Values of the `type` label, which are those of the Go server. */
export const STREAM_TYPES = { full: 'full', lite: 'lite', domains: 'domain' } as const;

/** Metrics of messages that are sent, dropped or queued. */
@MetricSource()
export class StreamMetrics implements MetricContribution {
  constructor(
    private readonly clients: StreamClients,
    private readonly feed: CertificateFeed,
    private readonly unique: UniqueWindow,
  ) {}

  metrics(): MetricDefinition[] {
    return [...streamMetrics(this.clients, this.feed), ...uniqueMetrics(this.unique)];
  }
}

function uniqueMetrics(unique: UniqueWindow): MetricDefinition[] {
  return [
    {
      type: 'gauge',
      name: 'unique_window_certificates',
      help: 'Number of certificates that are remembered for clients with unique=1.',
      read: (report) => report(unique.size),
    },
    {
      type: 'gauge',
      name: 'unique_window_age_seconds',
      help: 'Seconds for which certificates have been remembered for clients with unique=1. Older ones are sent again; 0 without such clients.',
      read: (report) => report(unique.ageSeconds),
    },
    {
      type: 'counter',
      name: 'unique_suppressed_messages_total',
      help: 'Number of messages not sent to clients with unique=1, because they had already got the certificate.',
      labels: ['type'],
      read: (report) => {
        for (const kind of STREAM_KINDS) report(unique.suppressed[kind], { type: STREAM_TYPES[kind] });
      },
    },
  ];
}

function streamMetrics(
  clients: Pick<StreamClients, 'audiences'>,
  feed: Pick<CertificateFeed, 'pressure' | 'stats'>,
): MetricDefinition[] {
  const perStream =
    (value: (stats: StreamStats) => number) =>
    (report: Report): void => {
      for (const kind of STREAM_KINDS) {
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
      'Number of connections of clients accepted, by stream.',
      (stats) => stats.connections,
    ),
    counter(
      'messages_sent_total',
      'Number of messages written to client sockets; one message to ten clients counts as ten.',
      (stats) => stats.messages,
    ),
    counter(
      'sent_bytes_total',
      'Bytes of messages written to client sockets, with their frames, before TLS.',
      (stats) => stats.bytes,
    ),
    counter(
      'dropped_messages_total',
      'Number of messages dropped because a client could not keep up, including clients that have disconnected.',
      (stats) => stats.dropped,
    ),
    counter(
      'slow_clients_closed_total',
      'Number of clients whose connection was closed because they could not keep up.',
      (stats) => stats.closedSlow,
    ),
    ...queueMetrics(clients),
    ...compressionMetrics(clients),
    {
      type: 'counter',
      name: 'blocked_seconds_total',
      help: 'Seconds that logs waited for clients with slow=block.',
      read: (report) => report(feed.pressure.heldMs / 1000),
    },
    {
      type: 'counter',
      name: 'subscriber_errors_total',
      help: 'Number of times a subscriber of the certificate stream, such as a custom module, failed, or the messages of an entry could not be rendered or sent.',
      read: (report) => report(feed.stats.subscriberErrors),
    },
  ];
}

function compressionMetrics(clients: Pick<StreamClients, 'audiences'>): MetricDefinition[] {
  const of = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    key: keyof CompressionStats,
  ): MetricDefinition => ({
    type,
    name,
    help,
    labels: ['type'],
    read: (report) => {
      for (const kind of STREAM_KINDS)
        report(clients.audiences[kind].compression[key], { type: STREAM_TYPES[kind] });
    },
  });
  return [
    of(
      'counter',
      'compressed_messages_total',
      'Number of messages compressed with a shared context; a message counts once for all its clients.',
      'messages',
    ),
    of('counter', 'compressed_bytes_total', 'Bytes of these messages as compressed frames.', 'bytes'),
    of(
      'counter',
      'compressed_plain_bytes_total',
      'Bytes of these messages as frames without compression.',
      'plainBytes',
    ),
    of(
      'counter',
      'compression_failures_total',
      'Number of times that messages could not be compressed and were sent without the shared context.',
      'failures',
    ),
    of('gauge', 'compression_clients', 'Number of clients that use a shared context, by stream.', 'clients'),
    of(
      'gauge',
      'compression_outsiders',
      'Number of clients that do not use the shared context of their stream at the moment, because they have just joined or are slow.',
      'outsiders',
    ),
  ];
}

/** Makes the metrics that are summed up over all clients at every scrape. */
function queueMetrics(clients: Pick<StreamClients, 'audiences'>): MetricDefinition[] {
  const sum =
    (value: (client: Subscriber) => number) =>
    (report: Report): void => {
      for (const kind of STREAM_KINDS) {
        let total = 0;
        for (const client of clients.audiences[kind].clients) total += value(client);
        report(total, { type: STREAM_TYPES[kind] });
      }
    };
  return [
    {
      type: 'gauge',
      name: 'sse_connections',
      help: 'Number of connected clients of Server-Sent Events, by stream.',
      labels: ['type'],
      read: sum(({ connection }) => (connection.transport === 'sse' ? 1 : 0)),
    },
    {
      type: 'gauge',
      name: 'queued_messages',
      help: 'Number of messages in the queues of clients, by stream; one message in ten queues counts as ten.',
      labels: ['type'],
      read: sum((client) => client.backlog),
    },
    {
      type: 'gauge',
      name: 'queued_bytes',
      help: 'Bytes in the queues of clients, by stream; memory that clients share counts for each client.',
      labels: ['type'],
      read: sum((client) => client.backlogBytes),
    },
    {
      type: 'gauge',
      name: 'waiting_clients',
      help: 'Number of clients with queued messages, by stream.',
      labels: ['type'],
      read: sum((client) => (client.backlog > 0 ? 1 : 0)),
    },
    {
      type: 'histogram',
      name: 'send_delay_seconds',
      help: 'Seconds from the publication of a message until the operating system accepted it for a client.',
      labels: ['type'],
      read: (report) => {
        for (const kind of STREAM_KINDS) {
          reportHistograms(report, [clients.audiences[kind].delays], { type: STREAM_TYPES[kind] });
        }
      },
    },
  ];
}
