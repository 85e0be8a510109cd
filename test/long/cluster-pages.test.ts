import { tmpdir } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startCli } from '../../src/testing/cli-process.js';
import { WebhookReceiver } from '../support/brokers/webhook-receiver.js';
import { eventually } from '../support/cluster-members.js';
import { HAS_NATS, start } from '../support/nats-engine-system.js';
import { range } from '../support/range.js';
import { startWorkerAndGateway, type WorkerAndGateway } from '../support/worker-and-gateway.js';

type Json = Record<string, unknown>;
interface Answer {
  readonly status: number;
  readonly json: Json;
}

const LOGS = [
  { name: 'a', initialEntries: 20 },
  { name: 'b', initialEntries: 20 },
];

/** Requests a page of both members. */
function pagesOf({ system, gateway }: WorkerAndGateway, path: string): Promise<Json[]> {
  return Promise.all([system.url, gateway].map(async (url) => (await get(url + path)).json));
}

async function get(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, json: (await response.json()) as Json };
}

const listOf = (page: Json, key: string): Json[] => page[key] as Json[];

describe.skipIf(!HAS_NATS)('a cluster of an ordinary member and a gateway', () => {
  it('shows the same logs, members and leases at both', async () => {
    const nats = await start();
    const both = await startWorkerAndGateway(nats, LOGS);
    const { system } = both;
    const pages = (path: string) => pagesOf(both, path);
    const logsAt = async () =>
      (await pages('/logs')).map((page) =>
        listOf(page, 'logs').map(({ name, member, state }) => [name, member, state].join(' ')),
      );
    await eventually(async () => {
      const [own, gateways] = await logsAt();
      expect(own).toHaveLength(2);
      expect(gateways).toEqual(own);
      for (const line of gateways) expect(line).toMatch(/ worker following$/);
    });

    const membersOf = (page: Json) =>
      listOf(page, 'members').map(({ name, role, logs }) => [name, role, logs].join(' '));
    await eventually(async () => {
      const [own, other] = await pages('/api/cluster');
      for (const page of [own, other]) {
        expect(membersOf(page)).toEqual(['door gateway 0', 'worker all 2']);
        for (const { lag } of listOf(page, 'members')) expect(lag).not.toBeNull();
      }
      expect(other['leases']).toEqual(own['leases']);
      const { logs: leases } = own['leases'] as { logs: Json[] };
      expect(leases.length).toBeGreaterThan(0);
      expect(leases.every(({ member }) => member === own['self'])).toBe(true);
      expect(own['connection']).toMatchObject({ connected: true });
      for (const ready of await pages('/readyz'))
        expect(ready).toMatchObject({ status: 'ready', cluster: { connected: true, members: 2 } });
    });

    // Without nats servers, no member is ready.
    await nats.stop();
    await system.eventually(
      async () => (await pages('/readyz')).every(({ status }) => status === 'not ready'),
      'both members to notice',
    );
    expect((await pages('/logs')).length).toBe(2);
  });

  it('shows the figures of all logs at both, and entries of all logs that the stream holds', async () => {
    const both = await startWorkerAndGateway(await start(), LOGS);
    const { system, gateway } = both;
    const [a] = system.simulator.logs;
    a.append(5);
    a.publish();
    const url = a.url.replace(/\/$/, '');
    const isComplete = ({ logs }: Json) =>
      (logs as Json[]).length === 2 &&
      (logs as Json[]).some((log) => log['url'] === url && log['current_index'] === 25);
    await system.eventually(
      async () => (await pagesOf(both, '/api/logs')).every(isComplete),
      'the new entries in the figures of both',
    );
    for (const page of await pagesOf(both, '/api/logs'))
      expect(page).toMatchObject({ total_logs: 2, healthy: 2, degraded: 0, unhealthy: 0 });
    await system.eventually(
      async () => (await pagesOf(both, '/stats')).every(({ processed_certificates: n }) => n === 5),
      'the entries at both',
    );
    for (const { workers } of await pagesOf(both, '/stats'))
      expect(Object.entries(workers as Json)).toContainEqual([url, 5]);

    const { name, log_id: id } = listOf((await pagesOf(both, '/logs'))[1], 'logs').find(
      (log) => log['url'] === url,
    )! as Record<'name' | 'log_id', string>;
    const names = [url, name, Buffer.from(id, 'base64').toString('hex'), id];
    const entry = (server: string, log: string, index: number) =>
      get(`${server}/api/entries/${encodeURIComponent(log)}/${index}?format=lite`);
    for (const log of names)
      for (const index of range(20, 25)) {
        const answer = await entry(gateway, log, index);
        expect(answer).toMatchObject({
          status: 200,
          json: { data: { cert_index: index, source: { name } } },
        });
      }
    // The worker fetches an older entry, and the gateway follows no log.
    expect(await entry(system.url, url, 3)).toMatchObject({ status: 200 });
    expect(await entry(gateway, url, 3)).toMatchObject({
      status: 404,
      json: { code: 'API_LOG_ELSEWHERE', error: expect.stringContaining('worker') as string },
    });
    expect(await entry(gateway, 'no.such.log', 3)).toMatchObject({
      status: 404,
      json: { code: 'API_LOG_UNKNOWN' },
    });
  });

  it('shows the outputs of both at both', async () => {
    const receiver = await WebhookReceiver.start();
    onTestFinished(() => receiver.stop());
    // Each member gets some of them.
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const outputs = names.map((name) => ({ name, ...receiver.settings, batch_seconds: 0 }));
    const both = await startWorkerAndGateway(await start(), LOGS, { outputs });
    for (const log of both.system.simulator.logs) {
      log.append(5);
      log.publish();
    }
    // Counts are those of the member, and an output may have moved to the gateway when that joined.
    const summaryOf = ({ name, member, position, backlog }: Json) => ({
      name,
      member,
      seq: (position as Json)['seq'] as number,
      backlog: (backlog as Json)['records'],
    });
    await eventually(async () => {
      const [own, gateways] = (await pagesOf(both, '/api/outputs')).map((page) =>
        listOf(page, 'outputs').map(summaryOf),
      );
      expect(own.map(({ name }) => name)).toEqual(names);
      expect(gateways).toEqual(own);
      for (const { seq, backlog } of own) expect({ seq, backlog }).toEqual({ seq: own[0].seq, backlog: 0 });
      expect(own[0].seq).toBeGreaterThan(0);
      expect(new Set(own.map(({ member }) => member))).toEqual(new Set(['door', 'worker']));
    });
    const { out } = await startCli(['outputs', '--url', both.gateway], { cwd: tmpdir() }).ended;
    expect(out).toMatch(/^NAME +TYPE +MEMBER +RECORD /);
    expect(out).toMatch(/^[a-h] +webhook +worker +\d+ /m);
    expect(out).toMatch(/^[a-h] +webhook +door +\d+ /m);
  });

  it('opens its pages with any valid token only', async () => {
    const [lite, all] = ['a-token-of-the-lite-stream', 'a-token-of-all-streams'];
    const tokens = [
      { name: 'lite', token: lite, streams: ['lite'] },
      { name: 'all', token: all },
    ];
    const { gateway } = await startWorkerAndGateway(await start(), LOGS, { auth: { tokens } });
    const page = `${gateway}/api/cluster`;
    const withToken = (token: string) => get(page, { headers: { Authorization: `Bearer ${token}` } });
    expect(await get(page)).toMatchObject({ status: 401 });
    expect(await withToken('another-token-of-no-server')).toMatchObject({ status: 401 });
    for (const token of [lite, all]) expect(await withToken(token)).toMatchObject({ status: 200 });
    // Names of servers, users and secrets of NATS are no part of the page.
    expect(JSON.stringify((await withToken(all)).json)).not.toContain('127.0.0.1:');
  });
});
