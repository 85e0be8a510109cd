import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/simulator/log/request-log.js';
import type { FaultHandle, FaultTarget } from '../../src/simulator/faults/faults.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import type { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import { AttackedServer, type Measured } from '../support/attacked-server.js';
import { CAN_METER } from '../support/process-meter.js';
import type { TestConfig } from '../../src/testing/test-system.js';
import { range } from '../support/range.js';

const MIB = 1024 * 1024;
/** Number of good entries before a bomb, which make the server request large pages. */
const GOOD = 40;
const BEHIND = 3000;

interface Bomb {
  readonly name: string;
  /** The start of the answer, the text that is repeated up to the largest size that is read, and the end. */
  readonly start: string;
  readonly repeated: string;
  readonly end: string;
}

const BOMBS: readonly Bomb[] = [
  { name: 'lists within lists', start: '', repeated: '[', end: '' },
  { name: 'empty entries', start: '{"entries":[', repeated: '{},', end: '{}]}' },
  { name: 'objects within objects', start: '', repeated: '{"a":', end: '' },
  { name: 'a string of escapes', start: '{"entries":["', repeated: '\\u0041', end: '"]}' },
  { name: 'a string that is not UTF-8', start: '{"entries":["', repeated: '\u00ff', end: '"]}' },
  { name: 'an entry of one key', start: '{"entries":[{"', repeated: 'k', end: '":1}]}' },
];

const made = new Map<string, Buffer>();

/**
 * Compresses `size` octets with gzip. The last octet is a member of its own, so the trailer does not give the size of
 * the others.
 */
function gzipped({ name, start, repeated, end }: Bomb, size: number): Buffer {
  const known = made.get(`${name} ${size}`);
  if (known !== undefined) return known;
  const pattern = Buffer.from(repeated, 'latin1');
  const room = size - start.length - end.length - 1;
  const filling = Buffer.alloc(room - (room % pattern.length), pattern);
  const whole = Buffer.concat([Buffer.from(start), filling, Buffer.from(end)]);
  const body = Buffer.concat([gzipSync(whole, { level: 1 }), gzipSync(' ')]);
  made.set(`${name} ${size}`, body);
  return body;
}

/**
 * Makes a log answer with a bomb of the largest size that the server reads. For entries the size follows from the
 * requested number, otherwise it is `size`.
 */
function lay(
  log: Pick<SimulatedLog, 'faults'>,
  bomb: Bomb,
  endpoint: Endpoint | readonly Endpoint[],
  { size, ...target }: { size?: number } & Partial<FaultTarget> = {},
): FaultHandle {
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
  return log.faults.add({
    kind: 'custom',
    endpoint,
    ...target,
    hooks: {
      reply: (_, { query }) => {
        const asked = Number(query.get('end')) - Number(query.get('start')) + 1;
        const allowed = Math.min(64 * MIB, 4 * MIB + (asked || 1) * 128 * 1024);
        return { status: 200, headers, body: gzipped(bomb, size ?? allowed) };
      },
    },
  });
}

function expectCheap({ grownMb, cpuSeconds, longestGapSeconds }: Measured, bombs: number): void {
  expect(grownMb).toBeLessThan(400);
  // Inflating and reading 64 MiB takes half a second. Parsing nested lists of this size takes more than six.
  expect(cpuSeconds).toBeLessThan(4 + 3 * bombs);
  expect(longestGapSeconds).toBeLessThan(5);
}

