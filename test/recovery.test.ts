import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogStateStore } from '../src/ct-log/state/log-state-store.js';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import { LogIndices } from './support/log-indices.js';
import { freePort } from '../src/testing/free-port.js';
import { readPositions, readStates } from './support/positions.js';
import { startCli, type RunningCli } from '../src/testing/cli-process.js';
import { StreamReader } from '../src/testing/stream-reader.js';
import { range } from './support/range.js';
import { TestSystem } from '../src/testing/test-system.js';

const INITIAL = 50;
const GROWTH = { entriesPerSecond: 400, headIntervalMs: 100 };

let system: TestSystem;
let file: string;
let logs: SimulatedLog[];

beforeEach(async () => {
  system = await TestSystem.prepare({
    logs: [
      { name: 'rfc', initialEntries: INITIAL, pageSize: 64 },
      { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
    ],
    config: () => ({ general: { recovery: { enabled: true, ct_index_file: file } } }),
  });
  file = join(system.folder, 'ct_index.json');
  ({ logs } = system.simulator);
});
afterEach(() => system.close());

const keyOf = (log: SimulatedLog): string => log.url.replace(/^http:\/\/|\/$/g, '');

/** Hides new entries of all logs until the returned function is called, so that a client can connect in time. */
function holdBack(): () => void {
  const endpoint = ['get-sth', 'checkpoint'] as const;
  const handles = logs.map((log) => log.faults.add({ kind: 'stall', afterBytes: 0, endpoint }));
  return () => handles.forEach((handle) => handle.remove());
}

/** Starts the server, and records every entry that it streams. */
async function observe(): Promise<LogIndices> {
  const release = holdBack();
  await system.startServer();
  const indices = new LogIndices(await system.connect('/'));
  release();
  return indices;
}

async function grow(count: number): Promise<void> {
  for (const log of logs) {
    log.append(count);
    log.publish();
  }
}

describe('a restart in mid-stream with recovery', () => {
  it('streams every index exactly once over both runs after a clean stop', async () => {
    const first = await observe();
    await system.following();
    system.simulator.startGrowth(GROWTH);
    await first.upTo(INITIAL + 150, ...logs);
    await system.server.stop();
    expect(await first.reader.closed).toMatchObject({ code: 1001 });

    const second = await observe();
    await Promise.all(logs.map((log) => log.waitForHead(INITIAL + 500)));
    system.simulator.stopGrowth();
    for (const log of logs) {
      await second.upTo(log.size, log);
      expect([...first.of(log), ...second.of(log)]).toEqual(range(INITIAL, log.size));
    }
  });
});

describe('a start with recovery', () => {
  it('begins at the heads without a file, and saves positions from there', async () => {
    const indices = await observe();
    await system.following();
    await grow(10);
    for (const log of logs) {
      await indices.upTo(INITIAL + 10, log);
      expect(indices.of(log)).toEqual(range(INITIAL, INITIAL + 10));
    }
    await system.server.stop();
    expect(readPositions(file)).toEqual(new Map(logs.map((log) => [keyOf(log), INITIAL + 10])));
  });

  it("uses a file of the Go server: a number is the next index, and 0 is the log's head", async () => {
    const [rfc, tiled] = logs;
    writeFileSync(file, JSON.stringify({ [keyOf(rfc)]: 7, [keyOf(tiled)]: 0, 'other.example/log': 99 }));
    const indices = await observe();
    await system.following();
    await grow(10);
    await indices.upTo(INITIAL + 10, rfc, tiled);
    expect(indices.of(rfc)).toEqual(range(7, INITIAL + 10));
    expect(indices.of(tiled)).toEqual(range(INITIAL, INITIAL + 10));
    await system.server.stop();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      [keyOf(rfc)]: INITIAL + 9,
      [keyOf(tiled)]: INITIAL + 9,
      'other.example/log': 98,
    });
  });

  it('continues at the first entry of a log that was empty', async () => {
    const empty = system.simulator.addLog({ name: 'empty' });
    await system.startServer();
    await system.following();
    await system.server.stop();
    empty.append(5);
    empty.publish();
    logs = system.simulator.logs;
    const indices = await observe();
    await indices.upTo(5, empty);
    expect(indices.of(empty)).toEqual(range(0, 5));
  });

  it.each(['{"127.0.0.1/rfc": 7', '[1, 2]', '{"127.0.0.1/rfc": "7"}', ''])(
    'refuses the damaged file %j and leaves it alone',
    async (text) => {
      writeFileSync(file, text);
      await expect(system.startServer()).rejects.toMatchObject({
        code: 'CT_INDEX_FILE_DAMAGED',
        message: expect.stringMatching(/^[^\n]*ct_index\.json[^\n]*$/) as string,
      });
      expect(readFileSync(file, 'utf8')).toBe(text);
      expect(logs.map(({ requests }) => requests.total)).toEqual([0, 0]);
    },
  );

  it('continues to stream when positions cannot be saved, and logs it once', async () => {
    file = join(system.folder, 'missing', 'ct_index.json');
    const indices = await observe();
    await system.following();
    const store = system.server.app.get(LogStateStore);
    await store.save();
    rmSync(join(system.folder, 'missing'), { recursive: true });
    for (let i = 1; i <= 3; i++) {
      await grow(5);
      await indices.upTo(INITIAL + 5 * i, ...logs);
      await store.save();
    }
    expect(store.stats.failedSaves).toBeGreaterThanOrEqual(3);
    expect(
      system.output.filter((line) => line.includes(join(system.folder, 'missing', 'ct_state.json'))),
    ).toHaveLength(1);
    await expect(system.server.stop()).rejects.toMatchObject({ code: 'CT_STATE_FILE_UNWRITABLE' });
  });
});

