import type { Metric, Registry } from 'prom-client';
import { LimitedCall } from '../discovery/contributions.js';
import type { MetricFailures } from './metric-failures.js';

/** Milliseconds for the metrics that read their value when they are collected. */
const COLLECT_LIMIT_MS = 2000;

const SOURCE = 'prom-client';

/** The module `prom-client`, which is loaded only where metrics are enabled: it costs memory. */
export type PrometheusClient = typeof import('prom-client');

/** prom-client's registry of the process: what `makeCounterProvider` and its like of `@willsoto/nestjs-prometheus` fill. */
export class DefaultRegistry {
  private readonly calls = new WeakMap<object, LimitedCall<string>>();

  constructor(
    private readonly client: PrometheusClient,
    private readonly failures: MetricFailures,
  ) {}

  /** Logs the metrics that are left out because `own` has their names. */
  reportTaken(own: Registry): void {
    const taken = this.all().filter(({ name }) => own.getSingleMetric(name) !== undefined);
    if (taken.length > 0) {
      const names = taken.map(({ name }) => name);
      this.failures.taken(SOURCE, names);
    }
  }

  /** The exposition text, without names that `own` has as well. A metric that fails or takes too long is left out. */
  async metrics(own: Registry): Promise<string> {
    const texts = this.all()
      .filter(({ name }) => own.getSingleMetric(name) === undefined)
      .map((metric) => this.text(metric));
    return (await Promise.all(texts)).join('');
  }

  private async text(metric: DefaultMetric): Promise<string> {
    let call = this.calls.get(metric);
    if (call === undefined) {
      call = new LimitedCall(() => this.expose(metric), COLLECT_LIMIT_MS);
      this.calls.set(metric, call);
    }
    try {
      return `\n${await call.result()}\n`;
    } catch (error) {
      this.failures.failed(SOURCE, error);
      return '';
    }
  }

  private all(): DefaultMetric[] {
    return this.client.register.getMetricsAsArray() as unknown as DefaultMetric[];
  }

  /** In the format of our own registry, also when the application has given the default registry another, with exemplars. */
  private expose(metric: DefaultMetric): Promise<string> {
    const { register, Registry } = this.client;
    const isPlain = register.contentType === Registry.PROMETHEUS_CONTENT_TYPE;
    const registry = isPlain ? register : new Registry();
    if (!isPlain) registry.registerMetric(metric);
    return registry.getSingleMetricAsString(metric.name);
  }
}

type DefaultMetric = Metric & { readonly name: string };
