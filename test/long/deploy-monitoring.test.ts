import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { has, TOOLS, TOP } from '../support/deploy-tools.js';
import {
  CHART,
  chartConfig,
  documents,
  type Manifest,
  refusal,
  render,
  SINGLE_VALUES,
  SMALL_VALUES,
} from '../support/helm-chart.js';

const RULES = join(TOP, 'deploy/prometheus/rules.yml');

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'certstream-chart-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const rendered = (kind: string, ...more: readonly string[]): Manifest | undefined =>
  documents(render(SINGLE_VALUES, ...more)).find((each) => each.kind === kind);

describe.skipIf(!has('helm'))('monitoring in the Helm chart', () => {
  it('turns the metrics on, unless the values turn them off', () => {
    const resolved = (...more: readonly string[]) => {
      const path = join(folder, 'resolved.yaml');
      writeFileSync(path, chartConfig(SMALL_VALUES, ...more));
      return loadConfig({ path, environment: {} }).config.prometheus;
    };
    const off = ['--set', 'config.prometheus.enabled=false'];
    expect(resolved()).toMatchObject({ enabled: true, listen_port: 9090, whitelist: [] });
    expect(resolved(...off).enabled).toBe(false);
    const services = (...more: readonly string[]) =>
      documents(render(SMALL_VALUES, ...more)).filter(({ kind }) => kind === 'Service').length;
    expect([services(), services(...off)]).toEqual([2, 1]);
  });

  it('has the alerts of the file that the command line names', () => {
    const files = [
      '--set-file',
      `metrics.prometheusRule.rules=${RULES}`,
      '--set',
      'metrics.prometheusRule.groups=null',
    ];
    const { groups } = rendered('PrometheusRule', ...files)!.spec as unknown as { groups: unknown };
    expect({ groups }).toEqual(parse(readFileSync(RULES, 'utf8')));
  });

  it('gives the job a name in which the alerts find certstream, whatever the name of the Service', () => {
    const more = ['--set', 'fullnameOverride=ct'];
    const { jobLabel, selector } = rendered('ServiceMonitor', ...more)!.spec as unknown as {
      jobLabel: string;
      selector: { matchLabels: Record<string, string> };
    };
    expect(selector.matchLabels[jobLabel]).toMatch(/certstream/);
  });

  it.skipIf(!has('npm/complete'))(
    'renders ServiceMonitor and PrometheusRule by the schemas of their operator',
    async () => {
      const found = documents(render(`${CHART}/ci/ingress-monitoring-values.yaml`)).filter(({ kind }) =>
        /^(ServiceMonitor|PrometheusRule)$/.test(kind),
      );
      expect(found.map(({ kind }) => kind).sort()).toEqual(['PrometheusRule', 'ServiceMonitor']);
      const schemas = join(TOOLS, 'npm/node_modules/@kubernetes-models/prometheus-operator/_schemas');
      const prefix = 'ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoringV1';
      for (const manifest of found) {
        const { validate } = (await import(
          pathToFileURL(join(schemas, `${prefix}${manifest.kind}.js`)).href
        )) as {
          validate: { (value: unknown): boolean; errors: unknown };
        };
        expect([validate(manifest), validate.errors]).toEqual([true, null]);
        expect(validate({ ...manifest, spec: { endpoints: 1, groups: 1 } })).toBe(false);
      }
    },
  );

  it.each([
    ['metrics.prometheusRule.enabled=true', /has no alerts/],
    [
      'config.prometheus.enabled=false,metrics.serviceMonitor.enabled=true',
      /needs config\.prometheus\.enabled/,
    ],
  ])('refuses %s', (setting, reason) => {
    const { code, text } = refusal(SMALL_VALUES, '--set', setting);
    expect([code, text]).toEqual([1, expect.stringMatching(reason)]);
  });
});
