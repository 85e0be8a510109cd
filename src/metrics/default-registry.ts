import type { Metric, Registry } from 'prom-client';
import { LimitedCall } from '../discovery/contributions.js';
import type { MetricFailures } from './metric-failures.js';

/** Time limit in milliseconds of a metric that reads its value while it is collected. */
const COLLECT_LIMIT_MS = 2000;

const SOURCE = 'prom-client';

/** The module `prom-client`, which is loaded only where metrics are enabled: it costs memory. */
export type PrometheusClient = typeof import('prom-client');

/** Reads the default registry of prom-client, which `makeCounterProvider` etc. of `@willsoto/nestjs-prometheus` fill. */
export class DefaultRegistry {
  private readonly calls = new WeakMap<object, LimitedCall<string>>();

  constructor(
    private readonly client: PrometheusClient,
    private readonly failures: MetricFailures,
  ) {}

  /** Logs the metrics that are left out because `own` has metrics with the same names. */
  reportTaken(own: Registry): void {
    const taken = this.all().filter(({ name }) => own.getSingleMetric(name) !== undefined);
    if (taken.length > 0) {
      const names = taken.map(({ name }) => name);
      this.failures.taken(SOURCE, names);
    }
  }

  /** Returns the exposition text. Leaves out metrics whose names `own` has too, and metrics that fail or take too long. */
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

  /** Returns the text of a metric in the plain Prometheus format, even if the application set the default registry to OpenMetrics. */
  private expose(metric: DefaultMetric): Promise<string> {
    const { register, Registry } = this.client;
    const isPlain = register.contentType === Registry.PROMETHEUS_CONTENT_TYPE;
    const registry = isPlain ? register : new Registry();
    if (!isPlain) registry.registerMetric(metric);
    return registry.getSingleMetricAsString(metric.name);
  }
}

type DefaultMetric = Metric & { readonly name: string };
