import { describe, expect, it } from 'vitest';
import type { Gap } from '../state/gap-ledger.js';
import { RetrySchedule } from './retry-schedule.js';

const HOUR = 3_600_000;
const gap = (from: number, tries = 0, skipped = false): Gap => ({
  from,
  to: from + 10,
  missing: 10,
  since: 0,
  reason: 'x',
  tries,
  skipped,
});

describe(RetrySchedule.name, () => {
  it('requests a gap after the first pause, and looks for new gaps as often', () => {
    const schedule = new RetrySchedule(1000, () => 1);
    expect(schedule.plan([], 0)).toEqual({ ready: [], pauseMs: 1000 });
    expect(schedule.plan([gap(5)], 100)).toEqual({ ready: [], pauseMs: 1000 });
    expect(schedule.plan([gap(5), gap(50)], 600)).toEqual({ ready: [], pauseMs: 500 });
    expect(schedule.plan([gap(5), gap(50)], 1100)).toMatchObject({ ready: [{ from: 5 }] });
  });

  it('doubles the pause with each try, up to six hours', () => {
    const pauses = [1, 2, 3, 12, 40].map((tries) => {
      const schedule = new RetrySchedule(60_000, () => 1);
      schedule.tried(gap(5, tries), 0);
      for (let now = 0; ; now += 60_000) if (schedule.plan([gap(5, tries)], now).ready.length > 0) return now;
    });
    expect(pauses).toEqual([120_000, 240_000, 480_000, 6 * HOUR, 6 * HOUR]);
  });

  it('does not request a gap that the configuration skips', () => {
    const schedule = new RetrySchedule(1000, () => 1);
    for (const now of [0, 10_000]) expect(schedule.plan([gap(5, 0, true)], now).ready).toEqual([]);
  });
});
