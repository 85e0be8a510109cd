import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import type { SimulatedLogOptions } from '../src/simulator/log/simulated-log-options.js';
import { readEvidence } from './support/evidence.js';
import { LogIndices } from './support/log-indices.js';
import { range } from './support/range.js';
import { TestSystem } from '../src/testing/test-system.js';
import { statsOf } from './support/log-figures.js';

const INITIAL = 300;
const LOGS = [
  { name: 'rfc', protocol: 'rfc6962', keyType: 'ecdsa', initialEntries: INITIAL, pageSize: 64 },
  { name: 'tiled', protocol: 'static-ct', keyType: 'rsa', initialEntries: INITIAL },
] as const;
type Mode = 'off' | 'warn' | 'enforce';

let system: TestSystem;
let indices: LogIndices;
let log: SimulatedLog;
afterEach(() => system?.close());

async function prepare(
  options: SimulatedLogOptions,
  mode: Mode = 'warn',
  general: Record<string, unknown> = {},
): Promise<void> {
  system = await TestSystem.prepare({
    logs: [options],
    config: () => ({
      general: { buffer_sizes: { websocket: 1_000_000, ctlog: 512 }, ...general },
      ct_log: {
        poll_interval_seconds: 0.25,
        verification: mode,
        evidence_dir: join(system.folder, 'evidence'),
      },
    }),
  });
  log = system.simulator.log(options.name);
}

async function start(options: SimulatedLogOptions, mode: Mode = 'warn'): Promise<void> {
  await prepare(options, mode);
  await run();
}

async function run(): Promise<void> {
  await system.startServer();
  indices = new LogIndices(await system.connect('/'));
  await system.following();
}

const recovery = () => ({ recovery: { enabled: true, ct_index_file: join(system.folder, 'index.json') } });
const stats = () => statsOf(system, log)!;
const verified = (size: number) =>
  system.eventually(
    () => stats().verification === 'verified' && stats().verifiedIndex === size,
    `the proof of ${size} entries (${stats().verification} ${stats().verifiedIndex} ${stats().brokenReason})`,
  );
const broken = () =>
  system.eventually(() => statsOf(system, log)?.verification === 'broken', 'the contradiction');

function grow(count: number): number {
  log.append(count);
  log.publish();
  return log.size;
}

const endpoints = (options: { readonly protocol: string }) =>
  options.protocol === 'rfc6962'
    ? ({
        head: 'get-sth',
        entries: 'get-entries',
        proofs: ['get-entry-and-proof', 'get-proof-by-hash', 'get-sth-consistency'],
      } as const)
    : ({ head: 'checkpoint', entries: 'tile-data', proofs: ['tile-hash'] } as const);

const evidence = () => readEvidence(join(system.folder, 'evidence'));
const evidenceOf = (...kinds: string[]) =>
  system.eventually(
    () => evidence().some(({ kind }) => kinds.includes(kind)),
    `evidence of ${kinds.join(', ')}`,
  );

/** The streamed indices in ascending order, without repetitions. */
const streamed = () => [...new Set(indices.of(log))].sort((a, b) => a - b);

