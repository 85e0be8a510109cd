import { Counter, Gauge, type Registry } from 'prom-client';

/** Label values of one sample. */
export type Labels = Readonly<Record<string, string>>;

/** Reports one sample; several with the same labels add up. */
export type Report = (value: number, labels?: Labels) => void;

/** One metric, whose values are read from their owner when somebody scrapes. */
export interface MetricDefinition {
  /** Counters never go down as long as the process runs. */
  readonly type: 'counter' | 'gauge';
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
  for (const { type, name, help, labels = [], read } of definitions) {
    const Metric = type === 'counter' ? Counter : Gauge;
    const metric: Counter | Gauge = new Metric({
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
