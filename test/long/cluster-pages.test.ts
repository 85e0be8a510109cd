import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { exportState, showCluster } from '../../src/cli/commands/cluster.js';
import { parseStateFile } from '../../src/ct-log/state/state-file.js';
import { AppLogger } from '../../src/logging/app-logger.js';
import { startServer } from '../../src/start-server.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { HAS_NATS, start } from '../support/nats-engine-system.js';

type Json = Record<string, unknown>;

describe.skipIf(!HAS_NATS)('a cluster of an ordinary member and a gateway', () => {
  it('shows the same logs, members and leases at both, and exports its states', async () => {
    const nats = await start();
    const cluster = { servers: [nats.address], prefix: 'pages', max_gb: 0.25, ready_lag_seconds: 5 };
    const system = await TestSystem.prepare({
      logs: [
        { name: 'a', initialEntries: 20 },
        { name: 'b', initialEntries: 20 },
      ],
      config: { cluster: { ...cluster, name: 'worker' } },
    });
    onTestFinished(() => system.close());
    await system.startServer();
    const config = structuredClone(system.config());
    Object.assign(config.cluster, { name: 'door', role: 'gateway' });
    const gateway = await startServer(config, {
      logger: new AppLogger({ ...config.log, write: (line) => system.output.push(`door: ${line}`) }),
    });
    onTestFinished(() => gateway.stop());
    await system.following();
    const pages = async (path: string): Promise<Json[]> =>
      Promise.all(
        [system.url, gateway.url].map(async (url) => (await (await fetch(url + path)).json()) as Json),
      );

    const logsAt = async () =>
      (await pages('/logs')).map(({ logs }) =>
        (logs as Json[]).map(({ name, member, state }) => [name, member, state].join(' ')),
      );
    await system.eventually(async () => {
      const [own, gateways] = await logsAt();
      return own.length === 2 && own.join() === gateways.join();
    }, 'the logs at the gateway');
    for (const line of (await logsAt())[1]) expect(line).toMatch(/ worker following$/);

    const membersOf = (page: Json) =>
      (page['members'] as Json[]).map(({ name, role }) => [name, role].join(' ')).sort();
    await system.eventually(
      async () => (await pages('/api/cluster')).every((page) => membersOf(page).length === 2),
      'two members at both',
    );
    const [own, other] = await pages('/api/cluster');
    expect(membersOf(own)).toEqual(['door gateway', 'worker all']);
    expect(membersOf(other)).toEqual(membersOf(own));
    expect(other['leases']).toEqual(own['leases']);
    const { logs: leases } = own['leases'] as { logs: Json[] };
    expect(leases.length).toBeGreaterThan(0);
    expect(leases.every(({ member }) => member === own['self'])).toBe(true);
    expect(own['connection']).toMatchObject({ connected: true });

    for (const ready of await pages('/readyz'))
      expect(ready).toMatchObject({ status: 'ready', cluster: { connected: true, members: 2 } });

    const options = { config: join(system.folder, 'cluster.yaml') };
    const input = system.input();
    writeFileSync(
      options.config,
      JSON.stringify({
        ...input,
        webserver: { ...input.webserver, listen_port: Number(new URL(system.url).port) },
      }),
    );
    const written: string[] = [];
    const output = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => written.push(String(text)) > 0);
    const out = join(system.folder, 'exported.json');
    try {
      await showCluster({ ...options, json: false });
      const exported = async () => {
        await exportState({ ...options, out, force: true }).catch(() => undefined);
        return existsSync(out) && parseStateFile(out, readFileSync(out, 'utf8')).logs.size === 2;
      };
      await system.eventually(exported, 'the states of both logs');
      await expect(exportState({ ...options, out, force: false })).rejects.toMatchObject({
        code: 'CLI_USAGE',
      });
    } finally {
      output.mockRestore();
    }
    expect(written[0]).toMatch(/^MEMBER .*\n(.*\n)*worker \* +all /);

    // Without nats servers, no member is ready.
    await nats.stop();
    await system.eventually(
      async () => (await pages('/readyz')).every(({ status }) => status === 'not ready'),
      'both members to notice',
    );
    expect((await pages('/logs')).length).toBe(2);
  }, 120_000);
});
