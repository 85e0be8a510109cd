import { describe, expect, it } from 'vitest';
import { LogStatus } from './log-status.js';
import { catchUpSeconds, verdictOf } from './log-verdict.js';

const NOW = Date.UTC(2026, 10, 30, 14, 2, 30);
const MINUTE = 60_000;
const FACTS = { now: NOW, missing: 0, isReadOnly: false };

/** The status of a log that keeps up, with changes. */
function statusWith(change: Partial<LogStatus> = {}): LogStatus {
  const usual = { state: 'following', treeSize: 1_000_000, nextIndex: 1_000_000, usualLag: 2048 } as const;
  return Object.assign(new LogStatus(), usual, change);
}

const backlog = (change: Partial<LogStatus> = {}) => statusWith({ nextIndex: 1_000_000 - 36_000, ...change });
const failing = (failureCode: string, minutes: number) =>
  statusWith({ state: 'failing', failureCode, failingSince: NOW - minutes * MINUTE });

describe('the verdict of a log', () => {
  it.each<[string, LogStatus, Partial<typeof FACTS>, string]>([
    ['good keeping_up', statusWith(), {}, 'keeping up'],
    ['good keeping_up', statusWith({ nextIndex: 1_000_000 - 2048 }), {}, 'keeping up'],
    ['good read_only', statusWith(), { isReadOnly: true }, 'complete: the log is read-only'],
    ['busy waiting_for_head', new LogStatus(), {}, 'waiting for the first head'],
    ['busy stopped', statusWith({ state: 'stopped' }), {}, 'no longer followed'],
    ['busy catching_up', backlog(), {}, 'catching up'],
    [
      'busy catching_up',
      backlog({ growthRate: 50, deliveryRate: 100 }),
      { isReadOnly: true },
      'catching up, done in about 12 minutes',
    ],
    ['busy catching_up', backlog({ growthRate: 50, deliveryRate: 50 }), {}, 'catching up'],
    [
      'busy rate_limited',
      backlog({ growthRate: 0, deliveryRate: 9, rateLimitedAt: NOW - MINUTE }),
      {},
      'rate limited by the log, done in about 67 minutes',
    ],
    ['busy catching_up', backlog({ rateLimitedAt: NOW - 6 * MINUTE }), {}, 'catching up'],
    ['busy catching_up', backlog({ rateLimitedAt: NOW + MINUTE }), {}, 'catching up'],
    ['good keeping_up', statusWith({ rateLimitedAt: NOW - 1 }), {}, 'keeping up'],
    ['busy rate_limited', failing('CT_RATE_LIMITED', 0.5), {}, 'rate limited by the log since 14:02 UTC'],
    ['bad rate_limited', failing('CT_RATE_LIMITED', 2), {}, 'rate limited by the log since 14:00 UTC'],
    ['busy failing', failing('CT_TIMEOUT', 0.5), {}, 'the log does not answer since 14:02 UTC'],
    ['bad failing', failing('CT_NETWORK', 25 * 60), {}, 'the log does not answer since 2026-11-29 13:02 UTC'],
    ['bad failing', failing('CT_HTTP_STATUS', 2), {}, 'the log fails since 14:00 UTC (CT_HTTP_STATUS)'],
    [
      'bad position_ahead',
      failing('CT_POSITION_AHEAD', 2),
      {},
      'the saved position is beyond the tree of the log',
    ],
    [
      'bad falling_behind',
      backlog({ fallingBehind: true, growthRate: 120.4, deliveryRate: 8.06 }),
      {},
      'falling behind: it grows by 120 entries/s and 8.1/s arrive',
    ],
    [
      'bad falling_behind',
      backlog({ fallingBehind: true, growthRate: 120, deliveryRate: 80, rateLimitedAt: NOW - 1 }),
      {},
      'falling behind, rate limited by the log: it grows by 120 entries/s and 80/s arrive',
    ],
    [
      'bad stale_head',
      statusWith({ hasStaleHead: true, treeHeadTimestamp: Date.UTC(2026, 10, 28, 9, 5) }),
      {},
      'stale head: the log has signed none since 2026-11-28 09:05 UTC',
    ],
    [
      'bad stale_head',
      statusWith({ hasStaleHead: true, treeHeadTimestamp: -1e300 }),
      {},
      'stale head: the log has signed none since an unknown time',
    ],
    ['busy missing_entries', statusWith(), { missing: 1 }, 'keeping up, but 1 entry is missing'],
    ['busy missing_entries', statusWith(), { missing: 12 }, 'keeping up, but 12 entries are missing'],
    ['busy unverified', statusWith({ verification: 'starting' }), {}, 'keeping up, not verified yet'],
    [
      'bad broken',
      statusWith({
        verification: 'broken',
        brokenCode: 'CT_TREE_FORK',
        brokenReason: 'the log signed two different trees of 5 entries',
        state: 'failing',
      }),
      {},
      'forked: the log signed two different trees of 5 entries',
    ],
    [
      'bad broken',
      statusWith({
        verification: 'broken',
        brokenCode: 'CT_TREE_MISMATCH',
        brokenReason: 'the served entries up to 7 differ',
      }),
      {},
      'broken: the served entries up to 7 differ',
    ],
  ])('is %s', (levelAndCode, status, facts, text) => {
    const verdict = verdictOf(status, { ...FACTS, ...facts });
    expect([`${verdict.level} ${verdict.code}`, verdict.text]).toEqual([levelAndCode, text]);
  });

  it.each([
    [3600, 'less than a minute'],
    [60, 'about 10 minutes'],
    [6, 'about 2 hours'],
    [0.1, 'about 4 days'],
  ])('says how long it takes to catch up at %d entries/s: %s', (deliveryRate, text) => {
    const verdict = verdictOf(backlog({ growthRate: 0, deliveryRate }), FACTS);
    expect(verdict.text).toBe(`catching up, done in ${text}`);
  });
});

describe('the time to catch up', () => {
  it('is known for a backlog that becomes smaller', () => {
    expect(catchUpSeconds(backlog({ growthRate: 10, deliveryRate: 40 }))).toBe(1200);
    expect(catchUpSeconds(backlog({ growthRate: 40, deliveryRate: 40 }))).toBeUndefined();
    expect(catchUpSeconds(backlog({ deliveryRate: 40 }))).toBeUndefined();
    expect(catchUpSeconds(statusWith({ growthRate: 10, deliveryRate: 40 }))).toBeUndefined();
    const failed = backlog({ state: 'failing', growthRate: 10, deliveryRate: 40 });
    expect(catchUpSeconds(failed)).toBeUndefined();
  });
});
