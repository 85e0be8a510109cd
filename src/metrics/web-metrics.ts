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

/** Who is let in by the listeners, who is not, and how long their certificates last. */
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
        help: 'Number of requests, handshakes and connections that were turned away, and of clients closed for what they sent, by reason.',
        labels: ['reason'],
        read: (report) => {
          for (const [reason, count] of this.refusals.counts) report(count, { reason });
        },
      },
      {
        type: 'gauge',
        name: 'open_websockets',
        help: 'Number of WebSocket connections that count towards webserver.limits.max_connections.',
        read: (report) => report(this.admission.connections),
      },
      {
        type: 'gauge',
        name: 'pending_connections',
        help: 'Number of connections to the web listener that are no WebSocket clients (yet).',
        read: (report) => report(this.pending.count),
      },
      {
        type: 'gauge',
        name: 'tls_certificate_expiry_timestamp_seconds',
        help: 'Unix time in seconds when the TLS certificate in use expires; (it - time()) / 86400 is the days left.',
        labels: ['listener'],
        read: perCertificate(({ notAfter }) => notAfter / 1000),
      },
      {
        type: 'counter',
        name: 'tls_certificate_reloads_total',
        help: 'Number of times a renewed TLS certificate was taken into use.',
        labels: ['listener'],
        read: perCertificate(({ reloads }) => reloads),
      },
      {
        type: 'counter',
        name: 'tls_certificate_reload_failures_total',
        help: 'Number of looks at changed TLS files that could not be used; the old certificate stays.',
        labels: ['listener'],
        read: perCertificate(({ failures }) => failures),
      },
    ];
  }
}
