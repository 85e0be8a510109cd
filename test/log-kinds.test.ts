import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedLogOptions } from '../src/simulator/log/simulated-log-options.js';
import { LogIndices } from './support/log-indices.js';
import { range } from './support/range.js';
import { TestSystem } from '../src/testing/test-system.js';
import { statsOf } from './support/log-figures.js';

const INITIAL = 100;

/** Logs that differ in properties that RFC 6962 and static-ct-api leave open. None of these is a fault. */
const KINDS: Readonly<Record<string, Omit<SimulatedLogOptions, 'name'>>> = {
  'one entry per page': { pageSize: 1 },
  'pages of an odd size that are not aligned': { pageSize: 17, alignPages: false },
  'aligned pages': { pageSize: 32 },
  'pages larger than the log': { pageSize: 100_000 },
  'refusals of an end beyond the tree': { rejectEndBeyondTree: true },
  'compressed pages': { gzipPages: true },
  'an RSA key': { keyType: 'rsa' },
  'the leaf_index extension in pages': { leafIndexExtension: true },
  'indices beyond 32 bits': { firstIndex: 5_000_000_123 },
  tiles: { protocol: 'static-ct' },
  'uncompressed tiles': { protocol: 'static-ct', gzipTiles: false },
  'partial tiles that vanish': { protocol: 'static-ct', partialTilesVanish: true },
  'a submission prefix of another name': { protocol: 'static-ct', submissionName: 'submit' },
  'tiles and an RSA key': { protocol: 'static-ct', keyType: 'rsa' },
  'tiles with indices beyond 32 bits': { protocol: 'static-ct', firstIndex: 5_000_000_123 },
  'both protocols, listed as RFC 6962': { protocol: 'hybrid', leafIndexExtension: true },
  'both protocols, listed as tiled': { protocol: 'hybrid', leafIndexExtension: true, listedAs: 'tiled_logs' },
  'both protocols and an RSA key': { protocol: 'hybrid', leafIndexExtension: true, keyType: 'rsa' },
  'no growth beyond its last head': { state: 'readonly' },
};

describe('logs of every kind, all growing', () => {
  let system: TestSystem;
  let indices: LogIndices;
  const names = Object.keys(KINDS);
  const logOf = (kind: string) => system.simulator.log(`log-${names.indexOf(kind)}`);

  beforeAll(async () => {
    system = await TestSystem.start({
      logs: names.map((kind, i) => ({ ...KINDS[kind], name: `log-${i}`, initialEntries: INITIAL })),
      config: { ct_log: { contact: 'ops@example.net' } },
    });
    indices = new LogIndices(await system.connect('/'));
    system.simulator.startGrowth({ entriesPerSecond: 100 * names.length, headIntervalMs: 150 });
    const grown = system.simulator.logs.map((log) => log.waitForHead(log.head.treeSize + 400));
    await Promise.all(grown);
    system.simulator.stopGrowth();
  });
  afterAll(() => system?.close());

  it.each(names)('%s: every index once, in order and proven, without errors', async (kind) => {
    const log = logOf(kind);
    const start = (KINDS[kind].firstIndex ?? 0) + INITIAL;
    await indices.upTo(log.size, log);
    expect(indices.of(log)).toEqual(range(start, log.size));
    await system.eventually(() => statsOf(system, log)?.verifiedIndex === log.size, `the proof of ${kind}`);
    // On a machine under load, an answer may take longer than its time limit.
    const { CT_TIMEOUT: _, ...errors } = Object.fromEntries(statsOf(system, log)!.errors);
    expect(errors).toEqual({});
  });

  it('receive the user agent with every request', () => {
    const requests = [system.simulator, ...system.simulator.logs].flatMap((asked) => asked.requests.list());
    expect(requests.length).toBeGreaterThan(names.length);
    for (const { headers } of requests) {
      expect(headers['user-agent']).toMatch(/^certstream-server-nest\/\d+\.\d+\.\d+ \(.*ops@example\.net\)$/);
    }
  });
});
