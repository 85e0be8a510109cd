import { expect, it } from 'vitest';
import { shapesOf } from './exposition.js';
import { checkQuery } from './promql.js';

const shapes = shapesOf(
  [
    '# TYPE seen_total counter',
    'seen_total{url="a\\"b",code="1"} 2',
    '# TYPE size gauge',
    'size{url="a"} 1',
    '# TYPE delay_seconds histogram',
    'delay_seconds_bucket{le="+Inf",type="x"} 1',
    'delay_seconds_sum{type="x"} 1',
    'delay_seconds_count{type="x"} 1',
  ].join('\n'),
);

it.each([
  ['sum by (url) (rate(seen_total{code="1"}[5m]))', []],
  ['histogram_quantile(0.9, sum by (le, type) (rate(delay_seconds_bucket[5m])))', []],
  ['sum by (job) (size) / on (job) sum by (job, instance) (size)', []],
  ['topk(3, size)', []],
  ['seen', ['there is no metric seen']],
  ['size{code="1"}', ['size has no label code']],
  ['seen_total', ['seen_total is a counter, but is read as a gauge']],
  ['rate(size[5m])', ['size is a gauge, but is read as a counter']],
  ['sum by (code) (size)', ['sum by (code) (size) has no label code']],
  ['max by (url) (sum by (job) (size))', ['max by (url) (sum by (job) (size)) has no label url']],
  ['sum(size', ['sum(size is not PromQL at 8']],
])('checks %s', (expr, problems) => {
  expect(checkQuery(expr, shapes).problems).toEqual(problems);
});

it('returns the labels of the result', () => {
  const labels = (expr: string): string[] => [...checkQuery(expr, shapes).labels].sort();
  expect(labels('rate(seen_total[5m])')).toEqual(['code', 'instance', 'job', 'url']);
  expect(labels('sum by (url) (size) > 1')).toEqual(['url']);
  expect(labels('histogram_quantile(0.9, sum by (le, type) (rate(delay_seconds_bucket[5m])))')).toEqual([
    'type',
  ]);
});
