import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, LazyModuleLoader } from '@nestjs/core';
import type { Registry } from 'prom-client';
import type { ConfigType } from '@nestjs/config';
import { prometheusConfig } from '../config/config-namespace.js';
import { type Contribution, findContributions } from '../discovery/contributions.js';
import { type MetricContribution, MetricSource } from '../discovery/metric-source.js';
import { DefaultRegistry } from './default-registry.js';
import { MetricFailures } from './metric-failures.js';
import { scrapedMetric, synchronous } from './scraped-metric.js';

/** Milliseconds between two samples of the event loop's delay. */
const EVENT_LOOP_SAMPLING = 100;

/** State of the registry while metrics are enabled. */
interface Exposition {
  readonly own: Registry;
  readonly others: DefaultRegistry;
}

/**
 * Holds the metrics of one application: those that its providers contribute and those in the default registry of prom-client.
 * Without `prometheus.enabled` it holds none and does not load prom-client.
 */
@Injectable()
export class MetricsRegistry implements OnModuleInit, OnApplicationBootstrap {
  private exposition: Exposition | undefined;
  private sources: readonly Contribution<MetricContribution>[] = [];

  constructor(
    @Inject(prometheusConfig.KEY) private readonly config: ConfigType<typeof prometheusConfig>,
    private readonly discovery: DiscoveryService,
    private readonly failures: MetricFailures,
    private readonly modules: LazyModuleLoader,
  ) {}

  /** @throws ContributionError */
  async onModuleInit(): Promise<void> {
    if (!this.config.enabled) return;
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

  get contentType(): string {
    return this.exposition?.own.contentType ?? '';
  }

  /** Reads every value from its owner and returns the exposition text; '' without `prometheus.enabled`. */
  async metrics(): Promise<string> {
    if (this.exposition === undefined) return '';
    const { own, others } = this.exposition;
    return (await Promise.all([own.metrics(), others.metrics(own)])).join('');
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