describe.each(LOGS)('verification of a $protocol log ($keyType)', (options) => {
  const { head, entries, proofs } = endpoints(options);
  const isTiled = options.protocol === 'static-ct';

  it('begins in the middle of a log and proves every entry from there', async () => {
    await start(options);
    await verified(INITIAL);
    for (const count of [1, 200, 30]) await verified(grow(count));
    await indices.upTo(log.size, log);
    expect(indices.of(log)).toEqual(range(INITIAL, log.size));
    expect(stats()).toMatchObject({ verificationFailures: 0, unverifiedEntries: 0, correctedEntries: 0 });
  });

  it('fetches a wrong entry once more and streams the right entry', async () => {
    await start(options);
    await verified(INITIAL);
    const type = 'x509_entry'; // In others the precertificate would show it before it is streamed.
    log.faults.add({ endpoint: entries, kind: 'flip-leaf', at: isTiled ? 44 : 0, type, times: 1 });
    const size = grow(20);
    const wrong = range(INITIAL, size).find((index) => log.entry(index).type === type);
    await verified(size);
    await indices.reader.until(() => indices.of(log).length > 20, 'the entry that was wrong');
    expect(streamed()).toEqual(range(INITIAL, size));
    expect(indices.of(log).filter((index) => index === wrong)).toHaveLength(2);
    expect(stats()).toMatchObject({ correctedEntries: 1, verificationFailures: 0 });
  });

  it('continues to stream while entries contradict the tree, reports it, and recovers', async () => {
    await start(options);
    await verified(INITIAL);
    const fault = log.faults.add({ endpoint: entries, kind: 'flip-leaf', at: isTiled ? 44 : 0 });
    await indices.upTo(grow(10), log);
    await broken();
    await evidenceOf('root_mismatch');
    expect(evidence()[0]).toMatchObject({ computed: { tree_size: INITIAL + 10 } });
    expect(stats().verifiedIndex).toBe(INITIAL);
    await indices.upTo(grow(10), log);
    fault.remove();
    const size = grow(10);
    await verified(size);
    await indices.upTo(size, log);
    expect(streamed()).toEqual(range(INITIAL, size));
    expect(stats().correctedEntries).toBeGreaterThan(0);
    expect(stats()).toMatchObject({ unverifiedEntries: 0, brokenReason: '' });
    expect(system.output.some((line) => line.includes('CT_TREE_MISMATCH'))).toBe(true);
  });

  it('reports wrong roots, and streams nothing twice because of them', async () => {
    await start(options);
    await verified(INITIAL);
    const fault = log.faults.add({ endpoint: head, kind: 'wrong-root' });
    await indices.upTo(grow(10), log);
    await broken();
    await evidenceOf('root_mismatch');
    fault.remove();
    const size = grow(10);
    await verified(size);
    await indices.upTo(size, log);
    expect(indices.of(log)).toEqual(range(INITIAL, size));
    expect(evidence()[0].tree_heads.length).toBe(2);
  });

  it('finds a fork, in the running server and across a restart', async () => {
    await prepare(options, 'warn');
    await run();
    await verified(INITIAL);
    const fault = log.faults.add({ endpoint: '*', kind: 'fork', from: INITIAL - 20 });
    await indices.upTo(grow(10), log);
    await broken();
    await system.eventually(
      () => evidence().some(({ kind }) => kind === 'inconsistent_heads'),
      'the two heads',
    );
    fault.remove();
    const size = grow(5);
    await verified(size);
    expect(streamed()).toEqual(range(INITIAL, size));
  });

  it('keeps both heads when the tree of a followed log shrinks, and continues', async () => {
    await start(options);
    await verified(INITIAL);
    await verified(grow(20));
    const fault = log.faults.add({ endpoint: head, kind: 'older-head', size: INITIAL });
    await evidenceOf('rollback');
    expect(evidence()[0].tree_heads).toMatchObject([{ tree_size: INITIAL + 20 }, { tree_size: INITIAL }]);
    expect(stats()).toMatchObject({
      treeSize: INITIAL + 20,
      verificationFailures: 1,
      verification: 'broken',
    });
    await fault.firedTimes(fault.count + 3);
    expect(stats()).toMatchObject({ verificationFailures: 1, verification: 'broken' });
    fault.remove();
    await verified(grow(5));
  });

  it('streams without proofs when the log serves none, and verifies as soon as it serves them', async () => {
    await prepare(options);
    const fault = log.faults.add({ endpoint: proofs, kind: 'status', status: 404 });
    await run();
    const size = grow(40);
    await indices.upTo(size, log);
    await system.eventually(() => stats().proofFailures > 0, 'an unavailable proof');
    expect(stats()).toMatchObject({ verification: 'starting', verificationFailures: 0, state: 'following' });
    fault.remove();
    await verified(grow(10));
    expect(stats().unverifiedEntries).toBe(0);
  });

  it.each(['fork', 'older-head'] as const)('finds a %s across a restart', async (kind) => {
    await prepare(options, 'warn', {});
    const config = system.config();
    config.general.recovery = { ...config.general.recovery, ...recovery().recovery };
    await system.startServer(config);
    await system.following();
    await verified(INITIAL);
    await verified(grow(50));
    await system.server.stop();
    grow(20);
    log.faults.add(
      kind === 'fork' ? { endpoint: '*', kind, from: INITIAL - 10 } : { endpoint: head, kind, size: INITIAL },
    );
    await system.startServer(config);
    await broken();
    await (kind === 'fork' ? evidenceOf('inconsistent_heads', 'root_mismatch') : evidenceOf('rollback'));
    expect(stats().verifiedIndex).toBe(INITIAL + 50);
  });

  it('continues across a restart without requesting proofs', async () => {
    await prepare(options, 'warn', {});
    const config = system.config();
    config.general.recovery = { ...config.general.recovery, ...recovery().recovery };
    await system.startServer(config);
    await verifiedSoon(INITIAL);
    await verified(grow(50));
    await system.server.stop();
    log.faults.add({ endpoint: proofs, kind: 'status', status: 404 });
    grow(70);
    await system.startServer(config);
    await verifiedSoon(log.size);
    expect(stats().proofFailures).toBe(0);
  });

  it('enforce streams entries only when they are proven', async () => {
    await start(options, 'enforce');
    const proven = grow(20);
    await indices.upTo(proven, log);
    const fault = log.faults.add({
      endpoint: entries,
      kind: 'flip-leaf',
      at: options.name === 'rfc' ? 2 : 66,
    });
    const size = grow(60);
    await broken();
    await evidenceOf('root_mismatch');
    expect(indices.of(log)).toEqual(range(INITIAL, proven));
    expect(stats().nextIndex).toBe(proven);
    fault.remove();
    await indices.upTo(size, log);
    expect(indices.of(log)).toEqual(range(INITIAL, size));
    await verified(size);
  });

  it.each(['warn', 'enforce'] as const)('%s proves a backlog piece by piece', async (mode) => {
    await prepare({ ...options, initialEntries: 3000, pageSize: 256 }, mode);
    const config = system.config();
    const file = join(system.folder, 'index.json');
    config.general.recovery = { ...config.general.recovery, enabled: true, ct_index_file: file };
    writeFileSync(file, JSON.stringify({ [log.url.replace(/^http:\/\/|\/$/g, '')]: 10 }));
    await system.startServer(config);
    indices = new LogIndices(await system.connect('/'));
    await verifiedSoon(3000);
    await indices.upTo(3000, log);
    const [first] = indices.of(log);
    expect(indices.of(log)).toEqual(range(first, 3000));
    expect(stats()).toMatchObject({ verificationFailures: 0, unverifiedEntries: 0 });
  });
});

/** Waits until `log` is verified up to `size`. There are no statistics before the log is followed. */
const verifiedSoon = (size: number) =>
  system.eventually(
    () => statsOf(system, log)?.verification === 'verified' && stats().verifiedIndex === size,
    `the proof of ${size} entries`,
  );

describe('verification: off', () => {
  it('requests no proofs and reports no verification', async () => {
    await start(LOGS[0], 'off');
    const size = grow(10);
    await indices.upTo(size, log);
    expect(stats()).toMatchObject({ verification: 'off', verifiedIndex: undefined });
    expect(log.requests.count('get-entry-and-proof')).toBe(0);
  });
});
