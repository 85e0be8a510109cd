import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { TestSystem } from '../../src/testing/test-system.js';
import type { StoredMessage } from './brokers/test-broker.js';
import { range } from './range.js';

/** Entries of each log before the server starts, which no output gets. */
export const INITIAL = 20;

/** Starts simulator and server until the end of the test, with a journal on the disk, logs named `a`, `b`, ..., and these outputs. */
export async function startWithOutputs(
  outputs: readonly Record<string, unknown>[],
  logs = 1,
): Promise<TestSystem> {
  const names = range(0, logs).map((i) => String.fromCharCode(97 + i));
  const system: TestSystem = await TestSystem.prepare({
    logs: names.map((name, i) => ({
      name,
      initialEntries: INITIAL,
      ...(i % 2 === 1 && { protocol: 'static-ct' }),
    })),
    config: () => {
      const path = join(system.folder, 'journal');
      mkdirSync(path);
      return { journal: { store: 'disk', path }, outputs };
    },
  });
  onTestFinished(() => system.close());
  await system.startServer();
  await system.following();
  return system;
}

/** Returns the indices of the messages of a log, as they are stored. */
export function logIndices(messages: readonly StoredMessage[], log: SimulatedLog): number[] {
  const indices: number[] = [];
  for (const { text } of messages) {
    const { data } = JSON.parse(text.toString()) as { data: { cert_index: number; source: { url: string } } };
    if (data.source.url.replace(/\/$/, '') === log.url.replace(/\/$/, '')) indices.push(data.cert_index);
  }
  return indices;
}

/** Returns the entries of a log in the order in which they were stored first. */
export function firstOccurrences(messages: readonly StoredMessage[], log: SimulatedLog): number[] {
  return [...new Set(logIndices(messages, log))];
}

/** Adds entries to each log. */
export function grow(logs: readonly SimulatedLog[], count: number): void {
  for (const log of logs) {
    log.append(count);
    log.publish();
  }
}
