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

/** Observations in buckets. */
export interface HistogramCounts {
  /** Upper bounds. */
  readonly buckets: readonly number[];
  /** One per bucket and one above; not cumulative. */
  readonly counts: Readonly<ArrayLike<number>>;
  readonly sum: number;
}

/** Reports several histograms with the same buckets as one; none where there is nothing to add up. */
export function reportHistograms(
  report: Report,
  histograms: readonly HistogramCounts[],
  labels: Labels,
): void {
  if (histograms.length === 0) return;
  const [{ buckets }] = histograms;
  let total = 0;
  for (let bucket = 0; bucket <= buckets.length; bucket++) {
    for (const { counts } of histograms) total += counts[bucket];
    report(total, { ...labels, le: String(buckets[bucket] ?? '+Inf') }, 'bucket');
  }
  let seconds = 0;
  for (const { sum } of histograms) seconds += sum;
  report(seconds, labels, 'sum');
  report(total, labels, 'count');
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
