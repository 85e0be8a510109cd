import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import { AttackedServer } from '../support/attacked-server.js';
import { CAN_METER } from '../support/process-meter.js';
import { keyOf } from '../support/recovery-system.js';
import { SlowReader } from '../support/slow-reader.js';
import { range } from '../support/range.js';

const SECONDS = 8;
const CALM = ['first', 'second', 'third'];
const CALM_RATE = 5;
const HEAD_INTERVAL_MS = 250;
const FLOOD_RATE = 2000;
const BACKLOG = 40_000;
const OCTETS_PER_SECOND = 1_000_000;

let server: AttackedServer | undefined;
let slow: SlowReader | undefined;
const folder = mkdtempSync(join(tmpdir(), 'certstream-flood-'));
afterEach(async () => {
  slow?.close();
  await server?.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file with position 7 of the log `flood` and returns its path. */
function positions(simulator: CtLogSimulator): string {
  const file = join(folder, 'ct_index.json');
  writeFileSync(file, JSON.stringify({ [keyOf(simulator.log('flood'))]: 7 }));
  return file;
}

describe.skipIf(!CAN_METER)('a client that takes 1 MB/s, and a log of four that', () => {
  it.for([
    ['floods', 0, FLOOD_RATE],
    ['catches up', BACKLOG, 0],
  ] as const)(
    '%s → the client loses no entry of the other logs, and gaps name all that it loses',
    async ([, backlog, rate], { task }) => {
      server = await AttackedServer.start({
        logs: [
          ...CALM.map((name) => ({ name, operator: name })),
          { name: 'flood', operator: 'flood', initialEntries: backlog },
        ],
        config: (simulator) =>
          backlog === 0
            ? {}
            : { general: { recovery: { enabled: true, ct_index_file: positions(simulator) } } },
      });
      const calm = [...CALM.map((name) => server!.log(name)), server.healthy];
      const flood = server.log('flood');
      slow = new SlowReader(Number(new URL(server.url).port), '/full-stream?events=1', OCTETS_PER_SECOND);
      await server.during(task, async () => {
        for (const log of calm.slice(0, -1))
          log.start({ entriesPerSecond: CALM_RATE, headIntervalMs: HEAD_INTERVAL_MS });
        if (rate > 0) flood.start({ entriesPerSecond: rate, headIntervalMs: HEAD_INTERVAL_MS });
        await sleep(SECONDS * 1000);
        for (const log of [...calm, flood]) log.stop();
      });
      for (const log of [...calm, flood]) log.publish();
      // The remaining messages arrive without a limit.
      slow.hurry();
      await slow.until(
        (reader) => [...calm, flood].every((log) => reader.next(log.url) === log.size),
        'the last entries or their gaps',
      );
      for (const log of calm) {
        const got = slow.indices(log.url);
        expect(got).toEqual(range(got[0], log.size));
      }
      const lost = slow.lost(flood.url);
      expect(lost).toBeGreaterThan(100);
      expect(new Set(slow.indices(flood.url)).size + lost).toBe(flood.size - slow.first(flood.url));
      task.meta.measured += `; of the log itself ${lost} of ${flood.size} messages lost`;
    },
  );
});
