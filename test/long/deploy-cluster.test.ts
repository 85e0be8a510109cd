import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { has, TOP } from '../support/deploy-tools.js';
import {
  chartConfig,
  CLUSTER_VALUES,
  documents,
  refusal,
  render,
  SINGLE_VALUES,
} from '../support/helm-chart.js';

interface ComposeService {
  readonly environment: Record<string, string>;
  readonly command: readonly string[];
  readonly volumes: readonly string[];
}

interface PodTemplate {
  readonly template: {
    readonly metadata: { readonly labels: object };
    readonly spec: {
      readonly topologySpreadConstraints: readonly [
        { readonly topologyKey: string; readonly labelSelector: { readonly matchLabels: object } },
      ];
    };
  };
}

describe('the profile cluster of compose.yaml', () => {
  const compose = parse(readFileSync(join(TOP, 'compose.yaml'), 'utf8'), { merge: true }) as {
    services: Record<string, ComposeService>;
  };

  it('sets variables of three members of a cluster that the server accepts', () => {
    const { cluster, general } = loadConfig({
      searchPaths: [],
      environment: compose.services.member.environment,
    }).config;
    expect(cluster).toMatchObject({ servers: ['nats-1:4222', 'nats-2:4222', 'nats-3:4222'], replicas: 3 });
    expect(general.recovery.enabled).toBe(false);
  });

  it('has three NATS servers of one cluster, each with a volume and a name of its own', () => {
    const servers = Object.entries(compose.services).filter(([name]) => name.startsWith('nats-'));
    expect(servers).toHaveLength(3);
    for (const [name, { command, volumes }] of servers) {
      expect(command).toContain(`--name=${name}`);
      expect(command).toContain('--cluster_name=certstream');
      expect(volumes).toEqual([`${name}:/data`]);
    }
  });
});

describe.skipIf(!has('helm'))('members of a cluster in the Helm chart', () => {
  it('replaces members of a cluster one after another, and a server with a volume only after it has ended', () => {
    const found = (values: string) => {
      const all = documents(render(values));
      const { replicas, strategy } = all.find(({ kind }) => kind === 'Deployment')!.spec as unknown as {
        readonly replicas: number;
        readonly strategy: object;
      };
      return { replicas, strategy, hasClaim: all.some(({ kind }) => kind === 'PersistentVolumeClaim') };
    };
    expect(found(SINGLE_VALUES)).toEqual({ replicas: 1, strategy: { type: 'Recreate' }, hasClaim: true });
    expect(found(CLUSTER_VALUES)).toEqual({
      replicas: 3,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      hasClaim: false,
    });
  });

  it('gives members of a cluster the NATS servers, and lets them reach their ports', () => {
    const servers = ['nats://a.example:4333', 'b.example'];
    const more = ['--set', `cluster.servers={${servers.join(',')}}`];
    const config = parse(chartConfig(CLUSTER_VALUES, ...more)) as { readonly cluster: object };
    expect(config.cluster).toMatchObject({
      servers,
      replicas: 3,
      credentials_file: '/run/cluster/nats.creds',
    });
    // Positions and journal are on the NATS servers; a setting for them would be a warning.
    expect(config).not.toHaveProperty('general');
    expect(config).not.toHaveProperty('journal');
    const policy = documents(render(CLUSTER_VALUES, ...more)).find(({ kind }) => kind === 'NetworkPolicy');
    const { egress } = policy!.spec as unknown as { egress: { ports: object[]; to?: object[] }[] };
    expect(egress.find(({ to }) => to !== undefined)!.ports).toEqual([{ port: 4333 }, { port: 4222 }]);
  });

  it('prefers different nodes for the members, whatever the name of the release', () => {
    const { template } = documents(render(CLUSTER_VALUES)).find(({ kind }) => kind === 'Deployment')!
      .spec as unknown as PodTemplate;
    const [{ labelSelector, topologyKey }] = template.spec.topologySpreadConstraints;
    expect(topologyKey).toBe('kubernetes.io/hostname');
    expect(template.metadata.labels).toMatchObject(labelSelector.matchLabels);
  });

  it.each([
    ['replicas=2', SINGLE_VALUES, /replicas above 1 need a cluster/],
    ['config.cluster.servers={a}', CLUSTER_VALUES, /servers/],
  ])('refuse %s', (setting, values, reason) => {
    const { code, text } = refusal(values, '--set', setting);
    expect([code, text]).toEqual([1, expect.stringMatching(reason)]);
  });
});
