import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultHandle } from '../src/simulator/faults/faults.js';
import { freePort } from '../src/testing/free-port.js';
import { LogIndices } from './support/log-indices.js';
import { scrape } from './support/metrics.js';
import { readStates } from './support/positions.js';
import { INITIAL, keyOf, RecoverySystem } from './support/recovery-system.js';
import { type RunningCli, startCli } from '../src/testing/cli-process.js';
import { StreamReader } from '../src/testing/stream-reader.js';
import { range } from './support/range.js';

let server: RecoverySystem;
beforeEach(async () => {
  server = await RecoverySystem.prepare();
});
afterEach(() => server.system.close());

const processes: RunningCli[] = [];
afterEach(async () => {
  for (const process of processes) process.signal('SIGKILL');
  await Promise.all(processes.splice(0).map(({ ended }) => ended));
});

function startProcess(port: number): RunningCli {
  server.prometheus = {};
  const started = startCli(['serve', '-c', server.system.configFile(port)], { cwd: server.system.folder });
  processes.push(started);
  return started;
}

const states = () => readStates(server.stateFile);

const gapOf = (from: number, to: number) => ({
  from,
  to,
  missing: to - from,
  since: Date.now(),
  reason: 'CT_HTTP_STATUS',
  tries: 0,
  skipped: false,
});

/** Withholds a part of a page of the first log and one tile of the second log. */
function withholdPages(): FaultHandle[] {
  const [rfc, tiled] = server.logs;
  return [
    rfc.faults.add({
      kind: 'status',
      status: 500,
      endpoint: 'get-entries',
      match: ({ query }) => Math.floor(Number(query.get('start')) / 16) === 36,
    }),
    tiled.faults.add({
      kind: 'status',
      status: 500,
      endpoint: 'tile-data',
      match: ({ path }) => path.includes('/tile/data/002'),
    }),
  ];
}

describe('a gap', () => {
  it('is requested again, also after a restart, and its entries arrive late and verified when the log delivers them', async () => {
    server.saveState({ next: INITIAL, gaps: [gapOf(10, 40)] });
    const faults = server.logs.map((log) =>
      log.faults.add({ kind: 'status', status: 500, endpoint: ['get-entries', 'tile-data'] }),
    );
    await server.observe();
    await Promise.all(faults.map((fault) => fault.firedTimes(2)));
    await server.reported(({ gaps }) => gaps[0].tries >= 2, 'two tries');
    await server.system.server.stop();
    for (const [, { gaps }] of readStates(server.stateFile))
      expect(gaps).toMatchObject([{ from: 10, to: 40 }]);

    const indices = await server.observe();
    faults.forEach((fault) => fault.remove());
    await indices.upTo(40, ...server.logs);
    for (const log of server.logs) {
      expect(indices.of(log)).toEqual(range(10, 40));
      expect(await server.report(log)).toMatchObject({
        gaps: [],
        streamed_index: INITIAL,
        entries: { late: 30 },
        verification: { unproven_entries: 0 },
      });
    }
    await server.system.server.stop();
    for (const [, { gaps }] of readStates(server.stateFile)) expect(gaps).toEqual([]);
    expect(server.system.output.filter((line) => line.includes('streamed late'))).toHaveLength(2);
  });

  it('replaces a page that a log does not deliver, until it does, and does not delay later entries', async () => {
    Object.assign(server.recovery, { gap_after_tries: 2, gap_after_minutes: 0 });
    const [rfc, tiled] = server.logs;
    const indices = await server.observe();
    const faults = withholdPages();
    server.grow(724);
    await indices.upTo(1024, rfc, tiled);
    for (const log of [rfc, tiled]) {
      const { gaps, streamed_index } = await server.report(log);
      expect(streamed_index).toBe(1024);
      expect(gaps).toHaveLength(1);
      const missing = range(gaps[0].from, gaps[0].to);
      expect(missing.length).toBeGreaterThan(0);
      expect(indices.of(log)).toEqual(range(INITIAL, 1024).filter((index) => !missing.includes(index)));
    }
    faults.forEach((fault) => fault.remove());
    await server.reported(({ gaps }) => gaps.length === 0, 'the gaps to be filled');
    for (const log of [rfc, tiled]) {
      await indices.reader.until(() => indices.of(log).length >= 1024 - INITIAL, 'the missing entries');
      expect([...indices.of(log)].sort((a, b) => a - b)).toEqual(range(INITIAL, 1024));
      expect((await server.report(log)).verification.failures).toBe(0);
    }
  });

  it('survives kill -9, and is filled by the next run', async () => {
    Object.assign(server.recovery, { gap_after_tries: 2, gap_after_minutes: 0 });
    server.saveState({ next: INITIAL });
    const faults = withholdPages();
    server.grow(724);
    const first = startProcess(await freePort());
    await server.system.eventually(
      () => [...states().values()].every(({ next, gaps }) => next === 1024 && gaps.length === 1),
      'a gap of each log on disk',
    );
    first.signal('SIGKILL');
    await first.ended;
    const gaps = new Map(server.logs.map((log) => [log, states().get(keyOf(log))!.gaps[0]]));

    const port = await freePort();
    const second = startProcess(port);
    await second.printed(/streams at ws:/);
    const indices = new LogIndices(await StreamReader.connect(`ws://127.0.0.1:${port}/`));
    faults.forEach((fault) => fault.remove());
    for (const [log, { from, to }] of gaps) {
      expect(to).toBeGreaterThan(from);
      await indices.upTo(to, log);
      expect(indices.of(log)).toEqual(range(from, to));
    }
    second.signal('SIGTERM');
    expect(await second.ended).toMatchObject({ code: 0, err: '' });
    for (const [, saved] of states()) expect(saved).toMatchObject({ next: 1024, gaps: [] });
  });

  it('is not filled with entries that the log did not sign', async () => {
    server.saveState({ next: INITIAL, gaps: [gapOf(10, 40)] });
    const [rfc] = server.logs;
    const flip = rfc.faults.add({ kind: 'flip-leaf', at: 3, endpoint: 'get-entries' });
    const indices = await server.observe();
    await flip.firedTimes(2);
    await server.system.eventually(
      async () => (await server.report(rfc)).last_error?.code === 'CT_TREE_MISMATCH',
      'the finding',
    );
    expect(indices.of(rfc)).toEqual([]);
    const samples = await scrape(server.system);
    const label = `{url="${keyOf(rfc)}",operator="Simulator"}`;
    expect(samples.get(`log_gaps${label}`)).toBe(1);
    expect(samples.get(`log_missing_entries${label}`)).toBe(30);
    flip.remove();
    await indices.upTo(40, rfc);
    expect(indices.of(rfc)).toEqual(range(10, 40));
  });
});

