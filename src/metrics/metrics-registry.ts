import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { type Contribution, findContributions } from '../discovery/contributions.js';
import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { DefaultRegistry } from './default-registry.js';
import { MetricFailures } from './metric-failures.js';
import { scrapedMetric, synchronous } from './scraped-metric.js';

/** Milliseconds between two samples of the event loop's delay. */
const EVENT_LOOP_SAMPLING = 100;

/** Holds the metrics of one application: those that its providers contribute and those in the default registry of prom-client. */
@Injectable()
export class MetricsRegistry implements OnModuleInit, OnApplicationBootstrap {
  /** Metrics of all contributions, in the order of the exposition. */
  readonly definitions: MetricDefinition[] = [];
  private readonly registry = new Registry();
  private sources: readonly Contribution<MetricContribution>[] = [];

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    private readonly discovery: DiscoveryService,
    private readonly failures: MetricFailures,
    private readonly others: DefaultRegistry,
  ) {}

  /** @throws ContributionError */
  onModuleInit(): void {
    this.sources = findContributions(this.discovery, MetricSource, 'metrics', this);
  }

  onApplicationBootstrap(): void {
    for (const source of this.sources) this.add(source);
    if (this.config.prometheus.expose_system_metrics) {
      collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLING });
    }
    this.others.reportTaken(this.registry);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Reads every value from its owner and returns the exposition text. */
  async metrics(): Promise<string> {
    const [own, others] = await Promise.all([this.registry.metrics(), this.others.metrics(this.registry)]);
    return own + others;
  }

  private add({ source, provider }: Contribution<MetricContribution>): void {
    const failed = (error: unknown): void => this.failures.failed(source, error);
    const taken: string[] = [];
    try {
      for (const definition of synchronous(provider.metrics())) {
        const name = `${this.config.prometheus.metric_prefix}_${definition.name}`;
        const metric = scrapedMetric(name, definition, failed);
        if (this.registry.getSingleMetric(name) !== undefined) {
          taken.push(name);
          continue;
        }
        this.registry.registerMetric(metric);
        this.definitions.push(definition);
      }
    } catch (error) {
      failed(error);
    }
    if (taken.length > 0) this.failures.taken(source, taken);
  }
}
