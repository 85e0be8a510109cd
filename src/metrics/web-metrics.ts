import {
  type MetricContribution,
  type MetricDefinition,
  MetricSource,
  type Report,
} from '../discovery/metric-source.js';
import { Admission } from '../web/admission.js';
import { PendingConnections } from '../web/limits/pending-connections.js';
import { Refusals } from '../web/refusals.js';
import { type TlsCertificate, TlsCertificates } from '../web/tls/tls-certificates.js';

/** Metrics of accepted and refused connections and of the TLS certificates of the listeners. */
@MetricSource()
export class WebMetrics implements MetricContribution {
  constructor(
    private readonly admission: Admission,
    private readonly pending: PendingConnections,
    private readonly refusals: Refusals,
    private readonly certificates: TlsCertificates,
  ) {}

  metrics(): MetricDefinition[] {
    const perCertificate =
      (value: (certificate: TlsCertificate) => number) =>
      (report: Report): void => {
        for (const [listener, certificate] of this.certificates.loaded)
          report(value(certificate), { listener });
      };
    return [
      {
        type: 'counter',
        name: 'refusals_total',
        help: 'Number of refused requests, handshakes and connections, and of clients closed because of messages they sent, by reason.',
        labels: ['reason'],
        read: (report) => {
          for (const [reason, count] of this.refusals.counts) report(count, { reason });
        },
      },
      {
        type: 'gauge',
        name: 'open_websockets',
        help: 'Number of WebSocket connections that count towards webserver.limits.max_connections.',
        read: (report) => report(this.admission.connectionsBy('websocket')),
      },
      {
        type: 'gauge',
        name: 'pending_connections',
        help: 'Number of connections to the web listener that are not, or not yet, clients of a stream.',
        read: (report) => report(this.pending.count),
      },
      {
        type: 'gauge',
        name: 'tls_certificate_expiry_timestamp_seconds',
        help: 'Unix time in seconds when the TLS certificate in use expires; (value - time()) / 86400 is the number of days left.',
        labels: ['listener'],
        read: perCertificate(({ notAfter }) => notAfter / 1000),
      },
      {
        type: 'counter',
        name: 'tls_certificate_reloads_total',
        help: 'Number of times a renewed TLS certificate was loaded.',
        labels: ['listener'],
        read: perCertificate(({ reloads }) => reloads),
      },
      {
        type: 'counter',
        name: 'tls_certificate_reload_failures_total',
        help: 'Number of times changed TLS files could not be loaded; the old certificate stays in use.',
        labels: ['listener'],
        read: perCertificate(({ failures }) => failures),
      },
    ];
  }
}
