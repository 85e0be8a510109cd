import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FullSystem, startFullSystem } from '../monitoring/full-system.js';
import { DASHBOARDS, LATE_METRICS, panelsOf, resolved } from '../monitoring/grafana-queries.js';
import {
  hasPrometheus,
  PROMETHEUS_MISSING,
  PrometheusServer,
  promtool,
} from '../monitoring/prometheus-tools.js';

const FOLDER = join(import.meta.dirname, '../../deploy/prometheus');
const QUERIES = Object.entries(DASHBOARDS).flatMap(([name, dashboard]) =>
  panelsOf(dashboard).flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ where: `${name}, ${title}`, expr: resolved(expr) })),
  ),
);

const isInstalled = hasPrometheus();
if (!isInstalled) console.warn(PROMETHEUS_MISSING);

describe.skipIf(!isInstalled)('promtool', () => {
  it.each([
    ['accepts prometheus.yml', ['check', 'config', 'prometheus.yml']],
    ['accepts rules.yml', ['check', 'rules', 'rules.yml']],
    ['sees each alert fire, and not fire', ['test', 'rules', 'rules.test.yml']],
  ])('%s', (_title, [command, what, file]) => {
    const { status, output } = promtool([command, what, join(FOLDER, file)]);
    expect(status, output).toBe(0);
  });

  it('parses the queries of the dashboards', () => {
    const folder = mkdtempSync(join(tmpdir(), 'queries-'));
    const file = join(folder, 'queries.yml');
    const rules = QUERIES.map(({ expr }, i) => ({ record: `query:${i}`, expr }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }));
    const { status, output } = promtool(['check', 'rules', file]);
    rmSync(folder, { recursive: true });
    expect(status, output).toBe(0);
    expect(output).toContain(`${QUERIES.length} rules found`);
  });
});

describe.skipIf(!isInstalled)('the metrics of a server', () => {
  let full: FullSystem;
  let prometheus: PrometheusServer;
  beforeAll(async () => {
    full = await startFullSystem();
    prometheus = await PrometheusServer.start(new URL(full.url).host, join(FOLDER, 'rules.yml'));
  });
  afterAll(async () => {
    await prometheus?.stop();
    await full?.system.close();
  });

  it('please promtool, except for one name of the Go server and the names of prom-client', async () => {
    const { output } = promtool(['check', 'metrics'], await full.exposition());
    expect(output.trim().split('\n').sort()).toEqual(
      [
        'certstreamservergo_clients_total',
        'nodejs_active_handles_total',
        'nodejs_active_requests_total',
        'nodejs_active_resources_total',
      ].map((name) => `${name} non-counter metrics should not have "_total" suffix`),
    );
  });

  it('are scraped by Prometheus, which evaluates all rules and fires no alert', async () => {
    await full.system.eventually(
      async () => (await prometheus.count('up == 1').catch(() => 0)) === 1 && (await evaluated()) === 'ok',
      'a scrape and an evaluation of all rules',
    );
    // Alerts may be pending: CertstreamAbsent is until the first scrape, and others while the machine is busy.
    const { alerts } = await prometheus.api<{ alerts: { state: string; labels: object }[] }>('alerts');
    expect(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels)).toEqual([]);
  });

  it('give each query of the dashboards a result', async () => {
    await full.system.eventually(
      async () => (await prometheus.count('rate(certstreamservergo_certificates_total[1m])')) > 0,
      'two scrapes, which a rate needs',
    );
    const empty: string[] = [];
    for (const { where, expr } of QUERIES) {
      if (LATE_METRICS.some((metric) => expr.includes(metric)) || where.startsWith('cluster, ')) continue;
      if ((await prometheus.count(expr)) === 0) empty.push(where);
    }
    // No client has missed a message.
    expect(empty).toEqual(['clients-and-outputs, Clients that missed most']);
  });

  /** Returns `ok` if every rule was evaluated without an error. */
  async function evaluated(): Promise<string> {
    const { groups } = await prometheus.api<{
      groups: { rules: { health: string; lastError?: string }[] }[];
    }>('rules');
    const rules = groups.flatMap((group) => group.rules);
    const bad = rules.find(({ health }) => health !== 'ok');
    return bad === undefined ? 'ok' : `${bad.health} ${bad.lastError}`;
  }
});
