import type { Metric, Registry } from 'prom-client';
import { LimitedCall } from '../discovery/contributions.js';
import type { CollectedMetric } from './collected-metric.js';
import type { MetricFailures } from './metric-failures.js';

/** Time limit in milliseconds of a metric that reads its value while it is collected. */
const COLLECT_LIMIT_MS = 2000;

const SOURCE = 'prom-client';

/** The module `prom-client`, which is loaded only where metrics are enabled: it costs memory. */
export type PrometheusClient = typeof import('prom-client');

/** Reads the default registry of prom-client, which `makeCounterProvider` etc. of `@willsoto/nestjs-prometheus` fill. */
export class DefaultRegistry {
  private readonly texts: LimitedReads<string>;
  private readonly values: LimitedReads<CollectedMetric>;

  constructor(
    private readonly client: PrometheusClient,
    private readonly failures: MetricFailures,
  ) {
    this.texts = new LimitedReads((metric) => this.expose(metric), failures);
    this.values = new LimitedReads((metric) => this.read(metric), failures);
  }

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
    const texts = await this.texts.of(this.others(own));
    return texts.map((text) => `\n${text}\n`).join('');
  }

  /** Returns the values. Leaves out the same metrics as {@link metrics}. */
  collect(own: Registry): Promise<CollectedMetric[]> {
    return this.values.of(this.others(own));
  }

  private others(own: Registry): DefaultMetric[] {
    return this.all().filter(({ name }) => own.getSingleMetric(name) === undefined);
  }

  private all(): DefaultMetric[] {
    return this.client.register.getMetricsAsArray() as unknown as DefaultMetric[];
  }

  /** Returns the text of a metric in the plain Prometheus format, even if the application set the default registry to OpenMetrics. */
  private expose(metric: DefaultMetric): Promise<string> {
    const { register, Registry } = this.client;
    const isPlain = register.contentType === Registry.PROMETHEUS_CONTENT_TYPE;
    const registry = isPlain ? register : new Registry();
    if (!isPlain) registry.registerMetric(metric as unknown as Metric);
    return registry.getSingleMetricAsString(metric.name);
  }

  /** Returns the values of a metric with the default labels of the registry. */
  private async read(metric: DefaultMetric): Promise<CollectedMetric> {
    const collected = await metric.get();
    const { _defaultLabels: defaults = {} } = this.client.register as { _defaultLabels?: object };
    const values = collected.values.map((sample) => ({
      ...sample,
      labels: { ...sample.labels, ...defaults, ...sample.labels },
    }));
    return { name: collected.name, help: collected.help, type: collected.type, values };
  }
}

/** Reads metrics with a time limit for each. */
class LimitedReads<T> {
  private readonly calls = new WeakMap<object, LimitedCall<T>>();

  constructor(
    private readonly read: (metric: DefaultMetric) => Promise<T>,
    private readonly failures: MetricFailures,
  ) {}

  /** Returns the results in the order of the metrics, without those of metrics that fail or take too long. */
  async of(metrics: readonly DefaultMetric[]): Promise<T[]> {
    const results = await Promise.all(
      metrics.map(async (metric) => {
        let call = this.calls.get(metric);
        if (call === undefined) {
          call = new LimitedCall(() => this.read(metric), COLLECT_LIMIT_MS);
          this.calls.set(metric, call);
        }
        try {
          return [await call.result()];
        } catch (error) {
          this.failures.failed(SOURCE, error);
          return [];
        }
      }),
    );
    return results.flat(1) as T[];
  }
}

/** A metric of prom-client, whose types hide its name and call its type a number. */
type DefaultMetric = Omit<Metric, 'get'> & { readonly name: string; get(): Promise<CollectedMetric> };
