import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import { LogIndices } from './support/log-indices.js';
import { range } from './support/range.js';
import { type TestSystemOptions, TestSystem } from '../src/testing/test-system.js';
import { statsOf } from './support/log-figures.js';

const SIZE = 3000;
let system: TestSystem;
let file: string;

afterEach(() => system.close());

const keyOf = (log: SimulatedLog): string => log.url.replace(/^http:\/\/|\/$/g, '');

/** Starts the simulator. */
async function prepare(options: TestSystemOptions): Promise<void> {
  system = await TestSystem.prepare(options);
  file = join(system.folder, 'ct_index.json');
}

/** Starts the server at these indices and collects all indices that it streams. */
async function startBehind(positions: Record<string, number>): Promise<LogIndices> {
  const { logs } = system.simulator;
  const entries = Object.entries(positions).map(([name, next]) => [keyOf(system.simulator.log(name)), next]);
  writeFileSync(file, JSON.stringify(Object.fromEntries(entries)));
  const endpoint = ['get-sth', 'checkpoint'] as const;
  const held = logs.map((log) => log.faults.add({ kind: 'stall', afterBytes: 0, endpoint }));
  await system.startServer();
  const indices = new LogIndices(await system.connect('/'));
  for (const fault of held) fault.remove();
  return indices;
}

describe('catching up', () => {
  it('streams every index once and in order, from pages and tiles, despite refusals', async () => {
    await prepare({
      logs: [
        { name: 'pages', pageSize: 64, initialEntries: SIZE, operator: 'A' },
        { name: 'tiles', protocol: 'static-ct', initialEntries: SIZE, operator: 'B' },
        { name: 'hybrid', protocol: 'hybrid', initialEntries: SIZE, operator: 'C' },
        { name: 'hybrid-without', protocol: 'hybrid', initialEntries: SIZE, operator: 'D' },
      ],
      config: () => ({
        general: {
          recovery: { enabled: true, ct_index_file: file },
          // The client is in this busy process: none of its messages may be dropped.
          buffer_sizes: { websocket: 4 * SIZE },
        },
        ct_log: { data_tile_logs: ['*/hybrid*'], no_connection_reuse_operators: ['b'] },
      }),
    });
    const { simulator } = system;
    simulator.log('pages').faults.add({
      kind: 'rate-limit',
      endpoint: 'get-entries',
      perSecond: 20,
      burst: 10,
      retryAfter: 1,
    });
    simulator.log('hybrid-without').faults.add({ kind: 'status', status: 404, endpoint: 'tile-data' });
    const indices = await startBehind({ pages: 7, tiles: 7, hybrid: 7, 'hybrid-without': 7 });
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

describe('a log with a backlog', () => {
  it('does not delay other logs on its host while all its requests hang', async () => {
    const pages = { pageSize: 16, initialEntries: 8000, operator: 'A' };
    await prepare({
      logs: [
        { name: 'hanging', ...pages },
        { name: 'sibling', operator: 'A' },
      ],
      config: () => ({
        general: { recovery: { enabled: true, ct_index_file: file } },
        // The hanging requests must not end before the machine, however busy, has come to the sibling.
        ct_log: { max_parallel_requests: 16, max_connections_per_origin: 16, request_timeout_seconds: 300 },
      }),
    });
    const [hanging, sibling] = system.simulator.logs;
    // At this index the log has reached its maximum of concurrent requests, halfway between two probes for larger
    // pages.
    const from = 16 * (3 * 64 + 24);
    const hangs = hanging.faults.add({
      kind: 'stall',
      afterBytes: 0,
      endpoint: 'get-entries',
      match: ({ query }) => Number(query.get('start')) >= from,
    });
    const indices = await startBehind({ hanging: 7, sibling: 0 });
    // Four of sixteen connections are reserved for tree heads, and one log may use half of the others.
    await hangs.firedTimes(6);
    sibling.append(20);
    sibling.publish();
    await indices.upTo(20, sibling);
    expect(statsOf(system, hanging)?.errors.get('CT_TIMEOUT')).toBeUndefined();
    expect(indices.of(hanging).length).toBeLessThan(8000 - 7);
    hangs.remove();
    await indices.upTo(8000, hanging);
    expect(indices.of(hanging)).toEqual(range(7, 8000));
  });

  it('catches up at the configured rate, without an effect on live logs', async () => {
    await prepare({
      logs: [
        { name: 'behind', initialEntries: SIZE },
        { name: 'live', initialEntries: 10 },
      ],
      config: () => ({
        general: { recovery: { enabled: true, ct_index_file: file } },
        ct_log: { catch_up_entries_per_second: 1 },
      }),
    });
    const [behind, live] = system.simulator.logs;
    const indices = await startBehind({ behind: 7, live: 10 });
    await indices.reader.until(() => indices.of(behind).length > 0, 'the first entries');
    for (let end = 20; end <= 50; end += 10) {
      live.append(10);
      live.publish();
      await indices.upTo(end, live);
    }
    // Live entries arrived while most of the backlog was missing: each request for 32 entries uses the rate of 32 s.
    const caughtUp = indices.of(behind);
    expect(caughtUp).toEqual(range(7, 7 + caughtUp.length));
    expect(caughtUp.length).toBeLessThan(SIZE / 4);
  });
});

describe('an idle log', () => {
  it.each([
    { protocol: 'rfc6962', headValidators: 'etag', header: 'if-none-match' },
    { protocol: 'rfc6962', headValidators: 'last-modified', header: 'if-modified-since' },
    { protocol: 'static-ct', headValidators: 'etag', header: 'if-none-match' },
    { protocol: 'static-ct', headValidators: 'last-modified', header: 'if-modified-since' },
  ] as const)(
    'that speaks $protocol receives only requests for its head, with $header',
    async ({ protocol, headValidators, header }) => {
      await prepare({ logs: [{ name: 'idle', protocol, headValidators, initialEntries: 20 }] });
      await system.startServer();
      await system.following();
      const { requests } = system.simulator.log('idle');
      const [endpoint, other] =
        protocol === 'rfc6962'
          ? (['get-sth', 'get-entries'] as const)
          : (['checkpoint', 'tile-data'] as const);
      await system.eventually(
        () => statsOf(system, system.simulator.log('idle'))?.verification === 'verified',
        'proof',
      );
      await system.eventually(() => requests.countStatus(304) > 0, 'a validator that is old enough');
      const before = requests.total;
      await system.eventually(() => requests.total >= before + 5, 'five polls');
      const polls = requests.list().slice(before);
      expect(polls.map((poll) => [poll.endpoint, poll.status])).toEqual(polls.map(() => [endpoint, 304]));
      expect(polls.every(({ headers }) => headers[header] !== undefined)).toBe(true);
      expect(requests.count(other)).toBe(0);
      const unchanged = () => statsOf(system, system.simulator.log('idle'))?.unchangedHeads ?? 0;
      await system.eventually(() => unchanged() >= 5, 'five unchanged heads');
    },
  );
});
