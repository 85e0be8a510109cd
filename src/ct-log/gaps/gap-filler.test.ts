import { afterEach, describe, expect, it } from 'vitest';
import { FAKE_SOURCE, FakeCtLog, fakeEntries } from '../../../test/support/fake-ct-log.js';
import { logFigures } from '../../../test/support/log-figures.js';
import { PickyLog } from '../../../test/support/picky-log.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';
import { GapLedger } from '../state/gap-ledger.js';
import { FlightShare } from '../scheduling/flight-share.js';
import { logRequests, requestScheduler } from '../../../test/support/log-requests.js';
import { LogCounters } from '../reporting/log-counters.js';
import { LogReporter } from '../reporting/log-reporter.js';
import { LogStatus } from '../reporting/log-status.js';
import { EntryPublisher, type EntryPublisherOptions } from '../verification/entry-publisher.js';
import { GapFiller, type GapFillerOptions } from './gap-filler.js';
import { range } from '../../../test/support/range.js';

const MINUTE = 60_000;
const fillers: GapFiller[] = [];
afterEach(() => Promise.all(fillers.splice(0).map((filler) => filler.stop())));

type StartOptions = Partial<GapFillerOptions & Pick<EntryPublisherOptions, 'publish'>> & {
  clock?: VirtualClock;
};

function start(options: StartOptions = {}) {
  const { clock = new VirtualClock() } = options;
  const client = new FakeCtLog(clock, 256);
  const counters = new LogCounters();
  const status = new LogStatus();
  status.state = 'following';
  const gaps = new GapLedger();
  const published: number[] = [];
  const filled: number[] = [];
  const lines: string[] = [];
  const write = (message: string): void => void lines.push(message);
  const reporter = new LogReporter({
    log: { source: FAKE_SOURCE, configured: false },
    counters,
    status,
    problems: new ProblemLog({ log: write, warn: write }, { now: () => clock.time }),
    evidence: { keep: () => Promise.resolve(undefined) },
    clock,
  });
  const { publish = (batch: EntryBatch) => published.push(...batch.timestamps) } = options;
  const filler = new GapFiller({
    client,
    gaps,
    counters,
    status,
    reporter,
    publisher: new EntryPublisher({ counters, status, clock, publish }),
    clock,
    requests: logRequests({ clock }),
    retryMs: MINUTE,
    verification: 'off',
    extraData: { inspect: (batch) => batch },
    head: () => ({ treeSize: 10_000, timestamp: 0, rootHash: Buffer.alloc(32), signed: Buffer.alloc(0) }),
    onFilled: (entries) => filled.push(entries),
    ...options,
  });
  fillers.push(filler);
  filler.start();
  return { clock, client, stats: logFigures(counters, status), gaps, published, filled, lines };
}

