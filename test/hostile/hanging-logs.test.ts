import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { certificate, name, text } from '../../src/certificate/testing/der-builder.js';
import type { FaultHandle } from '../../src/simulator/faults/faults.js';
import type { FaultHooks } from '../../src/simulator/log/request-context.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import type { SimulatedLogOptions } from '../../src/simulator/log/simulated-log-options.js';
import { AttackedServer } from '../support/attacked-server.js';
import { extraData, leafInput } from '../support/ct-log-bytes.js';
import { CAN_METER } from '../support/process-meter.js';
import { range } from '../support/range.js';

const MB = 1024 * 1024;
const LOGS = 12;
/** More entries than all logs together may have in flight. */
const BACKLOG = 3000;
/** Seconds. Without an attack the witness receives a message every quarter of a second. */
const GAP_LIMIT = 11;
const WATCHED_MS = 15_000;

let server: AttackedServer;
afterEach(() => server.close());

const names = range(0, LOGS).map((i) => `hanging-${i}`);

function hangingLogs(options: Partial<SimulatedLogOptions> = {}): SimulatedLogOptions[] {
  return names.map((log, i) => ({ name: log, operator: `Operator ${i}`, pageSize: 1000, ...options }));
}

/**
 * Every log first delivers some pages, so that the server requests many entries. Then all logs have a backlog and the
 * fault.
 */
async function hang(append: (log: SimulatedLog) => void, hooks: FaultHooks): Promise<FaultHandle[]> {
  const logs = names.map((log) => server.log(log));
  for (const log of logs) {
    log.append(64);
    log.publish();
  }
  await server.until(
    () => logs.every((log) => server.of(log).length >= 64),
    'the first entries of every log',
  );
  const faults = logs.map((log) => log.faults.add({ kind: 'custom', endpoint: 'get-entries', hooks }));
  for (const log of logs) {
    append(log);
    log.publish();
  }
  await Promise.all(faults.map(({ fired }) => fired));
  return faults;
}

const never = (released: Promise<void>, signal: AbortSignal): Promise<unknown> =>
  Promise.race([released, new Promise((resolve) => signal.addEventListener('abort', resolve))]);

describe.skipIf(!CAN_METER)('logs whose answers contain nothing', () => {
  it('12 logs with pages of 1,000 that hang → the healthy log continues, and all entries arrive when they answer', async ({
    task,
  }) => {
    server = await AttackedServer.start({ logs: hangingLogs() });
    const measured = await server.during(task, async () => {
      const faults = await hang((log) => log.append(BACKLOG), {
        send: async ({ released, signal, response, reply }) => {
          await never(released, signal);
          if (!signal.aborted) response.writeHead(reply.status, { ...reply.headers }).end(reply.body);
        },
      });
      await delay(WATCHED_MS);
      for (const fault of faults) fault.remove();
    });
    expect(measured.longestGapSeconds).toBeLessThan(GAP_LIMIT);
    const logs = names.map((log) => server.log(log));
    await server.until(() => logs.every((log) => server.of(log).length >= BACKLOG + 64), 'every entry');
    for (const log of logs) expect(server.of(log)).toEqual(range(0, BACKLOG + 64));
  });

  it('12 logs with large entries, then silence within the answer → the healthy log continues', async ({
    task,
  }) => {
    server = await AttackedServer.start({ logs: hangingLogs({ pageSize: 8 }) });
    const der = certificate({ subject: name(['O', text('x'.repeat(0.5 * MB))]) });
    const parts = { certificate: der };
    const big = { leafInput: leafInput(parts), extraData: extraData(parts) };
    const measured = await server.during(task, async () => {
      await hang(
        (log) => {
          for (let i = 0; i < 16; i++) log.appendRaw(big);
          log.append(BACKLOG);
        },
        {
          send: async ({ released, signal, response, reply }) => {
            response.writeHead(reply.status, {
              ...reply.headers,
              'Content-Length': String(reply.body.length),
            });
            response.write(reply.body.subarray(0, reply.body.length - 10));
            await never(released, signal);
            response.destroy();
          },
        },
      );
      await delay(WATCHED_MS);
    });
    expect(measured.longestGapSeconds).toBeLessThan(GAP_LIMIT);
    expect(measured.grownMb).toBeLessThan(600);
  });

  it('12 logs that answer late and all at once, with the largest accepted answers → bounded memory', async ({
    task,
  }) => {
    server = await AttackedServer.start({ logs: hangingLogs() });
    const flood = Buffer.alloc(60 * MB, ' ');
    const measured = await server.during(task, async () => {
      await hang((log) => log.append(BACKLOG), {
        send: async ({ signal, response }) => {
          await delay(4000, undefined, { signal }).catch(() => undefined);
          if (signal.aborted) return;
          response.writeHead(200, { 'Content-Length': String(flood.length) });
          response.write(flood);
          await never(new Promise(() => undefined), signal);
        },
      });
      await delay(WATCHED_MS);
    });
    expect(measured.grownMb).toBeLessThan(600);
  });
});
