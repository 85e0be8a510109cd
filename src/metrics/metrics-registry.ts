import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, LazyModuleLoader } from '@nestjs/core';
import type { Registry } from 'prom-client';
import type { ConfigType } from '@nestjs/config';
import { prometheusConfig } from '../config/config-namespace.js';
import { type Contribution, findContributions } from '../discovery/contributions.js';
import { type MetricContribution, MetricSource } from '../discovery/metric-source.js';
import type { CollectedMetric } from './collected-metric.js';
import { DefaultRegistry } from './default-registry.js';
import { MetricFailures } from './metric-failures.js';
import { OPEN_METRICS_TYPE, openMetrics, prefersOpenMetrics } from './open-metrics.js';
import { scrapedMetric, synchronous } from './scraped-metric.js';

/** Milliseconds between two samples of the event loop's delay. */
const EVENT_LOOP_SAMPLING = 100;

/** State of the registry while metrics are enabled. */
interface Exposition {
  readonly own: Registry;
  readonly others: DefaultRegistry;
}

/** The answer to a request for the metrics. */
export interface ExposedMetrics {
  readonly contentType: string;
  readonly text: string;
}

/**
 * Holds the metrics of one application: those that its providers contribute and those in the default registry of prom-client.
 * Without `prometheus.enabled` it holds none and does not load prom-client, unless they are exported.
 */
@Injectable()
export class MetricsRegistry implements OnModuleInit, OnApplicationBootstrap {
  private exposition: Exposition | undefined;
  /** Whether the metrics are exported without `prometheus.enabled` too. Set it before the application starts. */
  isExported = false;
  private sources: readonly Contribution<MetricContribution>[] = [];

  constructor(
    @Inject(prometheusConfig.KEY) private readonly config: ConfigType<typeof prometheusConfig>,
    private readonly discovery: DiscoveryService,
    private readonly failures: MetricFailures,
    private readonly modules: LazyModuleLoader,
  ) {}

  /** @throws ContributionError */
  async onModuleInit(): Promise<void> {
    if (!this.config.enabled && !this.isExported) return;
    const client = await import('prom-client');
    const others = new DefaultRegistry(client, this.failures);
    this.exposition = { own: new client.Registry(), others };
    this.sources = findContributions(this.discovery, MetricSource, 'metrics', this);
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.exposition === undefined) return;
    const { own, others } = this.exposition;
    for (const source of this.sources) this.add(own, source);
    await this.collectSystemMetrics(own);
    others.reportTaken(own);
  }

  /**
   * Reads every value from its owner and returns the text of the metrics: in the Prometheus text format, or in OpenMetrics if the request
   * asks for it. @param accept the header `Accept` of the request.
   */
  async exposed(accept?: string): Promise<ExposedMetrics> {
    if (this.exposition === undefined) return { contentType: 'text/plain', text: '' };
    if (prefersOpenMetrics(accept)) {
      return { contentType: OPEN_METRICS_TYPE, text: openMetrics(await this.collect()) };
    }
    const { own, others } = this.exposition;
    const texts = await Promise.all([own.metrics(), others.metrics(own)]);
    return { contentType: own.contentType, text: texts.join('') };
  }

  /** Reads every value from its owner; empty without `prometheus.enabled`. */
  async collect(): Promise<CollectedMetric[]> {
    if (this.exposition === undefined) return [];
    const { own, others } = this.exposition;
    const all = await Promise.all([own.getMetricsAsJSON(), others.collect(own)]);
    return all.flat() as CollectedMetric[];
  }

  /** Loads `PrometheusModule` only now, since it loads prom-client. */
  private async collectSystemMetrics(register: Registry): Promise<void> {
    if (!this.config.expose_system_metrics) return;
    const { PrometheusModule } = await import('@willsoto/nestjs-prometheus');
    const config = { register, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLING };
    await this.modules.load(() => PrometheusModule.register({ defaultMetrics: { enabled: true, config } }), {
      logger: false,
    });
  }

  private add(own: Registry, { source, provider }: Contribution<MetricContribution>): void {
    const failed = (error: unknown): void => this.failures.failed(source, error);
    const taken: string[] = [];
    try {
      for (const definition of synchronous(provider.metrics())) {
        const name = `${this.config.metric_prefix}_${definition.name}`;
        const metric = scrapedMetric(name, definition, failed);
        if (own.getSingleMetric(name) !== undefined) {
          taken.push(name);
          continue;
        }
        own.registerMetric(metric);
      }
    } catch (error) {
      failed(error);
    }
    if (taken.length > 0) this.failures.taken(source, taken);
  }
}
