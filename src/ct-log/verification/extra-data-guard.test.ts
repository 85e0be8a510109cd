import { describe, expect, it } from 'vitest';
import { FAKE_SOURCE } from '../../../test/support/fake-ct-log.js';
import { ENTRY_COLUMNS, type EntryBatch, EntryColumn, EntryProblem } from '../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../certificate/entry-batch-builder.js';
import { certificate } from '../../certificate/testing/der-builder.js';
import { ProblemLog } from '../../logging/problem-log.js';
import type { Clock } from '../../kernel/clock.js';
import { LogCounters } from '../reporting/log-counters.js';
import { LogReporter } from '../reporting/log-reporter.js';
import { LogStatus } from '../reporting/log-status.js';
import { ExtraDataCheck } from '../../certificate/precertificate/extra-data-check.js';
import { ExtraDataGuard } from './extra-data-guard.js';
import {
  ISSUED,
  pageBatch,
  precertEntry,
} from '../../certificate/precertificate/testing/precertificate-samples.js';

const HOUR = 3_600_000;
const RIGHT = precertEntry();
const WRONG = {
  precertificate: precertEntry({ precertificate: certificate(ISSUED) }),
  issuer: precertEntry({ chain: [certificate()] }),
};
type Wrong = Readonly<Record<number, keyof typeof WRONG>>;

/** Entries `from` to `to` (exclusive) of a log that serves some of them with wrong extra data. */
function batch(from: number, to: number, wrong: Wrong = {}): EntryBatch {
  const entries = Array.from({ length: to - from }, (_, i) => {
    const kind = wrong[from + i];
    return kind === undefined ? RIGHT : WRONG[kind];
  });
  return pageBatch(entries, from);
}

function guard(leavesOut = false) {
  const stats = new LogCounters();
  const lines: string[] = [];
  const write = (message: string): void => void lines.push(message);
  const time = { now: 0 };
  const clock = { now: () => time.now, wallTime: () => time.now } as Clock;
  const reporter = new LogReporter({
    log: { source: FAKE_SOURCE, configured: false },
    counters: stats,
    status: new LogStatus(),
    problems: new ProblemLog({ log: write, warn: write }, { now: () => 0 }),
    evidence: { keep: () => Promise.resolve(undefined) },
    clock,
  });
  const check = new ExtraDataCheck();
  const extraData = new ExtraDataGuard({ check, counters: stats, reporter, clock, leavesOut });
  /** Fetches `[from, to)` like the downloader, until all entries were taken. @returns the fetched ranges. */
  const follow = (from: number, to: number, answer: (fetch: number) => Wrong): number[][] => {
    const fetched: number[][] = [];
    for (let next = from; next < to;) {
      const whole = batch(from, to, answer(fetched.length));
      fetched.push([next, to]);
      next += extraData.admit(sliceEntryBatch(whole, next - from, to - from)).count;
    }
    return fetched;
  };
  return { extraData, stats, lines, time, follow };
}

describe(ExtraDataGuard.name, () => {
  it('returns right batches unchanged', () => {
    const { extraData, stats, lines } = guard(true);
    const all = batch(0, 10);
    expect(extraData.admit(all)).toBe(all);
    expect(extraData.inspect(all)).toBe(all);
    expect([stats.mismatchedPrecertificates, stats.mismatchedIssuers, lines]).toEqual([0, 0, []]);
  });

  it('requires wrong entries to be fetched once more, and reports nothing if that helps', () => {
    const { follow, stats, lines } = guard();
    const fetched = follow(100, 110, (fetch): Wrong =>
      fetch === 0 ? { 104: 'precertificate', 106: 'issuer' } : {},
    );
    expect(fetched).toEqual([
      [100, 110],
      [104, 110],
    ]);
    expect(stats.mismatchedPrecertificates + stats.mismatchedIssuers).toBe(0);
    expect(stats.errors).toEqual(new Map([['CT_PRECERT_MISMATCH', 1]]));
    expect(lines).toEqual([]);
    // The repeated fetch helped, so the next one happens at once.
    expect(follow(110, 120, (fetch): Wrong => (fetch === 0 ? { 110: 'issuer' } : {}))).toHaveLength(2);
  });

  it('accepts entries that stay wrong, and counts and reports them once', () => {
    const { follow, extraData, stats, lines } = guard();
    const wrong: Wrong = { 100: 'precertificate', 104: 'issuer', 109: 'precertificate' };
    expect(follow(100, 110, () => wrong)).toEqual([
      [100, 110],
      [100, 110],
    ]);
    const again = batch(100, 110, wrong);
    expect(extraData.admit(again)).toBe(again);
    expect(stats).toMatchObject({ mismatchedPrecertificates: 2, mismatchedIssuers: 1 });
    expect(lines).toEqual([
      expect.stringMatching(/precertificate of entry 100 does not match its leaf; it is streamed unchanged/),
      expect.stringMatching(/chain of entry 104 does not begin with the issuer of its leaf/),
    ]);
  });

  it('does not fetch all entries twice from a log that is always wrong', () => {
    const { follow, stats, time } = guard();
    let requests = 0;
    const wrong: Wrong = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [i, 'issuer']));
    for (let page = 0; page < 1000; page++, time.now += (2 * HOUR) / 1000)
      requests += follow(10 * page, 10 * page + 10, () => wrong).length;
    expect(requests).toBeLessThan(1010);
    expect(requests).toBeGreaterThan(1003);
    expect(stats.mismatchedIssuers).toBe(10_000);
  });

  it('leaves out exactly the mismatching parts with leavesOut', () => {
    const { extraData } = guard(true);
    const whole = batch(0, 3, { 0: 'precertificate', 1: 'issuer' });
    const before = Uint32Array.from(whole.table);
    expect(extraData.admit(whole).count).toBe(0);
    for (const taken of [extraData.admit(whole), extraData.inspect(whole)]) {
      expect(taken).toMatchObject({ count: 3, firstIndex: 0, bytes: whole.bytes });
      const changed = [...taken.table.entries()].filter(([i, value]) => value !== before[i]);
      const [first, second] = [0, ENTRY_COLUMNS];
      expect(changed).toEqual([
        [first + EntryColumn.SubmittedStart, 0],
        [first + EntryColumn.SubmittedEnd, 0],
        [first + EntryColumn.Problem, EntryProblem.MismatchedExtraData],
        [second + EntryColumn.ChainStart, 0],
        [second + EntryColumn.ChainEnd, 0],
        [second + EntryColumn.Problem, EntryProblem.MismatchedExtraData],
      ]);
    }
    expect(whole.table).toEqual(before);
  });

  it('keeps the present part of malformed extra data', () => {
    const { extraData } = guard(true);
    const whole = batch(0, 1, { 0: 'precertificate' });
    whole.table[EntryColumn.Problem] = EntryProblem.MalformedExtraData;
    expect(extraData.inspect(whole).table[EntryColumn.Problem]).toBe(EntryProblem.MalformedExtraData);
  });
});
