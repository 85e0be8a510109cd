import { describe, expect, it } from 'vitest';
import { StateRecord } from './state-record.js';
import type { SavedLog } from './state-file.js';

const hash = Buffer.alloc(32, 7);
const head = (treeSize: number) => ({ treeSize, timestamp: 1, rootHash: hash, signed: Buffer.alloc(0) });
const saved: SavedLog = {
  next: 4,
  asOf: 1000,
  verified: { size: 4, hashes: [hash] },
  head: head(9),
  gaps: [],
};

function record(from: SavedLog | undefined, start = 5000) {
  const clock = { time: start };
  return {
    clock,
    record: new StateRecord(
      from,
      () => undefined,
      () => clock.time,
    ),
  };
}

describe(StateRecord.name, () => {
  it('writes what it read until something changes', () => {
    expect(record(saved).record.saved).toEqual(saved);
  });

  it('is as old as its position: new entries make it new, and heads that bring nothing', () => {
    const { record: log, clock } = record(saved);
    expect(log.age).toBe(4000);
    log.update({ head: head(10) });
    expect(log.age).toBe(4000);
    log.update({ next: 10 });
    expect(log.age).toBe(0);
    clock.time = 900_000;
    log.update({ head: head(10) });
    expect(log.age).toBe(0);
    clock.time = 0;
    expect(log.age).toBe(0);
  });

  it('is confirmed at most once a minute, and never without position', () => {
    const { record: log, clock } = record(saved, 1000);
    const answers = [59_999, 60_001, 60_002, 130_000].map((time) => {
      clock.time = 1000 + time;
      return log.confirm();
    });
    expect(answers).toEqual([false, true, false, true]);
    expect(record(undefined).record.confirm()).toBe(false);
  });

  it('that is left behind keeps its position on disk until there is a new one, then writes down the gap', () => {
    const { record: log } = record(saved);
    log.leave('start');
    expect(log.state).toEqual({ head: saved.head });
    log.update({ head: head(20) });
    expect(log.saved).toEqual({ ...saved, head: head(20) });
    log.update({ next: 20 });
    expect(log.saved).toEqual({
      next: 20,
      asOf: 5000,
      head: head(20),
      gaps: [{ from: 4, to: 20, missing: 16, since: 5000, reason: 'start', tries: 0, skipped: true }],
    });
  });

  it('that is left behind has no gap where the log did not grow', () => {
    const { record: log } = record(saved);
    log.leave('start');
    log.update({ next: 4 });
    expect(log.saved.gaps).toEqual([]);
  });
});
