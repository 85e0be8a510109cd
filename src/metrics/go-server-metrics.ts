import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { StreamClients } from '../stream/subscription/stream-clients.js';
import { STREAM_KINDS } from '../stream/subscription/stream-paths.js';
import { labelledClients } from './client-labels.js';
import { LOG_LABELS, perLog } from './per-log.js';
import { STREAM_TYPES } from './stream-metrics.js';

/** Metrics with the names and labels of certstream-server-go, for its dashboards. */
@MetricSource()
export class GoServerMetrics implements MetricContribution {
  constructor(
    private readonly clients: StreamClients,
    private readonly feed: CertificateFeed,
    private readonly tailing: TailingService,
  ) {}

  metrics(): MetricDefinition[] {
    const { clients, feed, tailing } = this;
    return [
      {
        type: 'gauge',
        name: 'clients_total',
        help: 'Number of connected clients by stream.',
        labels: ['type'],
        read: (report) => {
          for (const kind of STREAM_KINDS) {
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
          report(feed.stats.certificates, { type: 'regular' });
          report(feed.stats.precertificates, { type: 'precert' });
        },
      },
      {
        type: 'counter',
        name: 'certs_by_log_total',
        help: 'Number of entries streamed from each log.',
        labels: LOG_LABELS,
        read: perLog(tailing, ({ counters }) => counters.entries),
      },
      {
        type: 'gauge',
        name: 'skipped_certs',
        help: 'Number of messages a connected client missed because it could not keep up.',
        labels: ['client'],
        read: (report) => {
          for (const { client, value } of labelledClients(clients.audiences)) report(value, { client });
        },
      },
    ];
  }
}
