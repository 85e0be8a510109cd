import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLUSTER_INITIAL, ClusterRun } from '../bench/support/cluster-run.js';
import { Fleet } from '../bench/support/fleet.js';
import { findNatsServer, NATS_SERVER_MISSING, NatsServer } from './support/brokers/nats-server.js';

const nats = findNatsServer();
if (nats === undefined) console.log(NATS_SERVER_MISSING);

const group = { count: 2, entriesPerSecond: 25, headIntervalMs: 250, initialEntries: CLUSTER_INITIAL };
const bin = join(import.meta.dirname, '../dist/cli/bin.js');

/** The short form of `npm run cluster-test`. */
describe.skipIf(nats === undefined)('a cluster of two members', () => {
  it('has every entry once in its stream and at clients that reconnect anywhere, although a member is killed', async () => {
    const server = await NatsServer.start(nats!);
    onTestFinished(() => server.stop());
    const logs = await Fleet.start([
      { ...group, name: 'rfc', protocol: 'rfc6962' },
      { ...group, name: 'tiled', protocol: 'static-ct' },
    ]);
    onTestFinished(() => logs.stop());
    const lines: string[] = [];
    const run = new ClusterRun(
      {
        alls: 2,
        ingests: 0,
        gateways: 0,
        clients: 2,
        events: 1,
        only: '0 killed',
        rate: 100,
        replicas: 1,
        outage: 0,
        seed: 1,
        print: (line) => lines.push(line),
        command: { node: process.execPath, nodeFlags: [], bin, environment: {} },
      },
      logs,
      [server],
    );
    onTestFinished(() => run.end(false));
    const { mistakes, entries } = await run.run();
    expect({ mistakes, lines }).toEqual({ mistakes: [], lines: expect.any(Array) });
    expect(lines.join('\n')).toContain('all-0 killed');
    expect(entries).toBeGreaterThan(0);
  });
});
