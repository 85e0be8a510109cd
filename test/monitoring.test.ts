import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { shapesOf, type MetricShape } from './monitoring/exposition.js';
import { startFullSystem, type FullSystem } from './monitoring/full-system.js';
import {
  CLUSTER_LABELS,
  DASHBOARDS,
  isLate,
  LATE_METRICS,
  panelsOf,
  resolved,
} from './monitoring/grafana-queries.js';
import { checkQuery } from './monitoring/promql.js';

let full: FullSystem;
let shapes: Map<string, MetricShape>;
beforeAll(async () => {
  full = await startFullSystem();
  shapes = shapesOf(await full.exposition());
  for (const name of LATE_METRICS)
    for (const label of ['url', 'operator']) shapes.get(name)?.labels.add(label);
  for (const [name, label] of Object.entries(CLUSTER_LABELS)) shapes.get(name)?.labels.add(label);
});
afterAll(() => full.system.close());

describe.each(Object.entries(DASHBOARDS))('the dashboard %s', (name, dashboard) => {
  const panels = panelsOf(dashboard);

  /** After changing a dashboard, run `npx vitest run --project e2e test/monitoring.test.ts --update`. */
  it('is the file in deploy/grafana/dashboards', async () => {
    await expect(`${JSON.stringify(dashboard, undefined, 2)}\n`).toMatchFileSnapshot(
      `../deploy/grafana/dashboards/${name}.json`,
    );
  });

  it('has a title, a description, a unit and queries with legends in each panel', () => {
    for (const { title, description, fieldConfig, targets } of panels) {
      expect.soft(title).not.toBe('');
      expect.soft(description, title).toMatch(/^[A-Z].*\.$/);
      expect.soft(fieldConfig.defaults.unit, title).not.toBe('');
      expect.soft(targets.length, title).toBeGreaterThan(0);
    }
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  it('has panels that do not overlap', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)}/${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it('reads only metrics and labels that the server has, each as its type demands', () => {
    const problems: string[] = [];
    for (const { title, targets } of panels) {
      for (const { expr, legendFormat } of targets) {
        const query = checkQuery(resolved(expr), shapes);
        problems.push(...query.problems.map((problem) => `${title}: ${problem}`));
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
          if (!query.labels.has(label))
            problems.push(`${title}: the legend has ${label}, but the result has not`);
        }
        for (const metric of query.metrics) {
          if (shapes.get(metric)?.samples === 0 && !isLate(metric))
            problems.push(`${title}: ${metric} has no samples`);
        }
      }
    }
    expect(problems).toEqual([]);
  });

  it('offers values of labels that exist', () => {
    const problems = dashboard.templating.list.flatMap(({ name: variable, query }) => {
      if (typeof query === 'string') return [];
      const [, selector, label] =
        /^label_values\((.*), (\w+)\)$/.exec((query as { query: string }).query) ?? [];
      expect(label).toBe(variable);
      return checkQuery(resolved(`max by (${label}) (${selector})`), shapes).problems;
    });
    expect(problems).toEqual([]);
  });
});

it('the identifiers of the dashboards differ', () => {
  const uids = Object.values(DASHBOARDS).map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
});

describe('the Grafana dashboard of the Go server', () => {
  /** The metrics of the Go server with all their labels, read as its dashboard reads them: rates, sums and values for each label. */
  const QUERIES = [
    'sum(certstreamservergo_clients_total)',
    'certstreamservergo_clients_total{type="full"}',
    'certstreamservergo_clients_total{type="lite"}',
    'certstreamservergo_clients_total{type="domain"}',
    'sum(rate(certstreamservergo_certificates_total[5m]))',
    'rate(certstreamservergo_certificates_total{type="regular"}[5m])',
    'rate(certstreamservergo_certificates_total{type="precert"}[5m])',
    'sum(increase(certstreamservergo_certificates_total[24h]))',
    'sum by (operator) (rate(certstreamservergo_certs_by_log_total[5m]))',
    'sum by (url) (rate(certstreamservergo_certs_by_log_total[5m]))',
    'topk(10, sum by (url, operator) (increase(certstreamservergo_certs_by_log_total[1h])))',
    'sum by (client) (certstreamservergo_skipped_certs)',
    'process_resident_memory_bytes',
    'rate(process_cpu_seconds_total[5m])',
    'time() - process_start_time_seconds',
    'process_open_fds',
  ];

  it.each(QUERIES)('has data for %s', (expr) => {
    const { problems, metrics } = checkQuery(expr, shapes);
    expect(problems).toEqual([]);
    for (const metric of metrics) expect(shapes.get(metric)?.samples).toBeGreaterThan(0);
  });
});

it('the metrics are in OpenMetrics if the request asks for it, and in the text format otherwise', async () => {
  const answer = async (accept: string) => {
    const response = await fetch(full.url, { headers: { accept } });
    const text = await response.text();
    return [response.headers.get('content-type'), response.headers.get('vary'), text.endsWith('\n# EOF\n')];
  };
  expect(await answer('application/openmetrics-text; version=1.0.0')).toEqual([
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
    'Accept',
    true,
  ]);
  expect(await answer('*/*')).toEqual(['text/plain; version=0.0.4; charset=utf-8', 'Accept', false]);
});

describe('the alerts', () => {
  interface Rule {
    readonly alert: string;
    readonly expr: string;
    readonly labels: { readonly severity: string };
    readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook', string>>;
  }
  const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
  const { groups } = parse(read('deploy/prometheus/rules.yml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);

  it.each(rules)('$alert, $labels.severity: reads what the server has, and explains itself', (rule) => {
    const { alert, expr, annotations } = rule;
    const known = new Map([
      ...shapes,
      ['up', { type: 'gauge', labels: new Set(['job', 'instance']), samples: 1 }],
    ]);
    const { problems, labels } = checkQuery(expr, known);
    const used = [...`${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g)];
    expect(problems).toEqual([]);
    expect(used.map(([, label]) => label).filter((label) => !labels.has(label))).toEqual([]);
    expect(annotations.description).toMatch(/\.$/);
    expect(['warning', 'critical']).toContain(rule.labels.severity);
    expect(read('docs/monitoring.md')).toContain(`\n### ${alert}\n`);
    expect(annotations.runbook).toBe(`docs/monitoring.md#${alert.toLowerCase()}`);
  });

  it('have a test each, for each severity', () => {
    const { tests } = parse(read('deploy/prometheus/rules.test.yml')) as {
      tests: { promql_expr_test: { exp_samples: { labels: string }[] }[] }[];
    };
    const expected = tests.flatMap(({ promql_expr_test: checks }) => {
      expect(checks.some(({ exp_samples: samples }) => samples.length === 1)).toBe(true);
      return checks.flatMap(({ exp_samples: samples }) => samples.map(({ labels }) => labels));
    });
    for (const { alert, labels } of rules) {
      const fires = (text: string): boolean =>
        text.includes(`alertname="${alert}"`) && text.includes(`severity="${labels.severity}"`);
      expect(expected.some(fires), `${alert}, ${labels.severity}`).toBe(true);
    }
  });
});
