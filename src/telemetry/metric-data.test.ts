import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import type { CollectedMetric, CollectedSample } from '../metrics/collected-metric.js';
import { metricData } from './metric-data.js';

const constants = { AggregationTemporality, DataPointType };
const sample = (value: number, labels = {}, metricName?: string): CollectedSample => ({
  value,
  labels,
  metricName,
});
const convert = (type: string, name: string, values: readonly CollectedSample[]) => {
  const metric: CollectedMetric = { name, help: 'Help.', type, values };
  return metricData(metric, { start: 1500, end: 2250.5 }, constants);
};

it('makes a cumulative, monotonic sum of a counter, since its start', () => {
  expect(convert('counter', 'sent_bytes_total', [sample(3, { type: 'full' })])).toMatchObject([
    {
      descriptor: { name: 'sent_bytes_total', description: 'Help.', unit: 'By' },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: [
        { value: 3, attributes: { type: 'full' }, startTime: [1, 500_000_000], endTime: [2, 250_500_000] },
      ],
    },
  ]);
});

it('makes a gauge of a gauge, and nothing of a metric without samples', () => {
  expect(convert('gauge', 'age_seconds', [sample(1), sample(2, { code: 5 })])).toMatchObject([
    {
      descriptor: { unit: 's' },
      dataPointType: DataPointType.GAUGE,
      dataPoints: [{ value: 1 }, { value: 2, attributes: { code: '5' } }],
    },
  ]);
  expect(convert('gauge', 'age_seconds', [])).toEqual([]);
});

it('makes counts of single buckets of the running totals of a histogram, for each combination of labels', () => {
  const values = ['a', 'b'].flatMap((type, i) => [
    sample(1 + i, { type, le: '0.5' }, 'd_seconds_bucket'),
    sample(4, { type, le: 2 }, 'd_seconds_bucket'),
    sample(6, { type, le: '+Inf' }, 'd_seconds_bucket'),
    sample(9.5, { type }, 'd_seconds_sum'),
    sample(6, { type }, 'd_seconds_count'),
  ]);
  const [histogram] = convert('histogram', 'd_seconds', values);
  expect(histogram.dataPoints.map(({ attributes, value }) => [attributes, value])).toEqual([
    [{ type: 'a' }, { buckets: { boundaries: [0.5, 2], counts: [1, 3, 2] }, sum: 9.5, count: 6 }],
    [{ type: 'b' }, { buckets: { boundaries: [0.5, 2], counts: [2, 2, 2] }, sum: 9.5, count: 6 }],
  ]);
});

it('makes a gauge and two sums of a summary of a module', () => {
  const values = [sample(0.2, { quantile: 0.5 }), sample(3, {}, 'run_sum'), sample(2, {}, 'run_count')];
  const made = convert('summary', 'run', values);
  expect(made.map(({ descriptor, dataPointType }) => [descriptor.name, dataPointType])).toEqual([
    ['run', DataPointType.GAUGE],
    ['run_sum', DataPointType.SUM],
    ['run_count', DataPointType.SUM],
  ]);
});