describe(GapFiller.name, () => {
  it('streams late entries, a page at a time, and removes them from the ledger', async () => {
    const { clock, client, gaps, published, stats, filled } = start();
    gaps.add({ from: 100, to: 600, reason: 'x' });
    await clock.runUntil(3 * MINUTE);
    expect(client.requests).toEqual([
      [100, 256],
      [256, 512],
      [512, 600],
    ]);
    expect(published).toEqual(range(100, 600));
    expect(gaps.all()).toEqual([]);
    expect(stats).toMatchObject({ entries: 500, lateEntries: 500, unverifiedEntries: 0 });
    expect(filled).toEqual([500]);
  });

  it('removes each piece from the ledger in the turn in which it is streamed', async () => {
    const left: number[] = [];
    const publisher = {
      async *pieces(batch: EntryBatch) {
        for (const from of [0, 100, 200]) {
          await Promise.resolve();
          yield sliceEntryBatch(batch, from, Math.min(batch.count, from + 100));
        }
      },
      publish: () => queueMicrotask(() => left.push(gaps.missing(false))),
    } as unknown as EntryPublisher;
    const { clock, gaps } = start({ publisher });
    gaps.add({ from: 0, to: 256, reason: 'x' });
    await clock.runUntil(3 * MINUTE);
    expect(left).toEqual([156, 56, 0]);
  });

  it('charges the received bytes to the budget of all logs, until they are published', async () => {
    const requests = logRequests();
    const seen: number[] = [];
    const { clock, client, gaps } = start({ requests, publish: () => seen.push(requests.used.bytes) });
    client.answer = (from, to) => ({ ...fakeEntries(from, to - from), bytes: Buffer.alloc(5_000_000) });
    gaps.add({ from: 0, to: 32, reason: 'x' });
    await clock.runUntil(3 * MINUTE);
    expect(seen).toEqual([5_000_000]);
    expect(requests.used.bytes).toBe(0);
  });

  it.each([
    ['off', 0, 'off'],
    ['warn', 300, 'unverified'],
  ] as const)(
    'compares late entries with their extra data, with verification %s',
    async (verification, asked, published) => {
      let inspected = 0;
      const inspect = (batch: EntryBatch): EntryBatch => {
        inspected += batch.count;
        return batch;
      };
      const results: string[] = [];
      const publish = (batch: EntryBatch): void =>
        void results.push(...Array.from(batch.timestamps, () => batch.verification));
      const { clock, gaps } = start({ verification, extraData: { inspect }, publish });
      gaps.add({ from: 0, to: 300, reason: 'x' });
      await clock.runUntil(3 * MINUTE);
      expect(results).toEqual(range(0, 300).map(() => published));
      expect(inspected).toBe(asked);
    },
  );

  it('does not count an answer without room as a failed try', async () => {
    const clock = new VirtualClock();
    const MIB = 2 ** 20;
    const scheduler = requestScheduler(clock, { capacity: { entries: 10_000, bytes: 4 * MIB } });
    const other = new FlightShare(scheduler.budget, 'other').take({ entries: 1, bytes: MIB }, 'live');
    other.resize(MIB);
    const { client, gaps, published } = start({ clock, requests: logRequests({ clock, scheduler }) });
    client.answer = (from, to) => ({ ...fakeEntries(from, to - from), bytes: Buffer.alloc(2.5 * MIB) });
    gaps.add({ from: 0, to: 512, reason: 'x' });
    await clock.runUntil(5 * MINUTE);
    expect(client.requests.length).toBeGreaterThan(1);
    expect(new Set(client.requests.map(([from]) => from))).toEqual(new Set([0]));
    expect(gaps.all()).toMatchObject([{ from: 0, to: 512, reason: 'x', tries: 0 }]);
    other.release();
    await clock.runUntil(8 * MINUTE);
    expect(published).toEqual(range(0, 512));
  });

  it('retries with growing pauses while the log does not serve the entries', async () => {
    const { clock, client, gaps, published, stats } = start();
    const refused = new CtHttpStatusError('https://log.example.net', 500);
    client.failEntries = (time) => (time < 60 * MINUTE ? refused : undefined);
    gaps.add({ from: 0, to: 10, reason: 'x' });
    await clock.runUntil(60 * MINUTE);
    expect(client.requests.length).toBeGreaterThan(3);
    expect(client.requests.length).toBeLessThan(8);
    expect(gaps.all()).toMatchObject([
      { from: 0, to: 10, tries: client.requests.length, reason: refused.message },
    ]);
    expect(stats.errors).toEqual(new Map([['CT_HTTP_STATUS', client.requests.length]]));
    await clock.runUntil(180 * MINUTE);
    expect(published).toEqual(range(0, 10));
  });

  it('skips a page that fails and requests it again later', async () => {
    const { clock, client, gaps, published } = start();
    const { answer } = client;
    let isBad = true;
    client.answer = (from, to) => {
      if (isBad && from < 512 && to > 300) throw new CtHttpStatusError('https://log.example.net', 404);
      return answer(from, to);
    };
    gaps.add({ from: 0, to: 1000, reason: 'x' });
    await clock.runUntil(1.9 * MINUTE);
    expect(published).toEqual([...range(0, 256), ...range(512, 1000)]);
    expect(gaps.all()).toMatchObject([{ from: 256, to: 512, tries: 1 }]);
    isBad = false;
    await clock.runUntil(10 * MINUTE);
    expect(published.slice(-256)).toEqual(range(256, 512));
  });

  it('ends a try after three failed pages of a gap, and at once when the log refuses the rate', async () => {
    for (const [status, requests] of [
      [500, 3],
      [429, 1],
    ]) {
      const { clock, client, gaps } = start();
      client.failEntries = () => new CtHttpStatusError('https://log.example.net', status);
      gaps.add({ from: 0, to: 5000, reason: 'x' });
      await clock.runUntil(1.9 * MINUTE);
      expect(client.requests).toHaveLength(requests);
    }
  });

  it('fills a gap except for the entry that is served in no size', async () => {
    for (const bad of [100, 300, 511]) {
      const clock = new VirtualClock();
      const client = new PickyLog(clock);
      const { gaps, published } = start({ client, clock });
      client.refuses = (from, to) =>
        from <= bad && bad < to ? new CtHttpStatusError('https://log.example.net', 500) : undefined;
      gaps.add({ from: 100, to: 512, reason: 'x' });
      await clock.runUntil(3 * MINUTE);
      expect(published).toEqual(range(100, 512).filter((index) => index !== bad));
      expect(gaps.all()).toMatchObject([{ from: bad, to: bad + 1 }]);
    }
  });

  it('passes a run of entries that are served in no size, some with each try', async () => {
    const clock = new VirtualClock();
    const client = new PickyLog(clock);
    const { gaps, published } = start({ client, clock });
    client.refuses = (from) =>
      from < 20 ? new CtHttpStatusError('https://log.example.net', 500) : undefined;
    gaps.add({ from: 0, to: 100, reason: 'x' });
    await clock.runUntil(60 * MINUTE);
    expect(published).toEqual(range(20, 100));
    expect(gaps.all()).toMatchObject([{ from: 0, to: 20 }]);
  });

  it('does not request skipped gaps, entries that no head covers, and entries of a failing log', async () => {
    const { clock, client, gaps, stats } = start();
    gaps.add({ from: 0, to: 10, reason: 'x', skipped: true });
    gaps.add({ from: 10_000, to: 10_010, reason: 'x' });
    await clock.runUntil(20 * MINUTE);
    stats.state = 'failing';
    gaps.add({ from: 20, to: 30, reason: 'x' });
    await clock.runUntil(40 * MINUTE);
    expect(client.requests).toEqual([]);
    expect(gaps.all()).toHaveLength(3);
  });

  it('streams unproven entries, except with enforce', async () => {
    const results = new Set<string>();
    const warn = start({
      verification: 'warn',
      publish: ({ verification }) => void results.add(verification),
    });
    const enforce = start({ verification: 'enforce' });
    for (const { gaps, clock } of [warn, enforce]) {
      gaps.add({ from: 0, to: 10, reason: 'x' });
      await clock.runUntil(2 * MINUTE);
    }
    expect([...results]).toEqual(['unverified']);
    expect(warn.stats).toMatchObject({ lateEntries: 10, unverifiedEntries: 10 });
    expect(enforce.published).toEqual([]);
    expect(enforce.gaps.all()).toMatchObject([{ tries: 1, reason: 'this log has no tree' }]);
  });

  it('does not count a stop in the middle of a gap as a failure', async () => {
    const { clock, client, gaps } = start();
    client.latency = () => 10 * MINUTE;
    gaps.add({ from: 0, to: 10, reason: 'x' });
    await clock.runUntil(1.9 * MINUTE);
    expect(client.requests).toHaveLength(1);
    await fillers.at(-1)!.stop();
    expect(gaps.all()).toMatchObject([{ from: 0, to: 10, tries: 0 }]);
  });
});
