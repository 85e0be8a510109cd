import { gunzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ask, closeSystem, dataOf, sample, start, system } from './support/dashboard-system.js';
import { ServerSamples } from '../src/dashboard/figures/server-samples.js';

/** Makes a schema refuse keys that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  if (copy['type'] === 'object' && 'properties' in copy) copy['additionalProperties'] ??= false;
  return copy;
}

describe('the data of the dashboard', () => {
  beforeAll(() => start({}));
  afterAll(() => closeSystem());

  it('has data that agree with their schema, and says what the server does', async () => {
    const log = system.simulator.log('log');
    const reader = await system.connect('/');
    log.append(40);
    log.publish();
    await reader.until(({ frames }) => frames.length >= 40);
    sample();
    const { body } = await ask('/schemas/dashboard.json');
    const { $schema: _, ...schema } = JSON.parse(body.toString()) as object & { $schema: string };
    const validate = new Ajv2020({ allErrors: true }).compile(closed(schema) as object);
    // A window of a few milliseconds has no rates.
    await expect.poll(async () => (await dataOf()).process?.cpu).not.toBeNull();
    const data = await dataOf();
    expect(validate(data) ? [] : validate.errors).toEqual([]);
    expect(data).toMatchObject({
      totals: { entries: 40 },
      delay: { head_to_feed: { count: 40 } },
      process: { cpu: expect.any(Number) as number, memory: { rss_bytes: expect.any(Number) as number } },
      logs: [
        {
          url: log.url.replace(/\/$/, ''),
          state: 'following',
          verdict: { level: 'good', code: 'keeping_up', text: 'keeping up' },
          tree_size: 50,
          streamed_index: 50,
          lag: 0,
        },
      ],
      slowest_clients: [],
      outputs: [],
    });
    expect(data.streams.map(({ stream, websocket_clients }) => [stream, websocket_clients])).toEqual([
      ['full', 0],
      ['lite', 1],
      ['domains', 0],
    ]);
    const { server, logs } = data.history;
    const lengths = Object.values(server).flatMap((values) => (Array.isArray(values) ? [values.length] : []));
    expect(new Set(lengths)).toEqual(new Set([server.times_ms.length]));
    expect(server.times_ms.length).toBeGreaterThan(0);
    expect(logs.of[data.logs[0].url]).toEqual({
      tree_size: expect.arrayContaining([50]) as number[],
      streamed_index: expect.arrayContaining([50]) as number[],
    });
    const { logs: reports } = JSON.parse((await ask('/logs')).body.toString()) as { logs: object[] };
    expect(reports[0]).toMatchObject({ verdict: data.logs[0].verdict, catch_up_seconds: null });
  });

  it('has samples that a page can ask for since its last one', async () => {
    const samples = sample();
    // All samples together are written twice a second at most.
    const allTimes = async () => (await dataOf()).history.server.times_ms;
    const newerThan = async (since: number) => (await dataOf(`?since=${since}`)).history.server.times_ms;
    await expect.poll(async () => newerThan((await allTimes()).at(-1)!)).toEqual([]);
    const before = await allTimes();
    const last = before.at(-1)!;
    samples.sample();
    const { server } = (await dataOf(`?since=${last}`)).history;
    expect(server.times_ms).toHaveLength(1);
    expect(server.times_ms[0]).toBeGreaterThan(last);
    await expect.poll(allTimes).toEqual([...before, ...server.times_ms]);
    expect(await newerThan(1)).toEqual(await allTimes());
    for (const since of ['-1', '1e3', 'NaN', '', '0&since=1', '9'.repeat(17)])
      expect([since, (await ask(`/dashboard/data.json?since=${since}`)).status]).toEqual([since, 400]);
    const packed = await ask('/dashboard/data.json', { 'accept-encoding': 'gzip, br' });
    expect(JSON.parse(gunzipSync(packed.body).toString())).toHaveProperty('version');
  });

  it('keeps the samples of one hour', async () => {
    const samples = system.server.app.get(ServerSamples);
    for (let i = 0; i < 500; i++) samples.sample();
    const lengths = async () => {
      const { server, logs } = (await dataOf()).history;
      return [server.times_ms.length * server.interval_ms, logs.times_ms.length * logs.interval_ms];
    };
    await expect.poll(lengths).toEqual([3_600_000, 3_600_000]);
  });

  it('begins anew when the wall clock was set back', async () => {
    const samples = system.server.app.get(ServerSamples);
    const earlier = Date.now() - 3_600_000;
    const clock = vi.spyOn(Date, 'now').mockReturnValue(earlier);
    samples.sample();
    clock.mockRestore();
    await expect.poll(async () => (await dataOf()).history.server.times_ms).toEqual([earlier]);
  });

  it('answers what the page needs before it can ask for a token', async () => {
    const { status, body, headers } = await ask('/dashboard/config.json');
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(JSON.parse(body.toString())).toEqual({
      streams: { full: '/full-stream', lite: '/', domains: '/domains-only', sse: '/sse' },
      tokens_required: false,
      api: true,
    });
  });
});
