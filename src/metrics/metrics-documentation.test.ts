import { expect, it } from 'vitest';
import { CertificateRenderer } from '../certificate/certificate-renderer.js';
import type { MetricSources } from './metric-sources.js';
import { describeMetrics } from './metrics.js';

/** After a change of a metric: `npx vitest run -u src/metrics/metrics-documentation.test.ts`. */
it('docs/metrics.md lists every metric', async () => {
  const sources = { stream: { renderer: new CertificateRenderer() } } as unknown as MetricSources;
  const rows = describeMetrics(sources).map(
    ({ name, type, labels = [], help }) =>
      `| \`<prefix>_${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  const page = [
    '# Metrics',
    '',
    'Served at `prometheus.metrics_url` in the Prometheus text format. `<prefix>` is `prometheus.metric_prefix`, by default',
    "`certstreamservergo`: the first four are the Go server's, with its labels, for its Grafana dashboard.",
    '`url` is the URL of a log without scheme and trailing slash. Label values come from the log list, from fixed sets and from',
    'connected clients only; the label of a client goes when it leaves. With `prometheus.expose_system_metrics` the',
    'process metrics of `prom-client` come on top.',
    '',
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/metrics.md');
});
