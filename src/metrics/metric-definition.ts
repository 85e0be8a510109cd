import { Counter, Gauge, type Metric, type Registry } from 'prom-client';

/** Label values of one sample. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Reports one sample; several with the same labels add up.
 * @param part of a histogram: a `bucket`, cumulative and with the label `le`, the `sum` or the `count`.
 */
export type Report = (value: number, labels?: Labels, part?: 'bucket' | 'sum' | 'count') => void;

/** One metric, whose values are read from their owner when somebody scrapes. */
export interface MetricDefinition {
  /** Counters never go down as long as the process runs. */
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Without the configured prefix. */
  readonly name: string;
  /** A sentence. */
  readonly help: string;
  readonly labels?: readonly string[];
  readonly read: (report: Report) => void;
}

/** Adds the metrics to a registry, each as `<prefix>_<name>`. */
export function registerMetrics(
  registry: Registry,
  prefix: string,
  definitions: readonly MetricDefinition[],
): void {
  for (const definition of definitions) {
    const { type, name, help, labels = [], read } = definition;
    if (type === 'histogram') {
      registry.registerMetric(histogram(`${prefix}_${name}`, definition));
      continue;
    }
    const Sampled = type === 'counter' ? Counter : Gauge;
    const metric: Counter | Gauge = new Sampled({
      name: `${prefix}_${name}`,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        metric.reset();
        // prom-client resets a metric without labels to 0, which would be a sample that nobody reported.
        if (labels.length === 0) metric.remove();
        read((value, values = {}) => metric.inc({ ...values }, value));
      },
    });
  }
}

/** prom-client's own histogram counts by itself and cannot be given counts. */
function histogram(name: string, { help, read }: MetricDefinition): Metric {
  const get = (): object => {
    const values: { metricName: string; labels: Labels; value: number }[] = [];
    read((value, labels = {}, part = 'count') =>
      values.push({ metricName: `${name}_${part}`, labels, value }),
    );
    return { name, help, type: 'histogram', values, aggregator: 'sum' };
  };
  return { name, get } as unknown as Metric;
}
