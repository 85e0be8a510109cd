import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { IngestModule } from '../ct-log/ingest.module.js';
import { StreamModule } from '../stream/stream.module.js';
import { WebModule } from '../web/web.module.js';
import { CertificateMetrics } from './certificate-metrics.js';
import { ClusterMetrics } from './cluster-metrics.js';
import { GoServerMetrics } from './go-server-metrics.js';
import { LatencyMetrics } from './latency-metrics.js';
import { LogMetrics } from './log-metrics.js';
import { MetricFailures } from './metric-failures.js';
import { MetricsAccessGuard, MetricsController } from './metrics.controller.js';
import { MetricsListener } from './metrics-listener.js';
import { MetricsRegistry } from './metrics-registry.js';
import { ServerMetrics } from './server-metrics.js';
import { StreamMetrics } from './stream-metrics.js';
import { VerificationMetrics } from './verification-metrics.js';
import { WebMetrics } from './web-metrics.js';

/** In the order of the exposition and of docs/metrics.md. */
const contributions = [
  GoServerMetrics,
  StreamMetrics,
  WebMetrics,
  LogMetrics,
  VerificationMetrics,
  LatencyMetrics,
  CertificateMetrics,
  ClusterMetrics,
  ServerMetrics,
  MetricFailures,
];

/** Prometheus metrics, where `prometheus.enabled` is true: on the web listener if they share its address, else on their own. */
@Module({
  imports: [StreamModule, IngestModule, WebModule, DiscoveryModule],
  controllers: [MetricsController],
  providers: [...contributions, MetricsAccessGuard, MetricsListener, MetricsRegistry],
})
export class MetricsModule {}