describe('a forked log', () => {
  it('appears in /logs with its evidence, in /readyz, which stays 200, and in the metrics', async () => {
    const [rfc, tiled] = server.logs;
    await server.observe();
    await server.reported(({ verified_index }) => verified_index === INITIAL, 'proofs');
    rfc.faults.add({ endpoint: '*', kind: 'fork', from: INITIAL - 20 });
    server.grow(10);
    await server.system.eventually(
      async () => (await server.report(rfc)).verification.evidence_files.length > 0,
      'the evidence',
    );
    expect((await server.report(rfc)).verification).toMatchObject({
      mode: 'warn',
      state: 'broken',
      reason: expect.stringContaining('signed') as string,
      since: expect.stringMatching(/^2\d{3}-/) as string,
      evidence_files: expect.arrayContaining([expect.stringMatching(/\.json$/)]) as string[],
    });
    await server.system.eventually(
      async () => (await server.report(tiled)).verified_index === INITIAL + 10,
      'the other log',
    );
    expect((await server.report(tiled)).verification).toMatchObject({
      state: 'verified',
      reason: null,
      evidence_files: [],
    });
    const ready = await server.system.get('/readyz');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ verification: { verified: 1, broken: 1 } });
    const samples = await scrape(server.system);
    const label = `url="${keyOf(rfc)}",operator="Simulator"`;
    expect(samples.get(`log_verification_state{${label},state="broken"}`)).toBe(1);
    expect(samples.get(`log_verification_failures_total{${label}}`)).toBeGreaterThan(0);
  });
});

describe('latency', () => {
  it('from the signed head to the stream is measured for every entry, and shown', async () => {
    const indices = await server.observe();
    server.grow(10);
    await indices.upTo(INITIAL + 10, ...server.logs);
    const samples = await scrape(server.system);
    for (const type of ['rfc6962', 'tiled']) {
      expect(samples.get(`head_to_stream_seconds_count{type="${type}"}`)).toBe(10);
      expect(samples.get(`entry_to_stream_seconds_bucket{type="${type}",le="+Inf"}`)).toBe(10);
    }
    for (const log of server.logs) {
      const { latency_seconds: latency } = await server.report(log);
      expect(latency.p50).toEqual(expect.any(Number));
      expect(latency.p99).toBeGreaterThanOrEqual(latency.p50!);
    }
  });
});
