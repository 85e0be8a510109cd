import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultHandle } from '../../src/simulator/faults/faults.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';

const INITIAL = 300;
const PAGE = 16;
const PAGES = 60;
const END = INITIAL + PAGES * PAGE;

/** Statuses by which nginx, CDNs and firewalls refuse a rate, without Retry-After. */
const STATUSES = [503, 403, 420, 509, 529, 429];

/** Requests other than those for heads and entries. Two of each are refused. Proofs are only requested at the start. */
const DETAILS = [
  { name: 'issuers', protocol: 'static-ct', endpoint: 'issuer' },
  { name: 'hash tiles', protocol: 'static-ct', endpoint: 'tile-hash' },
  { name: 'proofs', protocol: 'rfc6962', endpoint: 'get-entry-and-proof' },
] as const;

let system: TestSystem;
let indices: LogIndices;
/** When the logs began to refuse requests, `performance.now()`. */
let limitedAt: number;
const handles = new Map<string, FaultHandle>();
const log = (name: string | number): SimulatedLog => system.simulator.log(`log-${name}`.replace(' ', '-'));

beforeAll(async () => {
  const limited = STATUSES.map((status) => ({ name: status, protocol: 'rfc6962' as const }));
  system = await TestSystem.prepare({
    logs: [...limited, ...DETAILS].map(({ name, protocol }) => ({
      name: `log-${name}`.replace(' ', '-'),
      operator: `Operator of ${name}`,
      protocol,
      initialEntries: INITIAL,
      pageSize: PAGE,
    })),
  });
  for (const { name, endpoint } of DETAILS)
    handles.set(name, log(name).faults.add({ kind: 'status', status: 429, endpoint, times: 2 }));
  await system.startServer();
  await system.following();
  indices = new LogIndices(await system.connect('/'));
  await system.eventually(
    () => system.simulator.logs.every((one) => statsOf(system, one)?.verification === 'verified'),
    'every log to be verified',
  );
  limitedAt = performance.now();
  for (const status of STATUSES)
    log(status).faults.add({ kind: 'rate-limit', perSecond: 8, burst: 3, status, endpoint: '*' });
  for (const one of system.simulator.logs) {
    one.append(END - INITIAL);
    one.publish();
  }
});
afterAll(() => system?.close());

describe('a log that refuses', () => {
  it.each(STATUSES)(
    'the rate of requests with %i without Retry-After → the pace is found',
    async (status) => {
      const { requests } = log(status);
      await indices.upTo(END, log(status));
      expect(indices.of(log(status))).toEqual(range(INITIAL, END));
      expect(requests.countStatus(status)).toBeGreaterThan(0);
      expect(requests.countStatus(status)).toBeLessThan(0.3 * requests.total);
      expect(statsOf(system, log(status))!.rateLimited).toBeGreaterThan(0);
      const { url } = log(status);
      const lines = system.output.filter(
        (line) => line.includes(url) && line.includes(`answered with status ${status}`),
      );
      // A failure that lasts is repeated once a minute.
      const minutes = Math.floor((performance.now() - limitedAt) / 60_000);
      expect(lines.length).toBeLessThanOrEqual(4 + minutes);
    },
  );

  it.each(DETAILS)('requests for $name with 429 → log_rate_limited_total counts them', async ({ name }) => {
    const handle = handles.get(name)!;
    await handle.fired;
    await indices.upTo(END, log(name));
    expect(indices.of(log(name))).toEqual(range(INITIAL, END));
    await system.eventually(() => statsOf(system, log(name))!.rateLimited === handle.count, 'the count');
  });
});
