import type { Metric } from 'prom-client';
import type { Labels, MetricDefinition } from '../discovery/metric-source.js';

/** Matches metric names and label names (data model of Prometheus), except names with colons, which are for recording rules. */
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

interface Sample {
  readonly metricName: string;
  readonly labels: Labels;
  value: number;
}

/** Returns `result`. @throws TypeError if it is a promise. */
export function synchronous<T>(result: T): T {
  if (!(result instanceof Promise)) return result;
  result.catch(() => undefined);
  throw new TypeError('metrics must be returned synchronously, not as a promise');
}

/**
 * Makes a metric for a registry of prom-client that reads its values at every scrape; prom-client's own metrics store them.
 * @param failed is called with the error if `read` throws; the metric then has no samples.
 * @throws TypeError if Prometheus would reject the definition.
 */
export function scrapedMetric(
  name: string,
  { type, name: ownName, help, labels: names = [], read }: MetricDefinition,
  failed: (error: unknown) => void,
): Metric {
  if (typeof ownName !== 'string') throw new TypeError('a metric has no name');
  const wrong = [name, ...names].find((text) => !NAME.test(text));
  if (wrong !== undefined)
    throw new TypeError(`${JSON.stringify(wrong)} is not a valid metric or label name`);
  if (typeof help !== 'string' || !['counter', 'gauge', 'histogram'].includes(type))
    throw new TypeError(`${name} has no help or no type`);
  const allowed = new Set(type === 'histogram' ? [...names, 'le'] : names);
  const get = (): object => {
    const samples = new Map<string, Sample>();
    try {
      synchronous(
        read((value, given, part = 'count') => {
          // A copy, since the caller may use one object for all samples.
          const labels: Labels = { ...given };
          if (typeof value !== 'number') throw new TypeError(`${name} has a value that is not a number`);
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
