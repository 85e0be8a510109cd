import { collectDefaultMetrics, Registry } from 'prom-client';
import type { CertstreamConfig } from '../config/config-schema.js';
import { registerMetrics } from './metric-definition.js';
import type { MetricSources } from './metric-sources.js';
import { describeMetrics } from './metrics.js';

/** Milliseconds between two samples of the event loop's delay. */
const EVENT_LOOP_SAMPLING = 100;

/** The metrics of one application; not prom-client's global registry, of which a process has only one. */
export class MetricsRegistry {
  private readonly registry = new Registry();

  constructor(config: CertstreamConfig['prometheus'], sources: MetricSources) {
    registerMetrics(this.registry, config.metric_prefix, describeMetrics(sources));
    if (config.expose_system_metrics) {
      collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLING });
    }
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The exposition text; every value is read from its owner now. */
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}
