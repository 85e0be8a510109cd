import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import type { CertstreamConfig } from '../config/config-schema.js';
import { IngestModule } from '../ct-log/ingest.module.js';
import { StreamModule } from '../stream/stream.module.js';
import { withoutTrailingSlash } from '../web/request-path.js';
import { WebModule } from '../web/web.module.js';
import { CertificateMetrics } from './certificate-metrics.js';
import { DefaultRegistry } from './default-registry.js';
import { GoServerMetrics } from './go-server-metrics.js';
import { LatencyMetrics } from './latency-metrics.js';
import { LogMetrics } from './log-metrics.js';
import { MetricFailures } from './metric-failures.js';
import { MetricsAccessGuard, metricsController } from './metrics.controller.js';
import { MetricsListener } from './metrics-listener.js';
import { MetricsRegistry } from './metrics-registry.js';
import { ServerMetrics } from './server-metrics.js';
import { StreamMetrics } from './stream-metrics.js';
import { VerificationMetrics } from './verification-metrics.js';
import { WebMetrics } from './web-metrics.js';

const sources = [StreamModule, IngestModule, WebModule, DiscoveryModule];

/** In the order of the exposition and of docs/metrics.md. */
const contributions = [
  GoServerMetrics,
  StreamMetrics,
  WebMetrics,
  LogMetrics,
  VerificationMetrics,
  LatencyMetrics,
  CertificateMetrics,
  ServerMetrics,
  MetricFailures,
];

const providers = [...contributions, DefaultRegistry, MetricsRegistry];

/** Serves Prometheus metrics: on the web listener if both have the same address, otherwise on a listener of their own. */
@Module({})
export class MetricsModule {
  static forRoot(config: CertstreamConfig): DynamicModule {
    const { enabled, metrics_url: url } = config.prometheus;
    if (!enabled) return { module: MetricsModule };
    if (!sharesWebListener(config)) {
      return { module: MetricsModule, imports: sources, providers: [...providers, MetricsListener] };
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
      providers: [...providers, MetricsAccessGuard],
      exports: [MetricsRegistry, MetricsAccessGuard, WebModule],
    };
  }
}

function sharesWebListener({ webserver, prometheus }: CertstreamConfig): boolean {
  return webserver.listen_addr === prometheus.listen_addr && webserver.listen_port === prometheus.listen_port;
}
