import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import type { Disturbance, TestOutput } from './test-outputs.js';

const SHORTEST_MS = 500;
const LONGEST_MS = 4000;

/** Says what happens, with the time since the start of the test. */
export type Narrator = (event: string) => void;

/**
 * Waits for `count` random moments, one in each of as many equal parts of the time, and calls `act` at each of them. An action that
 * takes long delays the next one.
 */
export async function atRandomTimes(
  count: number,
  milliseconds: number,
  random: SeededRandom,
  act: () => Promise<void>,
): Promise<void> {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const due = start + (milliseconds * (i + random.next())) / count;
    await delay(Math.max(0, due - performance.now()));
    await act();
  }
}

/** Kills or pauses the broker of an output, and lets it return after a time. */
export async function disturb(
  { name, broker }: TestOutput,
  kind: Disturbance,
  milliseconds: number,
  narrate: Narrator,
): Promise<void> {
  const seconds = (milliseconds / 1000).toFixed(1);
  if (kind === 'kill') {
    narrate(`${name}: killed for ${seconds} s`);
    await broker.kill();
    await delay(milliseconds);
    await broker.restart();
    narrate(`${name}: started again`);
  } else {
    narrate(`${name}: paused for ${seconds} s`);
    broker.pause();
    await delay(milliseconds);
    broker.resume();
  }
}

/** Disturbs a broker for a random short time in a random way. */
export function disturbShortly(output: TestOutput, random: SeededRandom, narrate: Narrator): Promise<void> {
  const kind = output.disturbances[random.below(output.disturbances.length)];
  return disturb(output, kind, SHORTEST_MS + random.next() * (LONGEST_MS - SHORTEST_MS), narrate);
}
