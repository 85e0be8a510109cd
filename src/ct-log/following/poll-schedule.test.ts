import { describe, expect, it } from 'vitest';
import { PollSchedule } from './poll-schedule.js';

const MAX_PAUSE = 5000;
const PAGE = 256;

/** Polls as scheduled while the tree grows by `perSecond`. @returns the pauses, milliseconds. */
function pauses(
  schedule: PollSchedule,
  perSecond: number,
  polls: number,
  start = { now: 0, size: 1000 },
): number[] {
  const found: number[] = [];
  let { now } = start;
  for (let i = 0; i < polls; i++) {
    const size = Math.floor(start.size + ((now - start.now) / 1000) * perSecond);
    schedule.observe(size, now);
    const pause = schedule.pause(PAGE - (size % PAGE));
    found.push(pause);
    now += pause;
  }
  return found;
}

describe('PollSchedule', () => {
  it('polls a busy log when its next page is full, at most once a second', () => {
    const steady = pauses(new PollSchedule(MAX_PAUSE), 10_000, 20).slice(10);
    expect(steady.every((pause) => pause === 1000)).toBe(true);
    for (const pause of pauses(new PollSchedule(MAX_PAUSE), 150, 40).slice(20)) {
      expect(pause).toBeGreaterThanOrEqual(1000);
      expect(pause).toBeLessThanOrEqual(2000);
    }
  });

  it('pauses longer for a log that grows slowly and steadily than for a log that grows now and then', () => {
    expect(pauses(new PollSchedule(MAX_PAUSE), 5, 10).slice(5)).toEqual(Array(5).fill(2750));
    expect(pauses(new PollSchedule(MAX_PAUSE), 0.2, 20)).toContain(2000);
  });

  it('polls a quiet log less and less often, and even less after a minute', () => {
    const quiet = pauses(new PollSchedule(MAX_PAUSE), 0, 40);
    expect(quiet.slice(0, 3)).toEqual([3000, 4500, 5000]);
    expect(quiet[5]).toBe(MAX_PAUSE);
    expect(quiet.at(-1)).toBe(1.8 * MAX_PAUSE);
  });

  it('never exceeds the maximum pause', () => {
    expect(Math.max(...pauses(new PollSchedule(500), 5, 20))).toBe(500);
  });
});
