import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatStateFile, type SavedLog } from '../src/ct-log/state/state-file.js';
import { LogStateStore } from '../src/ct-log/state/log-state-store.js';
import { TailingService } from '../src/ct-log/tailing/tailing.service.js';
import type { LogReport } from '../src/health/log-report.js';
import type { SimulatedLog } from '../src/simulator/log/simulated-log.js';
import { freePort } from './support/free-port.js';
import { LogIndices } from './support/log-indices.js';
import { scrape } from './support/metrics.js';
import { readPositions, readStates } from './support/positions.js';
import { startCli } from './support/run-cli.js';
import { range } from './support/stream-reader.js';
import { TestSystem } from './support/system.js';

const INITIAL = 300;

let system: TestSystem;
let logs: SimulatedLog[];
let recovery: Record<string, unknown>;
let prometheus: Record<string, unknown>;
let indexFile: string;
let stateFile: string;

beforeEach(async () => {
  recovery = { gap_retry_seconds: 0.1 };
  // On the port of the streams.
  prometheus = { enabled: true, listen_addr: '127.0.0.1' };
  system = await TestSystem.prepare({
    logs: [
      { name: 'rfc', initialEntries: INITIAL, pageSize: 64 },
      { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
    ],
    config: () => ({
      general: { recovery: { enabled: true, ct_index_file: indexFile, ...recovery } },
      prometheus,
    }),
  });
  indexFile = join(system.folder, 'ct_index.json');
  stateFile = join(system.folder, 'ct_state.json');
  ({ logs } = system.simulator);
});
afterEach(() => system.close());

const keyOf = (log: SimulatedLog): string => log.url.replace(/^http:\/\/|\/$/g, '');

/** Starts the server; everything that it streams is seen. */
async function observe(): Promise<LogIndices> {
  const endpoint = ['get-sth', 'checkpoint'] as const;
  const handles = logs.map((log) => log.faults.add({ kind: 'stall', afterBytes: 0, endpoint }));
  await system.startServer();
  const indices = new LogIndices(await system.connect('/'));
  handles.forEach((handle) => handle.remove());
  await system.following();
  return indices;
}

function verifiedUpTo(index: number): Promise<void> {
  return system.eventually(
    async () => (await Promise.all(logs.map(report))).every((each) => each.verified_index === index),
    `proofs up to ${index}`,
  );
}

function grow(count: number): void {
  for (const log of logs) {
    log.append(count);
    log.publish();
  }
}

async function report(log: SimulatedLog): Promise<LogReport> {
  const { logs: reports } = (await (await system.get('/logs')).json()) as { logs: LogReport[] };
  return reports.find(({ url }) => log.url === `${url}/`)!;
}

function saveState(saved: Partial<SavedLog>, asOf = Date.now()): void {
  const state = new Map(logs.map((log) => [keyOf(log), { asOf, gaps: [], ...saved }]));
  writeFileSync(stateFile, formatStateFile({ logs: state, indexFiles: [] }, asOf));
}

const gapOf = (from: number, to: number) => ({
  from,
  to,
  missing: to - from,
  since: Date.now(),
  reason: 'CT_HTTP_STATUS',
  tries: 0,
  skipped: false,
});

describe('the state file', () => {
  it('has position, verified tree and newest head of every log, and the Go server finds its positions beside it', async () => {
    const indices = await observe();
    grow(10);
    await indices.upTo(INITIAL + 10, ...logs);
    await verifiedUpTo(INITIAL + 10);
    await system.server.stop();
    const states = readStates(stateFile);
    for (const log of logs) {
      expect(states.get(keyOf(log))).toMatchObject({
        next: INITIAL + 10,
        verified: { size: INITIAL + 10 },
        head: { treeSize: INITIAL + 10, rootHash: log.head.rootHash },
        gaps: [],
      });
      expect(readPositions(indexFile).get(keyOf(log))).toBe(INITIAL + 10);
    }
    expect(system.output.join('')).not.toContain('are skipped');
  });

  it('gives way to an index file that the Go server has written since, and says so', async () => {
    await observe();
    await system.server.stop();
    const [rfc, tiled] = logs;
    const go = JSON.parse(readFileSync(indexFile, 'utf8')) as Record<string, number>;
    // Its runtime writes the last index, and all keys that it read.
    writeFileSync(indexFile, JSON.stringify({ ...go, [keyOf(rfc)]: INITIAL + 4 }));
    grow(10);
    const indices = await observe();
    await indices.upTo(INITIAL + 10, rfc, tiled);
    expect(indices.of(rfc)).toEqual(range(INITIAL + 5, INITIAL + 10));
    expect(indices.of(tiled)).toEqual(range(INITIAL, INITIAL + 10));
    expect(system.output.filter((line) => line.includes('somebody else has written since'))).toHaveLength(1);
  });

  it('that is damaged ends the start with one line and exit code 2, and stays as it is', async () => {
    const text = '{"version": 1';
    writeFileSync(stateFile, text);
    prometheus = {};
    const config = system.configFile(await freePort());
    const { code, err } = await startCli(['serve', '-c', config], { cwd: system.folder }).ended;
    expect(code).toBe(2);
    expect(err).toMatch(/^[^\n]*ct_state\.json: not JSON; [^\n]*move it away[^\n]*\n$/);
    expect(readFileSync(stateFile, 'utf8')).toBe(text);
    expect(existsSync(indexFile)).toBe(false);
  });
});

describe('recovery.start: head and recovery.max_age', () => {
  it('begin at the heads and show what was skipped', async () => {
    saveState({ next: 100 });
    recovery['start'] = 'head';
    const indices = await observe();
    grow(10);
    await indices.upTo(INITIAL + 10, ...logs);
    for (const log of logs) {
      expect(indices.of(log)).toEqual(range(INITIAL, INITIAL + 10));
      expect((await report(log)).gaps).toMatchObject([
        { from: 100, to: INITIAL, missing: 200, skipped: true },
      ]);
    }
    await system.server.stop();
    recovery['start'] = 'index';
    grow(10);
    const second = await observe();
    await second.upTo(INITIAL + 20, ...logs);
    for (const log of logs) expect(second.of(log)).toEqual(range(INITIAL + 10, INITIAL + 20));
  });

  it('of positions that are too old only; the file of the Go server is as old as it looks', async () => {
    recovery['max_age'] = '2h';
    const [rfc, tiled] = logs;
    writeFileSync(indexFile, JSON.stringify({ [keyOf(rfc)]: 200 }));
    const hoursAgo = (hours: number): number => Date.now() / 1000 - hours * 3600;
    utimesSync(indexFile, hoursAgo(3), hoursAgo(3));
    await observe();
    expect((await report(rfc)).gaps).toMatchObject([{ from: 200, to: INITIAL, skipped: true }]);
    expect((await report(tiled)).gaps).toEqual([]);
    await system.server.stop();
    grow(10);
    const indices = await observe();
    await indices.upTo(INITIAL + 10, rfc, tiled);
    expect(indices.of(rfc)).toEqual(range(INITIAL, INITIAL + 10));
  });
});

describe('a gap', () => {
  it('is asked for again, over a restart too, and comes late and verified when the log delivers', async () => {
    saveState({ next: INITIAL, gaps: [gapOf(10, 40)] });
    const faults = logs.map((log) =>
      log.faults.add({ kind: 'status', status: 500, endpoint: ['get-entries', 'tile-data'] }),
    );
    await observe();
    await Promise.all(faults.map((fault) => fault.firedTimes(2)));
    await system.eventually(
      async () => (await Promise.all(logs.map(report))).every(({ gaps }) => gaps[0].tries >= 2),
      'two tries',
    );
    await system.server.stop();
    for (const [, { gaps }] of readStates(stateFile)) expect(gaps).toMatchObject([{ from: 10, to: 40 }]);

    const indices = await observe();
    faults.forEach((fault) => fault.remove());
    await indices.upTo(40, ...logs);
    for (const log of logs) {
      expect(indices.of(log)).toEqual(range(10, 40));
      expect(await report(log)).toMatchObject({
        gaps: [],
        streamed_index: INITIAL,
        entries: { late: 30 },
        verification: { unproven_entries: 0 },
      });
    }
    await system.server.stop();
    for (const [, { gaps }] of readStates(stateFile)) expect(gaps).toEqual([]);
    expect(system.output.filter((line) => line.includes('came late'))).toHaveLength(2);
  });

  it('is not filled with entries that the log did not sign', async () => {
    saveState({ next: INITIAL, gaps: [gapOf(10, 40)] });
    const [rfc] = logs;
    const flip = rfc.faults.add({ kind: 'flip-leaf', at: 3, endpoint: 'get-entries' });
    const indices = await observe();
    await flip.firedTimes(2);
    await system.eventually(
      async () => (await report(rfc)).last_error?.code === 'CT_TREE_MISMATCH',
      'the finding',
    );
    expect(indices.of(rfc)).toEqual([]);
    const samples = await scrape(system);
    const label = `{url="${keyOf(rfc)}",operator="Simulator"}`;
    expect(samples.get(`log_gaps${label}`)).toBe(1);
    expect(samples.get(`log_missing_entries${label}`)).toBe(30);
    flip.remove();
    await indices.upTo(40, rfc);
    expect(indices.of(rfc)).toEqual(range(10, 40));
  });
});

describe('a forked log', () => {
  it('is seen by everybody: in /logs with its evidence, in /readyz, which stays 200, and in the metrics', async () => {
    const [rfc, tiled] = logs;
    await observe();
    await verifiedUpTo(INITIAL);
    rfc.faults.add({ endpoint: '*', kind: 'fork', from: INITIAL - 20 });
    grow(10);
    await system.eventually(async () => (await report(rfc)).verification.state === 'broken', 'the finding');
    expect((await report(rfc)).verification).toMatchObject({
      mode: 'warn',
      reason: expect.stringContaining('signed') as string,
      since: expect.stringMatching(/^2\d{3}-/) as string,
      evidence_files: expect.arrayContaining([expect.stringMatching(/\.json$/)]) as string[],
    });
    await system.eventually(
      async () => (await report(tiled)).verified_index === INITIAL + 10,
      'the other log',
    );
    expect((await report(tiled)).verification).toMatchObject({
      state: 'verified',
      reason: null,
      evidence_files: [],
    });
    const ready = await system.get('/readyz');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ verification: { verified: 1, broken: 1 } });
    const samples = await scrape(system);
    const label = `url="${keyOf(rfc)}",operator="Simulator"`;
    expect(samples.get(`log_verification_state{${label},state="broken"}`)).toBe(1);
    expect(samples.get(`log_verification_failures_total{${label}}`)).toBeGreaterThan(0);
  });
});

describe('latency', () => {
  it('from the signed head to the stream is counted for every entry, and shown', async () => {
    const indices = await observe();
    grow(10);
    await indices.upTo(INITIAL + 10, ...logs);
    const samples = await scrape(system);
    for (const type of ['rfc6962', 'tiled']) {
      expect(samples.get(`head_to_stream_seconds_count{type="${type}"}`)).toBe(10);
      expect(samples.get(`entry_to_stream_seconds_bucket{type="${type}",le="+Inf"}`)).toBe(10);
    }
    for (const log of logs) {
      const { latency_seconds: latency } = await report(log);
      expect(latency.p50).toEqual(expect.any(Number));
      expect(latency.p99).toBeGreaterThanOrEqual(latency.p50!);
    }
  });
});

describe('a log that does not grow', () => {
  it('has a position of now', async () => {
    saveState({ next: INITIAL }, Date.now() - 3_600_000);
    await observe();
    const before = Date.now() - 3_600_000 + 1000;
    system.server.app.get(TailingService).reportProgress();
    await system.server.app.get(LogStateStore).save();
    for (const [, { asOf }] of readStates(stateFile)) expect(asOf).toBeGreaterThan(before);
  });
});
