import { DiscoveryService } from '@nestjs/core';
import { expect, it } from 'vitest';
import { startStreamApp } from '../../test/support/stream-app.js';
import { findContributions } from '../discovery/contributions.js';
import { type MetricContribution, MetricSource } from '../discovery/metric-source.js';
import { OutputsModule } from '../outputs/outputs.module.js';
import { MetricsModule } from './metrics.module.js';
import { MetricsRegistry } from './metrics-registry.js';

/** After changing a metric, run `npx vitest run --project unit src/metrics/metrics-documentation.test.ts --update`. */
it('docs/metrics.md lists every metric', async () => {
  const listener = { listen_addr: '127.0.0.1', listen_port: 8080 };
  const { app } = await startStreamApp({
    config: { webserver: listener, prometheus: { ...listener, enabled: true } },
    imports: () => [MetricsModule, OutputsModule],
  });
  const discovery = app.get(DiscoveryService, { strict: false });
  const registry = app.get(MetricsRegistry);
  const rows = findContributions<MetricContribution>(discovery, MetricSource, 'metrics', registry)
    .flatMap(({ provider }) => provider.metrics())
    .map(
      ({ name, type, labels = [], help }) =>
        `| \`<prefix>_${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    );
  const page = [
    '# Metrics',
    '',
    'The server publishes these metrics at `prometheus.metrics_url` in the Prometheus text format, or in OpenMetrics if a request asks for',
    'it. [monitoring.md](monitoring.md) has dashboards and alerts. `<prefix>` is `prometheus.metric_prefix`, by default',
    '`certstreamservergo`. The first four metrics have the names and labels of the Go server, so',
    'its Grafana dashboard works with them. `url` is the URL of a log without scheme and trailing slash. Label values come only from the',
    'log list, fixed sets, class names and connected clients; the label of a client disappears when the client disconnects.',
    'With `prometheus.expose_system_metrics` the process metrics of `prom-client` are added.',
    '',
    'Custom modules can add metrics in two ways: providers with `@MetricSource()`, whose names get the prefix too, and metrics of',
    '`makeCounterProvider` etc. of `@willsoto/nestjs-prometheus`, whose names stay unchanged. A metric that cannot be read, or whose',
    'name is already in use, is left out and logged; other metrics are not affected.',
    '',
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/metrics.md');
});
