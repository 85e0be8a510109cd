import { expect, it } from 'vitest';
import { startStreamApp } from '../../test/support/stream-app.js';
import { OutputsModule } from '../outputs/outputs.module.js';
import { MetricsModule } from './metrics.module.js';
import { MetricsRegistry } from './metrics-registry.js';

/** After a change of a metric: `npx vitest run --project unit src/metrics/metrics-documentation.test.ts --update`. */
it('docs/metrics.md lists every metric', async () => {
  const listener = { listen_addr: '127.0.0.1', listen_port: 8080 };
  const { app } = await startStreamApp({
    config: { webserver: listener, prometheus: { ...listener, enabled: true } },
    imports: () => [MetricsModule, OutputsModule],
  });
  const rows = app
    .get(MetricsRegistry)
    .definitions.map(
      ({ name, type, labels = [], help }) =>
        `| \`<prefix>_${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    );
  const page = [
    '# Metrics',
    '',
    'Served at `prometheus.metrics_url` in the Prometheus text format. `<prefix>` is `prometheus.metric_prefix`, by default',
    "`certstreamservergo`: the first four are the Go server's, with its labels, for its Grafana dashboard.",
    '`url` is the URL of a log without scheme and trailing slash. Label values come from the log list, from fixed sets, from names of',
    'classes and from connected clients only; the label of a client goes when it leaves. With `prometheus.expose_system_metrics` the',
    'process metrics of `prom-client` come on top.',
    '',
    'Modules of others add metrics: providers with `@MetricSource()`, whose names get the prefix as well, and what',
    '`makeCounterProvider` and its like of `@willsoto/nestjs-prometheus` make, under its own name. A metric that cannot be read, or',
    'whose name is taken, is left out and logged, and costs no other metric.',
    '',
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/metrics.md');
});
