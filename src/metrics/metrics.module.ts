import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { IngestModule } from '../ct-log/ingest.module.js';
import { LogListService } from '../ct-log/log-list/log-list.service.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { packageVersion } from '../kernel/package-version.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { StreamClients } from '../stream/stream-clients.js';
import { StreamModule } from '../stream/stream.module.js';
import { Admission } from '../web/admission.js';
import { PendingConnections } from '../web/limits/pending-connections.js';
import { Refusals } from '../web/refusals.js';
import { TlsCertificates } from '../web/tls/tls-certificates.js';
import { WebModule } from '../web/web.module.js';
import { withoutTrailingSlash } from '../web/request-path.js';
import { MetricsAccessGuard } from './metrics-access.guard.js';
import { metricsController } from './metrics.controller.js';
import { MetricsListener } from './metrics-listener.js';
import { MetricsRegistry } from './metrics-registry.js';

const registry = {
  provide: MetricsRegistry,
  inject: [
    CERTSTREAM_CONFIG,
    CertificateFeed,
    StreamClients,
    TailingService,
    LogListService,
    LogStateStore,
    Admission,
    PendingConnections,
    Refusals,
    TlsCertificates,
  ],
  useFactory: (
    config: CertstreamConfig,
    stream: CertificateFeed,
    clients: StreamClients,
    tailing: TailingService,
    logList: LogListService,
    states: LogStateStore,
    admission: Admission,
    pending: PendingConnections,
    refusals: Refusals,
    certificates: TlsCertificates,
  ) =>
    new MetricsRegistry(config.prometheus, {
      stream,
      clients,
      tailing,
      logList,
      states,
      admission,
      pending,
      refusals,
      certificates,
      version: packageVersion(),
      now: Date.now,
    }),
};

/** Prometheus metrics: on the web listener if they are to share its address, else on their own. */
@Module({})
export class MetricsModule {
  static forRoot(config: CertstreamConfig): DynamicModule {
    const { enabled, metrics_url: url } = config.prometheus;
    if (!enabled) return { module: MetricsModule };
    const sources = [StreamModule, IngestModule, WebModule];
    if (!sharesWebListener(config)) {
      return { module: MetricsModule, imports: sources, providers: [registry, MetricsListener] };
    }
    const prometheus = PrometheusModule.register({
      path: withoutTrailingSlash(url),
      controller: metricsController(),
      defaultMetrics: { enabled: false },
    });
    // Global, because the controller lives in PrometheusModule.
    return {
      module: MetricsModule,
      global: true,
      imports: [...sources, prometheus],
      providers: [registry, MetricsAccessGuard],
      exports: [registry, MetricsAccessGuard, WebModule],
    };
  }
}

function sharesWebListener({ webserver, prometheus }: CertstreamConfig): boolean {
  return webserver.listen_addr === prometheus.listen_addr && webserver.listen_port === prometheus.listen_port;
}
