import { afterEach, expect, it } from 'vitest';
import { LogListService } from '../../src/ct-log/log-list/log-list.service.js';
import { LogKey } from '../../src/simulator/log/log-key.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { NOTHING_LOST } from '../support/log-faults.js';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';

const INITIAL = 10;
let system: TestSystem;
afterEach(() => system?.close());

async function follow(): Promise<{ indices: LogIndices; logs: SimulatedLog[] }> {
  system = await TestSystem.start({
    logs: [
      { name: 'rfc', initialEntries: INITIAL },
      { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
    ],
  });
  return { indices: new LogIndices(await system.connect('/')), logs: system.simulator.logs };
}

const refresh = () => system.server.app.get(LogListService).refresh();

function grow(log: SimulatedLog, count: number): void {
  log.append(count);
  log.publish();
}

/** Checks that the heads of the logs are refused until the list names the keys that sign them. */
async function streamedOnceListed(indices: LogIndices, logs: readonly SimulatedLog[]): Promise<void> {
  for (const log of logs) {
    await system.eventually(
      () => statsOf(system, log)?.errors.has('CT_TREE_HEAD_SIGNATURE') ?? false,
      'a refused head',
    );
    expect(indices.of(log)).toEqual([]);
  }
  for (const log of logs) log.listedKey = log.key;
  await refresh();
  for (const log of logs) {
    await indices.upTo(INITIAL + 20, log);
    expect(indices.of(log)).toEqual(range(INITIAL, INITIAL + 20));
  }
}

it(`a log signs with another key → nothing is streamed until the list names that key; ${NOTHING_LOST}`, async () => {
  const { indices, logs } = await follow();
  for (const log of logs) {
    log.changeKey();
    grow(log, 20);
  }
  await streamedOnceListed(indices, logs);
});

it(`the list names another key → nothing is streamed until the list names the right key; ${NOTHING_LOST}`, async () => {
  const { indices, logs } = await follow();
  for (const log of logs) log.listedKey = new LogKey();
  await refresh();
  for (const log of logs) grow(log, 20);
  await streamedOnceListed(indices, logs);
});
