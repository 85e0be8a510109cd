import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientsAndOutputs } from '../deploy/grafana/clients-and-outputs.js';
import { logs } from '../deploy/grafana/logs.js';
import { overview } from '../deploy/grafana/overview.js';
import { shapesOf, type MetricShape } from './monitoring/exposition.js';
import { startFullSystem, type FullSystem } from './monitoring/full-system.js';
import { checkQuery } from './monitoring/promql.js';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
  readonly panels: readonly Panel[];
}

const DASHBOARDS = { overview, logs, 'clients-and-outputs': clientsAndOutputs } as unknown as Readonly<
  Record<string, Dashboard>
>;

/** Metrics that have no samples within the first minute of a server whose clients are fast and whose logs are honest. */
const WITHOUT_SAMPLES = [
  'certstreamservergo_log_growth_entries_per_second',
  'certstreamservergo_log_delivery_entries_per_second',
];

/** Puts values into the variables of Grafana that a query contains. */
const resolved = (expr: string): string =>
  expr.replaceAll(/\$__(rate_interval|range)/g, '5m').replaceAll(/\$(job|instance|operator|url)\b/g, '.*');

let full: FullSystem;
let shapes: Map<string, MetricShape>;
beforeAll(async () => {
  full = await startFullSystem();
  shapes = shapesOf(await full.exposition());
  for (const name of WITHOUT_SAMPLES)
    for (const label of ['url', 'operator']) shapes.get(name)?.labels.add(label);
});
afterAll(() => full.system.close());

describe.each(Object.entries(DASHBOARDS))('the dashboard %s', (name, dashboard) => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  /** After changing a dashboard, run `npx vitest run --project e2e test/dashboards.test.ts --update`. */
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
          if (shapes.get(metric)?.samples === 0 && !WITHOUT_SAMPLES.includes(metric))
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
