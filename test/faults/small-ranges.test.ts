import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogReport } from '../../src/ct-log/following/log-report.js';
import { asksForMoreThan, includesEntry } from '../../src/simulator/faults/faults.js';
import type { FaultKind } from '../../src/simulator/faults/fault-kinds.js';
import type { FaultHandle } from '../../src/simulator/faults/faults.js';
import type { ServedEntry } from '../../src/simulator/log/request-context.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import type { SimulatedLogOptions } from '../../src/simulator/log/simulated-log-options.js';
import type { GapMessage } from '../../src/stream/subscription/stream-events.js';
import type { StreamReader } from '../../src/testing/stream-reader.js';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';

const INITIAL = 300;
const IN_ORDER = 'every entry that the log serves in any size arrives once and in order';

const status = (code: number): FaultKind => ({ kind: 'status', status: code });

interface Limited {
  readonly limit: number;
  readonly fault: FaultKind;
  readonly what: string;
  readonly grows: number;
  readonly log?: Partial<SimulatedLogOptions>;
}

const LIMITED: readonly Limited[] = [
  { limit: 18, what: '400', fault: status(400), grows: 1800 },
  { limit: 18, what: '413', fault: status(413), grows: 1800 },
  { limit: 18, what: '502', fault: status(502), grows: 1800 },
  { limit: 18, what: '503', fault: status(503), grows: 1800 },
  // CTFE answers so when the entries are too large for a message of its backend.
  { limit: 18, what: '429', fault: status(429), grows: 200 },
  { limit: 18, what: 'half a body', fault: { kind: 'truncate' }, grows: 1800 },
  { limit: 18, what: 'an end within the body', fault: { kind: 'disconnect' }, grows: 1800 },
  { limit: 18, what: 'a reset', fault: { kind: 'reset', afterBytes: 300 }, grows: 1800 },
  { limit: 1, what: '400', fault: status(400), grows: 200 },
  { limit: 100, what: '400', fault: status(400), grows: 6000 },
  { limit: 100, what: '502', fault: status(502), grows: 6000, log: { pageSize: 1000 } },
];

const POISONED = [[300], [511], [512], [600], [301, 303, 610, 611, 612]] as const;
const PROTOCOLS = ['rfc6962', 'hybrid'] as const;

const limitedName = ({ limit, what }: Limited): string => `limit-${limit}-${what.replaceAll(' ', '-')}`;
const poisonedName = (protocol: string, bad: readonly number[]): string =>
  `${protocol}-without-${bad.join('-')}`;

let system: TestSystem;
let indices: LogIndices;
/** A client that gets gap messages. */
let events: StreamReader;
let lateFault: FaultHandle;
let damage: FaultHandle;

function log(name: string): SimulatedLog {
  return system.simulator.log(name);
}

async function report(name: string): Promise<LogReport> {
  const { logs } = (await (await system.get('/logs')).json()) as { logs: LogReport[] };
  return logs.find(({ url }) => `${url}/` === log(name).url)!;
}

/** Lines of the log output about one log. */
function linesOf(name: string): string[] {
  const { description } = log(name).options;
  return system.output.filter((line) => line.includes(description) && !line.includes('following'));
}

/** The entries of a log that gap messages called unavailable. */
function unavailableOf(name: string): number[] {
  const gaps = events.frames
    .filter((frame) => frame.includes('"message_type":"gap"'))
    .map((frame) => (JSON.parse(frame) as GapMessage).data);
  return gaps
    .filter(({ reason }) => reason === 'unavailable')
    .flatMap(({ logs }) => logs)
    .filter(({ url }) => `${url}/` === log(name).url)
    .flatMap(({ ranges }) => ranges.flatMap(({ from, to }) => range(from, to + 1)));
}

/** Gives a leaf in the tile an unknown type. Later entries of the tile cannot be found then, and there is no other source. */
function addDamage(tiled: SimulatedLog, index: number): FaultHandle {
  const { tileLeaf: damaged } = tiled.entry(index);
  const change = (entry: ServedEntry): ServedEntry => {
    if (!entry.tileLeaf.equals(damaged)) return entry;
    const tileLeaf = Buffer.from(entry.tileLeaf);
    tileLeaf.writeUInt16BE(9, 8);
    return { ...entry, tileLeaf };
  };
  return tiled.faults.add({
    endpoint: 'tile-data',
    kind: 'custom',
    hooks: { prepare: ({ entryEdits }) => void entryEdits.push((entries) => entries.map(change)) },
  });
}

beforeAll(async () => {
  const own = (name: string) => ({ name, operator: name, initialEntries: INITIAL });
  const logs: SimulatedLogOptions[] = [
    ...LIMITED.map((limited) => ({ ...own(limitedName(limited)), ...limited.log })),
    ...PROTOCOLS.flatMap((protocol) =>
      POISONED.map((bad) => ({ ...own(poisonedName(protocol, bad)), protocol })),
    ),
    { ...own('late') },
    { ...own('tiled'), protocol: 'static-ct' },
  ];
  system = await TestSystem.start({
    logs,
    config: (simulator) => ({
      general: { recovery: { gap_after_tries: 2, gap_after_minutes: 0, gap_retry_seconds: 1 } },
      ct_log: { poll_interval_seconds: 0.25, data_tile_logs: [`${simulator.url}/hybrid-*`] },
    }),
  });
  for (const limited of LIMITED) {
    const { limit, fault } = limited;
    log(limitedName(limited)).faults.add({
      ...fault,
      endpoint: 'get-entries',
      match: asksForMoreThan(limit),
    });
  }
  for (const protocol of PROTOCOLS) {
    for (const bad of POISONED) {
      // A tile cannot be fetched in parts; get-entries serves the other entries.
      log(poisonedName(protocol, bad)).faults.add({
        ...status(500),
        endpoint: ['get-entries', 'get-entry-and-proof', 'tile-data'],
        match: includesEntry(...bad),
      });
    }
  }
  indices = new LogIndices(await system.connect('/'));
  events = await system.connect('/domains-only?events=1');
  for (const limited of LIMITED) log(limitedName(limited)).append(limited.grows);
  for (const protocol of PROTOCOLS) for (const bad of POISONED) log(poisonedName(protocol, bad)).append(500);
  lateFault = log('late').faults.add({
    ...status(500),
    endpoint: 'get-entries',
    match: includesEntry(...range(300, 306)),
  });
  log('late').append(200);
  log('tiled').append(400);
  damage = addDamage(log('tiled'), 420);
  system.simulator.logs.forEach((each) => each.publish());
});
afterAll(() => system?.close());

