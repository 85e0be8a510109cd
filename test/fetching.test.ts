import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SimulatedLog } from '../src/simulator/log/simulated-log.js';
import { LogIndices } from './support/log-indices.js';
import { range } from './support/stream-reader.js';
import { TestSystem } from './support/system.js';

const SIZE = 3000;
let system: TestSystem;
let file: string;

beforeEach(async () => {
  system = await TestSystem.prepare({
    logs: [
      { name: 'pages', pageSize: 64, initialEntries: SIZE, operator: 'A' },
      { name: 'tiles', protocol: 'static-ct', initialEntries: SIZE, operator: 'B' },
      { name: 'hybrid', protocol: 'hybrid', initialEntries: SIZE, operator: 'C' },
      { name: 'hybrid-without', protocol: 'hybrid', initialEntries: SIZE, operator: 'D' },
    ],
    config: () => ({
      general: { recovery: { enabled: true, ct_index_file: file } },
      ct_log: { data_tile_logs: ['*/hybrid*'], no_connection_reuse_operators: ['b'] },
    }),
  });
  file = join(system.folder, 'ct_index.json');
});
afterEach(() => system.close());

const keyOf = (log: SimulatedLog): string => log.url.replace(/^http:\/\/|\/$/g, '');

/** Starts the server at index 7 of every log; everything that it streams is seen. */
async function startBehind(): Promise<LogIndices> {
  const { logs } = system.simulator;
  writeFileSync(file, JSON.stringify(Object.fromEntries(logs.map((log) => [keyOf(log), 7]))));
  const endpoint = ['get-sth', 'checkpoint'] as const;
  const held = logs.map((log) => log.faults.add({ kind: 'stall', afterBytes: 0, endpoint }));
  await system.startServer();
  const indices = new LogIndices(await system.connect('/'));
  for (const fault of held) fault.remove();
  return indices;
}

describe('catching up', () => {
  it('streams every index once and in order, from pages and tiles, through refusals', async () => {
    const { simulator } = system;
    simulator.log('pages').faults.add({
      kind: 'rate-limit',
      endpoint: 'get-entries',
      perSecond: 20,
      burst: 10,
      retryAfter: 1,
    });
    simulator.log('hybrid-without').faults.add({ kind: 'status', status: 404, endpoint: 'tile-data' });
    const indices = await startBehind();
    for (const log of simulator.logs) {
      await indices.upTo(SIZE, log);
      expect(indices.of(log)).toEqual(range(7, SIZE));
    }
    const pages = simulator.log('pages').requests;
    expect(pages.countStatus(429)).toBeLessThan(0.3 * pages.count('get-entries'));
    const hybrid = simulator.log('hybrid').requests;
    expect(hybrid.count('tile-data')).toBeGreaterThanOrEqual(Math.floor(SIZE / 256));
    expect(hybrid.count('get-entries')).toBeLessThan(5);
    expect(hybrid.count('checkpoint')).toBe(0);
    expect(simulator.log('hybrid-without').requests.count('tile-data')).toBeLessThan(3);
    const connections = simulator
      .log('tiles')
      .requests.list()
      .map(({ headers }) => headers.connection);
    expect(new Set(connections)).toEqual(new Set(['close']));
  });
});

describe('an idle log', () => {
  it('is asked conditionally, for its head and for nothing else', async () => {
    await system.startServer();
    await system.following();
    const [pages] = system.simulator.logs;
    const before = pages.requests.count('get-sth');
    await system.eventually(() => pages.requests.count('get-sth') >= before + 5, 'five polls');
    const polls = pages.requests.list('get-sth').slice(before);
    expect(polls.map(({ status }) => status)).toEqual(polls.map(() => 304));
    expect(polls.every(({ headers }) => headers['if-none-match'] !== undefined)).toBe(true);
    expect(pages.requests.count('get-entries')).toBe(0);
  });
});
