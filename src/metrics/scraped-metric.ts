import type { Metric } from 'prom-client';
import type { Labels, MetricDefinition } from '../discovery/metric-source.js';

/** Metric names and label names (data model of Prometheus), without the colons of recording rules. */
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

interface Sample {
  readonly metricName: string;
  readonly labels: Labels;
  value: number;
}

/** @throws TypeError for a promise. */
export function synchronous<T>(result: T): T {
  if (!(result instanceof Promise)) return result;
  result.catch(() => undefined);
  throw new TypeError('metrics are read synchronously, and this is a promise');
}

/**
 * A metric for a registry of prom-client, whose own metrics keep values of their own instead of reading them.
 * @param failed gets what `read` throws; the metric then has no samples.
 * @throws TypeError for a definition that Prometheus would not take.
 */
export function scrapedMetric(
  name: string,
  { type, help, labels: names = [], read }: MetricDefinition,
  failed: (error: unknown) => void,
): Metric {
  const wrong = [name, ...names].find((text) => !NAME.test(text));
  if (wrong !== undefined) throw new TypeError(`${JSON.stringify(wrong)} is no name of a metric or label`);
  if (typeof help !== 'string' || !['counter', 'gauge', 'histogram'].includes(type))
    throw new TypeError(`${name} has no help or no type`);
  const allowed = new Set(type === 'histogram' ? [...names, 'le'] : names);
  const get = (): object => {
    const samples = new Map<string, Sample>();
    try {
      synchronous(
        read((value, labels = {}, part = 'count') => {
          if (typeof value !== 'number') throw new TypeError(`${name} has a value that is no number`);
          const metricName = type === 'histogram' ? `${name}_${part}` : name;
          let key = metricName;
          for (const label in labels) {
            if (!allowed.has(label)) throw new TypeError(`${name} has no label ${JSON.stringify(label)}`);
            key += `\0${label}\0${labels[label]}`;
          }
          const sample = samples.get(key);
          if (sample === undefined) samples.set(key, { metricName, labels, value });
          else sample.value += value;
        }),
      );
    } catch (error) {
      samples.clear();
      failed(error);
    }
    return { name, help, type, values: [...samples.values()], aggregator: 'sum' };
  };
  return { name, get } as unknown as Metric;
}