describe.skipIf(!CAN_METER)('a log whose answers are JSON bombs', () => {
  let server: AttackedServer;
  let proofBombs: readonly FaultHandle[];

  beforeAll(async () => {
    const logs = [...BOMBS.keys(), 'alternating', 'proofs', 'heads'].map((name) => ({
      name: `bomber-${name}`,
      operator: `Operator ${name}`,
      initialEntries: 20,
    }));
    // The server requests proofs as soon as it follows the log.
    const config = (simulator: CtLogSimulator): TestConfig => {
      const log = simulator.log('bomber-proofs');
      proofBombs ??= [
        lay(log, BOMBS[0], 'get-entry-and-proof'),
        lay(log, BOMBS[1], 'get-proof-by-hash', { size: 64 * 1024 }),
      ];
      return {};
    };
    server = await AttackedServer.start({ logs, config, node: ['--max-old-space-size=400'] });
  });
  afterAll(() => server?.close());

  /** Adds a log and waits until the server follows it and has its first entries. */
  async function following(name: number | string): Promise<SimulatedLog> {
    const log = server.log(`bomber-${name}`);
    await server.until(async () => (await server.report(log))['state'] === 'following', 'the log');
    log.append(GOOD);
    log.publish();
    await server.until(() => server.of(log).length === GOOD, 'the first entries');
    return log;
  }

  const grow = (log: SimulatedLog) => {
    log.append(BEHIND);
    log.publish();
  };

  const everyIndex = async (log: SimulatedLog) => {
    await server.until(() => server.of(log).length >= GOOD + BEHIND, 'every entry');
    expect(server.of(log)).toEqual(range(20, 20 + GOOD + BEHIND));
  };

  const lastError = async (log: SimulatedLog) =>
    ((await server.report(log))['last_error'] as { code: string } | null)?.code;

  it.for(BOMBS)(
    '64 MiB of $name → refused at low cost, other logs continue, and later every entry arrives',
    async (bomb, { task }) => {
      const log = await following(BOMBS.indexOf(bomb));
      const fault = lay(log, bomb, 'get-entries');
      const measured = await server.during(task, async () => {
        grow(log);
        await fault.fired;
        await server.until(async () => (await lastError(log)) !== undefined, 'the error');
      });
      expect(await lastError(log)).toBe('CT_MALFORMED_PAGE');
      expectCheap(measured, 1);
      fault.remove();
      await everyIndex(log);
    },
  );

  it('bombs between good pages → refused at low cost, and the good pages are streamed', async ({ task }) => {
    const log = await following('alternating');
    const fault = lay(log, BOMBS[1], 'get-entries', { every: 2 });
    const measured = await server.during(task, async () => {
      grow(log);
      await fault.firedTimes(5);
    });
    expectCheap(measured, 5);
    expect(await lastError(log)).toBe('CT_MALFORMED_PAGE');
    expect(server.of(log).length).toBeGreaterThan(GOOD);
    fault.remove();
    await everyIndex(log);
  });

  it('tree heads of 64 KiB → refused at low cost, and the log is followed again afterwards', async ({
    task,
  }) => {
    const log = await following('heads');
    const faults = BOMBS.slice(0, 3).map((bomb) => lay(log, bomb, 'get-sth', { size: 64 * 1024, times: 1 }));
    const measured = await server.during(task, async () => {
      grow(log);
      await Promise.all(faults.map((fault) => fault.firedTimes(1)));
    });
    expectCheap(measured, 3);
    await everyIndex(log);
  });

  it('proofs of 4 MiB → refused at low cost, and the log is proven afterwards', async ({ task }) => {
    const log = await following('proofs');
    const failures = async () => {
      const { proof_failures: count } = (await server.report(log))['verification'] as {
        proof_failures: number;
      };
      return count;
    };
    const measured = await server.during(task, async () => {
      grow(log);
      await Promise.all(proofBombs.map((fault) => fault.fired));
      await server.until(async () => (await failures()) > 0, 'the error');
    });
    expectCheap(measured, 2);
    for (const fault of proofBombs) fault.remove();
    await everyIndex(log);
    const verified = async () => (await server.report(log))['verified_index'] === log.head.treeSize;
    await server.until(verified, 'the proof');
  });
});

describe.skipIf(!CAN_METER)('a log list of 16 MiB that is a JSON bomb', () => {
  let server: AttackedServer;
  afterAll(() => server?.close());

  it('repeatedly → refused at low cost, and configured logs continue', async ({ task }) => {
    const faults: FaultHandle[] = [];
    const config = (simulator: CtLogSimulator): TestConfig => {
      if (faults.length === 0) {
        faults.push(
          lay(simulator, BOMBS[0], 'log-list', { size: 16 * MIB, times: 1 }),
          lay(simulator, BOMBS[1], 'log-list', { size: 16 * MIB }),
        );
      }
      const { url } = simulator.log('healthy');
      return { general: { additional_logs: [{ url }] }, log_list: { verify_signature: false } };
    };
    server = await AttackedServer.start({ config, node: ['--max-old-space-size=400'] });
    const measured = await server.during(task, () => faults[1].firedTimes(2));
    expectCheap(measured, 2);
    expect(measured.peakMb).toBeLessThan(500);
    expect(server.output).toContain('the log list is unusable: it');
  });
});