describe('a log that refuses large pages', () => {
  it.each(LIMITED)(
    '$what for more than $limit entries → $grows entries arrive once and in order, few requests are refused, the output is short',
    async (limited) => {
      const { limit, grows } = limited;
      const name = limitedName(limited);
      await indices.upTo(INITIAL + grows, log(name));
      expect(indices.of(log(name))).toEqual(range(INITIAL, INITIAL + grows));
      const requests = log(name).requests.list('get-entries');
      const refused = requests.slice(20).filter(({ faults }) => faults.length > 0);
      expect(refused.length).toBeLessThan(Math.max(3, requests.length / 10));
      expect(requests.length).toBeLessThan((4 * grows) / limit + 40);
      expect(await report(name)).toMatchObject({ gaps: [], lag: 0 });
      await system.eventually(
        () => statsOf(system, log(name))!.state === 'following',
        `${name} to be followed`,
      );
      expect(linesOf(name).length).toBeLessThanOrEqual(8);
      expect(linesOf(name).filter((line) => line.includes('requests are limited to'))).toHaveLength(1);
    },
  );
});

describe('a log that cannot serve single entries', () => {
  const cases = PROTOCOLS.flatMap((protocol) => POISONED.map((bad) => ({ protocol, bad })));
  it.each(cases)(
    `$protocol without $bad → ${IN_ORDER}; the missing entries are gaps of one entry`,
    async ({ protocol, bad }) => {
      const name = poisonedName(protocol, bad);
      await indices.upTo(INITIAL + 500, log(name));
      const missing = new Set<number>(bad);
      expect(indices.of(log(name))).toEqual(
        range(INITIAL, INITIAL + 500).filter((index) => !missing.has(index)),
      );
      const { gaps, lag } = await report(name);
      expect(lag).toBe(0);
      expect(gaps.flatMap(({ from, to }) => range(from, to))).toEqual([...bad]);
      await events.until(() => unavailableOf(name).length >= bad.length, `the gap messages of ${name}`);
      expect(unavailableOf(name)).toEqual([...bad]);
      // At most per entry: a failure and its end, the gap, an unavailable proof and its end.
      expect(linesOf(name).length).toBeLessThanOrEqual(5 * bad.length);
      // Verification continues after an entry that is unavailable.
      const isVerified = async () => (await report(name)).verification.state === 'verified';
      await system.eventually(isVerified, `${name} to be verified`);
    },
  );

  it('a gap that is filled later except for one entry → the other entries arrive late, once each', async () => {
    await indices.upTo(500, log('late'));
    expect(indices.of(log('late'))).toEqual(range(306, 500));
    log('late').faults.add({ ...status(500), endpoint: 'get-entries', match: includesEntry(303) });
    lateFault.remove();
    await system.eventually(() => indices.of(log('late')).length >= 199, 'the neighbours of entry 303');
    expect(indices.of(log('late')).toSorted((a, b) => a - b)).toEqual(
      range(300, 500).filter((index) => index !== 303),
    );
    expect((await report('late')).gaps).toMatchObject([{ from: 303, to: 304 }]);
  });

  it('a tiled log with a damaged leaf → the entries before it arrive; the rest of its tile is a gap', async () => {
    const tiled = log('tiled');
    await indices.upTo(700, tiled);
    expect(indices.of(tiled)).toEqual([...range(300, 420), ...range(512, 700)]);
    expect((await report('tiled')).gaps).toMatchObject([{ from: 420, to: 512 }]);
    damage.remove();
    await system.eventually(() => indices.of(tiled).length >= 400, 'the rest of the tile');
  });
});

it('enforce, and a log that cannot serve one entry → the other entries arrive, proven', async () => {
  const enforcing = await TestSystem.start({
    logs: [{ name: 'enforced', initialEntries: INITIAL }],
    config: {
      general: { recovery: { gap_after_tries: 2, gap_after_minutes: 0 } },
      ct_log: { poll_interval_seconds: 0.25, verification: 'enforce' },
    },
  });
  try {
    const enforced = enforcing.simulator.log('enforced');
    enforced.faults.add({
      ...status(500),
      endpoint: ['get-entries', 'get-entry-and-proof'],
      match: includesEntry(310),
    });
    const seen = new LogIndices(await enforcing.connect('/'));
    enforced.append(200);
    enforced.publish();
    await seen.upTo(INITIAL + 200, enforced);
    expect(seen.of(enforced)).toEqual(range(INITIAL, INITIAL + 200).filter((index) => index !== 310));
    expect(statsOf(enforcing, enforced)).toMatchObject({
      verification: 'verified',
      verifiedIndex: INITIAL + 200,
    });
  } finally {
    await enforcing.close();
  }
});
