import type { AggregationTemporality, DataPointType, MetricData } from '@opentelemetry/sdk-metrics';
import type { CollectedMetric, CollectedSample } from '../metrics/collected-metric.js';

/** The constants of `@opentelemetry/sdk-metrics`, which is loaded only if metrics are exported. */
export interface MetricConstants {
  readonly AggregationTemporality: typeof AggregationTemporality;
  readonly DataPointType: typeof DataPointType;
}

/** `ValueType.DOUBLE` of `@opentelemetry/api`. */
const DOUBLE = 1;
/** Units of UCUM, which OpenTelemetry uses. */
const UNITS = { seconds: 's', bytes: 'By' } as const;

/** Start and time of the values. */
export interface Interval {
  /** Milliseconds since the epoch at which the counters began. */
  readonly start: number;
  readonly end: number;
}

type Attributes = Record<string, string>;
type HrTime = [number, number];

/**
 * Returns a metric of Prometheus for OpenTelemetry, with the same name: a counter as a monotonic, cumulative sum, a histogram with the
 * numbers of each bucket instead of running totals. The quantiles of a summary become a gauge, its sum and count become sums.
 */
export function metricData(
  metric: CollectedMetric,
  interval: Interval,
  constants: MetricConstants,
): MetricData[] {
  const { name, type, values } = metric;
  const times = { startTime: hrTime(interval.start), endTime: hrTime(interval.end) };
  const points = (samples: readonly CollectedSample[]) =>
    samples.map(({ labels, value }) => ({ ...times, attributes: attributesOf(labels), value }));
  const common = (as = name) => ({
    descriptor: { name: as, description: metric.help, unit: unitOf(as), valueType: DOUBLE, advice: {} },
    aggregationTemporality: constants.AggregationTemporality.CUMULATIVE,
  });
  const sum = (as: string, samples: readonly CollectedSample[]): MetricData => ({
    ...common(as),
    dataPointType: constants.DataPointType.SUM,
    isMonotonic: true,
    dataPoints: points(samples),
  });
  const gauge = (samples: readonly CollectedSample[]): MetricData => ({
    ...common(),
    dataPointType: constants.DataPointType.GAUGE,
    dataPoints: points(samples),
  });
  if (values.length === 0) return [];
  if (type === 'counter') return [sum(name, values)];
  if (type === 'summary') {
    const part = (as: string) => values.filter(({ metricName = name }) => metricName === as);
    const [sums, counts] = [`${name}_sum`, `${name}_count`];
    return [gauge(part(name)), sum(sums, part(sums)), sum(counts, part(counts))];
  }
  if (type !== 'histogram') return [gauge(values)];
  const dataPoints = histograms(metric).map(({ attributes, value }) => ({ ...times, attributes, value }));
  return [{ ...common(), dataPointType: constants.DataPointType.HISTOGRAM, dataPoints }];
}

interface HistogramPoint {
  readonly attributes: Attributes;
  readonly value: {
    buckets: { boundaries: number[]; counts: number[] };
    sum: number;
    count: number;
  };
}

/** Returns the histograms of a metric, one for each combination of labels. */
function histograms({ name, values }: CollectedMetric): HistogramPoint[] {
  const points = new Map<string, HistogramPoint & { total: number }>();
  for (const { metricName, labels, value } of values) {
    const { le, ...rest } = labels;
    const attributes = attributesOf(rest);
    const key = JSON.stringify(Object.entries(attributes).sort());
    let point = points.get(key);
    if (point === undefined) {
      point = { attributes, value: { buckets: { boundaries: [], counts: [] }, sum: 0, count: 0 }, total: 0 };
      points.set(key, point);
    }
    if (metricName === `${name}_sum`) point.value.sum = value;
    else if (metricName === `${name}_count`) point.value.count = value;
    else {
      const { boundaries, counts } = point.value.buckets;
      const bound = Number(le);
      if (Number.isFinite(bound)) boundaries.push(bound);
      counts.push(value - point.total);
      point.total = value;
    }
  }
  return [...points.values()];
}

function attributesOf(labels: CollectedSample['labels']): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)]));
}

function unitOf(name: string): string {
  const [, unit] = /_(seconds|bytes)(?:_total|_sum)?$/.exec(name) ?? [];
  return unit === undefined ? '' : UNITS[unit as keyof typeof UNITS];
}

function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
