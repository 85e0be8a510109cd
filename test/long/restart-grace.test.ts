import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { TestSystem } from '../../src/testing/test-system.js';
import { LogIndices } from '../support/log-indices.js';
import { readPositions } from '../support/positions.js';
import { range } from '../support/range.js';

const INITIAL = 50;
const WAITS = /the logs wait up to [\d.]+ s for clients to reconnect/;
const PATHS = ['/', '/full-stream'];

let system: TestSystem;
/** `stream.restart_grace_seconds`, read at each start. */
let graceSeconds: number;

beforeEach(async () => {
  graceSeconds = 600;
  system = await TestSystem.prepare({
    logs: [
      { name: 'rfc', initialEntries: INITIAL, pageSize: 64 },
      { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
    ],
    config: () => ({
      general: { recovery: { enabled: true, ct_index_file: join(system.folder, 'ct_index.json') } },
      stream: { restart_grace_seconds: graceSeconds },
    }),
  });
});
afterEach(() => system.close());

const countFile = (): string => join(system.folder, 'ct_clients.json');
const { stringify } = JSON;

function grow(): void {
  for (const log of system.simulator.logs) {
    log.append(100);
    log.publish();
  }
}

/** Connects a client of each path and waits until it has received the entries `from` to `to - 1` of both logs. */
async function receive(paths: readonly string[], from: number, to: number): Promise<void> {
  const clients: LogIndices[] = [];
  for (const path of paths) clients.push(new LogIndices(await system.connect(path)));
  for (const client of clients) {
    await client.upTo(to, ...system.simulator.logs);
    for (const log of system.simulator.logs) expect(client.of(log)).toEqual(range(from, to));
  }
}

/** Runs a server until two clients have received the first hundred entries. */
async function firstRun(): Promise<void> {
  const clients = await Promise.all(PATHS.map(async (path) => new LogIndices(await system.connect(path))));
  await system.following();
  grow();
  for (const client of clients) await client.upTo(INITIAL + 100, ...system.simulator.logs);
}

const printed = (line: RegExp): Promise<void> =>
  system.eventually(() => system.output.some((each) => line.test(each)), String(line));

describe('after a restart that continues at saved positions', () => {
  it('the logs wait until as many clients are back as before, so that they miss nothing', async () => {
    await system.startServer();
    await firstRun();
    await system.server.stop();
    expect(readFileSync(countFile(), 'utf8')).toBe(`${stringify({ clients: 2 })}\n`);
    grow();
    system.output.length = 0;
    await system.startServer();
    await printed(WAITS);
    await system.following();
    expect((await system.get('/readyz')).status).toBe(200);
    await receive(PATHS, INITIAL + 100, INITIAL + 200);
    await printed(/the logs continue: 2 of 2 clients have reconnected/);
    await system.server.stop();
    // The clients of the test have been closed by the stop.
    expect(readFileSync(countFile(), 'utf8')).toBe(`${stringify({ clients: 2 })}\n`);
  });

  it('the same holds after the server was killed', async () => {
    const killed = await system.startProcess();
    await firstRun();
    await system.eventually(
      () => readFileSync(countFile(), { encoding: 'utf8', flag: 'a+' }) === `${stringify({ clients: 2 })}\n`,
      'the number of clients on disk',
    );
    const indexFile = join(system.folder, 'ct_index.json');
    await system.eventually(
      () => [...readPositions(indexFile).values()].filter((next) => next === INITIAL + 100).length === 2,
      'the positions on disk',
    );
    killed.signal('SIGKILL');
    await killed.ended;
    grow();
    const restarted = await system.startProcess();
    await restarted.printed(WAITS);
    await system.following();
    await receive(PATHS, INITIAL + 100, INITIAL + 200);
  });

  it('a client that reconnects after five seconds, as the Python client does, misses nothing', async () => {
    const { simulator } = system;
    const stopped = await system.startProcess();
    const reader = await system.connect('/');
    const before = new LogIndices(reader);
    await system.following();
    simulator.startGrowth({ entriesPerSecond: 100, headIntervalMs: 100 });
    await before.upTo(INITIAL + 100, ...simulator.logs);
    stopped.signal('SIGTERM');
    expect((await stopped.ended).code).toBe(0);
    await system.eventually(() => reader.socket.readyState === WebSocket.CLOSED, 'the end of the connection');
    const fiveSeconds = setTimeout(5000);
    const restarted = await system.startProcess();
    await restarted.printed(WAITS);
    await fiveSeconds;
    const after = new LogIndices(await system.connect('/'));
    const [log] = simulator.logs;
    await log.waitForHead(log.head.treeSize + 50);
    simulator.stopGrowth();
    for (const { url, head } of simulator.logs) {
      const indices = (): number[] => [...before.of({ url }), ...after.of({ url })];
      await system.eventually(() => indices().at(-1) === head.treeSize - 1, `the newest entry of ${url}`);
      expect(indices()).toEqual(range(INITIAL, head.treeSize));
    }
  });

  it('the logs continue after restart_grace_seconds without clients that do not come back', async () => {
    await system.startServer();
    await firstRun();
    await system.server.stop();
    grow();
    graceSeconds = 0.5;
    await system.startServer();
    await printed(/the logs continue: 0 of 2 clients have reconnected/);
    await system.eventually(() => system.stream.stats.entries === 200, 'the entries of both logs');
  });

  it.each([
    ['is damaged', () => writeFileSync(countFile(), '{"clients":-1}'), 1],
    ['is too large', () => writeFileSync(countFile(), ' '.repeat(5000)), 1],
    ['says that there was none', () => writeFileSync(countFile(), '{"clients":0}'), 0],
  ])('the logs do not wait if the file with the number of clients %s', async (_what, spoil, warnings) => {
    await system.startServer();
    await firstRun();
    await system.server.stop();
    grow();
    spoil();
    system.output.length = 0;
    await system.startServer();
    await system.eventually(() => system.stream.stats.entries === 200, 'the entries of both logs');
    expect(system.output.filter((line) => WAITS.test(line))).toEqual([]);
    expect(system.output.filter((line) => /ct_clients\.json: .*do not wait/.test(line))).toHaveLength(
      warnings,
    );
  });
});

it('the logs do not wait at a start without positions', async () => {
  writeFileSync(countFile(), stringify({ clients: 2 }));
  await system.startServer();
  await system.following();
  grow();
  await system.eventually(() => system.stream.stats.entries === 200, 'the entries of both logs');
  expect(system.output.filter((line) => WAITS.test(line))).toEqual([]);
});
