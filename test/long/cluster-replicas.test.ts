import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLUSTER_INITIAL, ClusterRun } from '../../bench/support/cluster-run.js';
import { Fleet } from '../../bench/support/fleet.js';
import { freePort } from '../../src/testing/free-port.js';
import { findNatsServer, NatsServer } from '../support/brokers/nats-server.js';
import {
  findNatsWithReplicas,
  NATS_REPLICAS_MISSING,
  NatsReplicas,
} from '../support/brokers/nats-replicas.js';

const nats = findNatsWithReplicas();
if (nats === undefined) console.log(NATS_REPLICAS_MISSING);
const old = findNatsServer();
const isOld = old !== undefined && /v2\.(\d|1[01])\./.test(String(spawnSync(old, ['--version']).stdout));
if (!isOld)
  console.log(
    'there is no nats-server below 2.12, so the test of its refusal is skipped; as root: apt-get install -y nats-server',
  );

const AWAY_MS = 2000;
const bin = join(import.meta.dirname, '../../dist/cli/bin.js');

describe.skipIf(nats === undefined)(
  'a cluster of two members on three nats-servers with three replicas',
  () => {
    it('has every entry once in its stream and at its clients, although the leader is killed and another server stops', async () => {
      const replicas = await NatsReplicas.start(nats!);
      onTestFinished(() => replicas.stop());
      const logs = await Fleet.start([
        {
          count: 1,
          name: 'rfc',
          protocol: 'rfc6962',
          entriesPerSecond: 50,
          headIntervalMs: 250,
          initialEntries: CLUSTER_INITIAL,
        },
      ]);
      onTestFinished(() => logs.stop());
      const lines: string[] = [];
      const killed = {
        name: 'the leader of the stream killed',
        run: async () => {
          const leader = await replicas.leaderOf('CT');
          await leader.kill();
          await delay(AWAY_MS);
          await leader.restart();
        },
      };
      const stopped = {
        name: 'another nats-server stopped',
        run: async () => {
          const leader = await replicas.leaderOf('CT');
          const other = replicas.servers.find((server) => server !== leader)!;
          await other.terminate();
          await delay(AWAY_MS);
          await other.restart();
        },
      };
      const run = new ClusterRun(
        {
          alls: 2,
          ingests: 0,
          gateways: 0,
          clients: 2,
          events: 0,
          first: [killed, stopped],
          rate: 50,
          replicas: 3,
          outage: 0,
          seed: 1,
          print: (line) => lines.push(line),
          command: { node: process.execPath, nodeFlags: [], bin, environment: {} },
        },
        logs,
        replicas.servers,
      );
      onTestFinished(() => run.end(false));
      const { mistakes, entries } = await run.run();
      expect({ mistakes, lines }).toEqual({ mistakes: [], lines: expect.any(Array) });
      for (const { name } of [killed, stopped]) expect(lines.join('\n')).toContain(name);
      expect(entries).toBeGreaterThan(0);
    });
  },
);

describe.skipIf(!isOld)('a member with replicas: 3', () => {
  it('ends with one line and exit code 2 on a nats-server that is too old for replicas', async () => {
    const server = await NatsServer.start(old!);
    onTestFinished(() => server.stop());
    const folder = mkdtempSync(join(tmpdir(), 'cluster-replicas-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const listener = { listen_addr: '127.0.0.1', listen_port: await freePort() };
    const config = { webserver: listener, cluster: { servers: [server.address], replicas: 3 } };
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [bin, 'serve'], { cwd: folder, env: { PATH, HOME } });
    onTestFinished(() => void child.kill('SIGKILL'));
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.stdout.resume();
    const [code] = (await once(child, 'close')) as [number];
    expect(errors.trim().split('\n')).toEqual([
      expect.stringMatching(
        /has version 2\.\d+\.\d+, and replicas above 1 need 2\.12 or newer.*set replicas: 1/,
      ),
    ]);
    expect(code).toBe(2);
  });
});