describe('kill -9', () => {
  const running: RunningCli[] = [];
  afterEach(async () => {
    for (const server of running) server.signal('SIGKILL');
    await Promise.all(running.splice(0).map(({ ended }) => ended));
  });

  /** Like {@link observe}, with the server in its own process. */
  async function observeProcess(): Promise<{ server: RunningCli; indices: LogIndices }> {
    const release = holdBack();
    const path = system.configFile(await freePort());
    const server = startCli(['serve', '-c', path], { cwd: system.folder });
    running.push(server);
    const [, url] = /streams at (ws:\S+)\s/.exec(await server.printed(/streams at ws:\S+\s/))!;
    const indices = new LogIndices(await StreamReader.connect(url));
    release();
    return { server, indices };
  }

  async function kill({ server, indices }: { server: RunningCli; indices: LogIndices }): Promise<void> {
    server.signal('SIGKILL');
    await server.ended;
    await indices.reader.closed;
  }

  it('loses no entry, and repeats none from before the last save', async () => {
    const stateFile = join(system.folder, 'ct_state.json');
    const runs = [await observeProcess()];
    const isHead = ({ endpoint }: { endpoint: string }) =>
      endpoint === 'get-sth' || endpoint === 'checkpoint';
    await Promise.all(logs.map((log) => log.waitForRequest(isHead)));
    system.simulator.startGrowth(GROWTH);
    // The very first save has the positions alone.
    const isVerified = (): boolean =>
      existsSync(stateFile) &&
      [...readStates(stateFile).values()].every(({ verified }) => verified !== undefined);
    await system.eventually(isVerified, 'the first save after a proof');
    const starts = [new Map(logs.map((log) => [keyOf(log), INITIAL]))];
    for (let run = 0; run < 2; run++) {
      await runs[run].indices.upTo(logs[0].size + 20, ...logs);
      await kill(runs[run]);
      starts.push(readPositions(file));
      for (const [, { next, verified }] of readStates(stateFile)) {
        expect(verified?.size).toBeGreaterThanOrEqual(INITIAL);
        expect(verified?.size).toBeLessThanOrEqual(next!);
      }
      runs.push(await observeProcess());
    }
    system.simulator.stopGrowth();
    for (const log of logs) {
      await runs[2].indices.upTo(log.size, log);
      for (const [run, { indices }] of runs.entries()) {
        const start = starts[run].get(keyOf(log))!;
        expect(indices.of(log)).toEqual(range(start, indices.of(log).at(-1)! + 1));
        if (run > 0) expect(start - 1).toBeLessThanOrEqual(runs[run - 1].indices.of(log).at(-1)!);
      }
    }
  });
});
