import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestSystem } from '../src/testing/test-system.js';
import { API_LOGS, ApiSystem, errorOf, getPage, logPath } from './support/api-system.js';

let api: ApiSystem;

describe('the figures', () => {
  beforeAll(async () => {
    api = await ApiSystem.start();
  });
  afterAll(() => api.close());

  it('/api/stats has the keys of certstream-server-rust', async () => {
    const stats = (await api.get('/api/stats')).json();
    const number = expect.any(Number) as number;
    expect(stats).toMatchObject({
      uptime_seconds: number,
      connections: { total: 1, websocket: 1, sse: 0, full: 1, lite: 0, domains: 0 },
      throughput: {
        messages_sent: 200,
        certificates_processed: 200,
        bytes_sent: number,
        bytes_serialized: number,
      },
      memory: { cache_entries: 0, cache_capacity: number },
    });
  });

  it('/api/logs has the keys of certstream-server-rust', async () => {
    const [pages, tiles] = api.system.simulator.logs;
    const failing = tiles.faults.add({ kind: 'status', status: 500, endpoint: '*' });
    await api.system.eventually(() => api.system.followed(tiles)?.status.state === 'failing', 'the failure');
    const document = (await api.get('/api/logs')).json();
    expect(document).toMatchObject({ total_logs: 2, healthy: 1, degraded: 0, unhealthy: 1 });
    const { source } = api.system.followed(pages)!.log;
    expect(document.logs).toContainEqual({
      name: source.name,
      url: source.url,
      operator: source.operator,
      status: 'healthy',
      current_index: 400,
      tree_size: 400,
      total_errors: 0,
      last_success: expect.any(Number) as number,
    });
    failing.remove();
  });

  it('/stats has the keys of the CaliDog server, without addresses and headers', async () => {
    const answer = await api.get('/stats');
    const workers = Object.fromEntries(
      api.system.simulator.logs.map((log) => [log.url.replace(/\/$/, ''), 100]),
    );
    expect(answer.json()).toEqual({
      processed_certificates: 200,
      current_users: { '0': { stream: 'full', messages: 200 } },
      workers,
    });
    expect(answer.body.toString()).not.toContain('"127.0.0.1:');
  });
});

describe('access to /api', () => {
  const TOKENS = {
    lite: 'a-token-of-the-lite-stream',
    domains: 'a-token-of-the-domains',
    all: 'a-token-of-all-streams',
  };
  let system: TestSystem;
  afterEach(() => system?.close());

  it('needs a token that opens the stream with the same data', async () => {
    system = await TestSystem.start({
      logs: API_LOGS,
      config: {
        auth: {
          tokens: [
            { name: 'lite', token: TOKENS.lite, streams: ['lite'] },
            { name: 'domains', token: TOKENS.domains, streams: ['domains-only'] },
            { name: 'all', token: TOKENS.all },
          ],
        },
      },
    });
    const [log] = system.simulator.logs;
    const statusOf = async (path: string, token?: keyof typeof TOKENS) =>
      (
        await getPage(system, path, {
          headers: token === undefined ? {} : { Authorization: `Bearer ${TOKENS[token]}` },
        })
      ).status;
    const entry = `/api/entries/${logPath(log)}/1`;
    for (const path of [entry, '/api/stats', '/stats', '/api/logs', `/api/cert/${'ab'.repeat(32)}`])
      expect(await statusOf(path), path).toBe(401);
    expect(await statusOf('/health')).toBe(200);
    expect(await statusOf('/api/stats', 'domains')).toBe(200);
    for (const [form, allowed] of [
      ['full', ['all']],
      ['pem', ['all']],
      ['lite', ['all', 'lite']],
      ['domains', ['all', 'domains']],
    ] as const)
      for (const token of ['all', 'lite', 'domains'] as const)
        expect(await statusOf(`${entry}?format=${form}`, token), `${form} ${token}`).toBe(
          (allowed as readonly string[]).includes(token) ? 200 : 403,
        );
    expect(await statusOf(`/api/cert/${'ab'.repeat(32)}`, 'domains')).toBe(403);
    expect(await statusOf(`/api/cert/${'ab'.repeat(32)}?format=pem`, 'lite')).toBe(403);
  });

  it('can be switched off', async () => {
    system = await TestSystem.start({ config: { webserver: { api_enabled: false } } });
    for (const path of [
      '/api/stats',
      '/api/logs',
      '/stats',
      `/api/cert/${'ab'.repeat(32)}`,
      '/api/entries/a/1',
    ])
      expect(await errorOf(system, path)).toBe('404 NOT_FOUND');
  });
});
