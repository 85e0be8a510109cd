import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { ENTRIES, ExportHarness, messages, PROTOCOLS, sha256Of, SIZE } from '../support/export-harness.js';
import { range } from '../support/range.js';

type Protocol = (typeof PROTOCOLS)[number];

let harness: ExportHarness;
beforeEach(async () => (harness = await ExportHarness.start()));
afterEach(() => harness.close());

/** Makes the log serve the entry at `index` with a wrong bit. */
function damage(log: SimulatedLog, protocol: Protocol, index: number): void {
  log.faults.add({
    endpoint: ENTRIES[protocol],
    kind: 'custom',
    hooks: {
      prepare: (context) =>
        void context.entryEdits.push((entries) => {
          const first = protocol === 'rfc6962' ? Number(context.query.get('start')) : tileStart(context.path);
          return entries.map((entry, i) => (first + i === index ? flipped(entry) : entry));
        }),
    },
  });
}

/** Returns the index of the first entry of a tile, which has fewer than 1000 tiles before it. */
function tileStart(path: string): number {
  return Number(/\/data\/(\d+)/.exec(path)![1]) * 256;
}

function flipped<T extends { leafInput: Buffer; tileLeaf: Buffer }>(entry: T): T {
  // The timestamp is part of every leaf.
  const [leafInput, tileLeaf] = [Buffer.from(entry.leafInput), Buffer.from(entry.tileLeaf)];
  leafInput[9] ^= 1;
  tileLeaf[7] ^= 1;
  return { ...entry, leafInput, tileLeaf };
}

describe.each(PROTOCOLS)('export of a %s log', (protocol) => {
  let log: SimulatedLog;
  beforeEach(() => (log = harness.simulator.log(protocol)));

  it('writes the range in the order of the log, with the certificates that the log contains', async () => {
    const {
      code,
      out: printed,
      err,
    } = await harness.run(['export', '--log', log.url, '--from', '100', '--to', '1299']);
    expect({ code, err }).toEqual({
      code: 0,
      err: 'Wrote 1,200 of 1,200 entries (entries 100 to 1299), verified against the signed tree of 2,000 entries\n',
    });
    const lines = messages(printed);
    expect(lines.map(({ data }) => data.cert_index)).toEqual(range(100, 1300));
    for (const i of [0, 500, 1199]) expect(lines[i].data.leaf_cert.sha256).toBe(sha256Of(log, 100 + i));
    expect(lines[0].data.source).toMatchObject({ name: log.options.description });
    expect(lines[0].data.leaf_cert.as_der).toBeUndefined();
  });

  it('fetches no entry outside of the range, and none twice', async () => {
    expect((await harness.exported(log, '--from', '300', '--to', '309')).code).toBe(0);
    expect(harness.written()).toEqual(range(300, 310));
    expect(log.requests.count(ENTRIES[protocol])).toBeLessThanOrEqual(3);
  });

  it('ends with the newest entry, also of a partial tile', async () => {
    expect((await harness.exported(log, '--from', `${SIZE - 10}`)).code).toBe(0);
    expect(harness.written()).toEqual(range(SIZE - 10, SIZE));
  });

  it('leaves out and lists an entry that differs from the signed tree, and no other', async () => {
    damage(log, protocol, 777);
    const { code, err } = await harness.exported(log, '--from', '0');
    expect(code).toBe(1);
    expect(err).toContain('missing: entry 777: the log serves other entries than it signed\n');
    expect(err).toContain('1 entry is missing; run the same command again to request them\n');
    expect(harness.written()).toEqual(range(0, SIZE).filter((index) => index !== 777));

    log.faults.clear();
    const again = await harness.exported(log, '--from', '0');
    expect(again).toMatchObject({ code: 0 });
    expect(harness.written()).toEqual([...range(0, SIZE).filter((index) => index !== 777), 777]);
  });

  it('fetches a page once more that was damaged in transit', async () => {
    log.faults.add({ endpoint: ENTRIES[protocol], kind: 'flip-leaf', at: 3, times: 1 });
    expect(await harness.exported(log, '--from', '0')).toMatchObject({ code: 0 });
    expect(harness.written()).toEqual(range(0, SIZE));
  });

  it('continues when the log is throttled', async () => {
    log.faults.add({ endpoint: '*', kind: 'rate-limit', perSecond: 10, burst: 3, retryAfter: 1 });
    expect(await harness.exported(log, '--from', '0', '--to', '1500')).toMatchObject({ code: 0 });
    expect(harness.written()).toEqual(range(0, 1501));
  });

  it('lists what is missing when the log goes down, and continues later', async () => {
    const down = log.faults.add({
      endpoint: ENTRIES[protocol],
      kind: 'status',
      status: 500,
      match: ({ path, query }) =>
        (protocol === 'rfc6962' ? Number(query.get('start')) : tileStart(path)) >= 512,
    });
    const { code, err } = await harness.exported(log, '--from', '0', '--retry-for', '1');
    expect(code).toBe(1);
    expect(err).toMatch(/^missing: entries 512 to 1999: .* answered with status 500$/m);
    expect(harness.written()).toEqual(range(0, 512));

    down.remove();
    expect(await harness.exported(log, '--from', '0', '--retry-for', '1')).toMatchObject({ code: 0 });
    expect(harness.written()).toEqual(range(0, SIZE));
  });

  it('leaves out a page that the log does not serve, when it serves later ones', async () => {
    log.faults.add({
      endpoint: ENTRIES[protocol],
      kind: 'status',
      status: 500,
      match: ({ path, query }) =>
        protocol === 'rfc6962'
          ? Number(query.get('start')) <= 600 && Number(query.get('end')) >= 600
          : tileStart(path) === 512,
    });
    const { code, err } = await harness.exported(log, '--from', '0');
    const gap = protocol === 'rfc6962' ? [600, 601] : [512, 768];
    expect(code).toBe(1);
    expect(err).toMatch(
      protocol === 'rfc6962' ? /^missing: entry 600: /m : /^missing: entries 512 to 767: /m,
    );
    expect(harness.written()).toEqual([...range(0, gap[0]), ...range(gap[1], SIZE)]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('continues after %s', async (signal) => {
    const stalled = log.faults.add({
      endpoint: ENTRIES[protocol],
      kind: 'stall',
      match: ({ path, query }) =>
        (protocol === 'rfc6962' ? Number(query.get('start')) : tileStart(path)) >= 1536,
    });
    const first = harness.start(['export', '--log', log.url, '--from', '0', '--out', harness.out]);
    await stalled.fired;
    first.signal(signal);
    const { code, err } = await first.ended;
    expect(code).toBe({ SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
    if (signal !== 'SIGKILL')
      expect(err).toBe('stopped before the end; run the same command again to continue\n');
    stalled.remove();
    expect(await harness.exported(log, '--from', '0')).toMatchObject({ code: 0 });
    expect(harness.written()).toEqual(range(0, SIZE));
  });
});
