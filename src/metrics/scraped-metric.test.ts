import { Registry } from 'prom-client';
import { expect, it, vi } from 'vitest';
import type { Labels, MetricDefinition, Report } from '../discovery/metric-source.js';
import { scrapedMetric } from './scraped-metric.js';

async function samples(read: (report: Report) => void): Promise<string[]> {
  const registry = new Registry();
  const failed = vi.fn();
  const definition = { type: 'gauge', name: 'x', help: 'X.', labels: ['a'], read } as const;
  registry.registerMetric(scrapedMetric('x', definition, failed));
  const text = await registry.metrics();
  expect(failed).not.toHaveBeenCalled();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

it('keeps the labels of each sample, also if the caller uses one object for all of them', async () => {
  const labels = { a: '' };
  const read = (report: Report): void => {
    for (const a of ['1', '2']) report(Number(a), Object.assign(labels, { a }));
  };
  expect(await samples(read)).toEqual(['x{a="1"} 1', 'x{a="2"} 2']);
});

it('takes null for no labels, as plain JavaScript may pass it', async () => {
  expect(await samples((report) => report(1, null as unknown as Labels))).toEqual(['x 1']);
});

it('refuses a metric without a name', () => {
  const definition = { type: 'gauge', help: 'X.', read: () => undefined } as unknown as MetricDefinition;
  expect(() => scrapedMetric('certstream_undefined', definition, vi.fn())).toThrow('a metric has no name');
});
