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
  it('takes what other members left out and streamed late, also what it knows already', () => {
    const { record: log } = record(saved);
    log.gaps.add({ from: 1, to: 3, reason: 'unavailable here' });
    log.catchUp([
      { kind: 'unavailable', from: 1, to: 3 },
      { kind: 'unavailable', from: 10, to: 20 },
      { kind: 'late', from: 12, to: 14 },
      { kind: 'late', from: 1, to: 2 },
      { kind: 'unavailable', from: 30, to: 31 },
      { kind: 'late', from: 30, to: 31 },
    ]);
    expect(log.gaps.all().map(({ from, to, missing }) => [from, to, missing])).toEqual([
      [2, 3, 1],
      [10, 12, 2],
      [14, 20, 6],
    ]);
    expect(log.gaps.all()[0].reason).toBe('unavailable here');
  });

  it('saves the loaded state until it changes', () => {
    expect(record(saved).record.saved).toEqual(saved);
  });

  it('has the age of its position: new entries, and heads without new entries, reset it', () => {
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

  it('is confirmed at most once a minute, and not without position', () => {
    const { record: log, clock } = record(saved, 1000);
    const answers = [59_999, 60_001, 60_002, 130_000].map((time) => {
      clock.time = 1000 + time;
      return log.confirm();
    });
    expect(answers).toEqual([false, true, false, true]);
    expect(record(undefined).record.confirm()).toBe(false);
  });

  it('saves a position that is not resumed until there is a new one, and then records the gap', () => {
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

  it('records no gap if the log did not grow since the position that is not resumed', () => {
    const { record: log } = record(saved);
    log.leave('start');
    log.update({ next: 4 });
    expect(log.saved.gaps).toEqual([]);
  });

  it('forgets the gaps after the end of a stream that has lost its newest entries: they are streamed again', () => {
    const { record: log } = record({ ...saved, next: 70 });
    for (const [from, to] of [
      [20, 22],
      [58, 61],
      [62, 65],
    ])
      log.gaps.add({ from, to, reason: 'x' });
    log.continueAt(60);
    expect(log.state).toMatchObject({ next: 60, verified: { size: 4 } });
    expect(log.gaps.all()).toMatchObject([
      { from: 20, to: 22, missing: 2 },
      { from: 58, to: 60, missing: 2 },
    ]);
  });
});
