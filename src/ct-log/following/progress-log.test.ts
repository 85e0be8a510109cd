import { describe, expect, it } from 'vitest';
import { LogStatus } from '../reporting/log-status.js';
import { ProgressLog } from './progress-log.js';

function setUp() {
  const lines: string[] = [];
  const clock = { now: 0 };
  const progress = new ProgressLog(
    (message) => lines.push(message),
    () => clock.now,
  );
  const second = (entries: number): void => {
    progress.add(entries);
    clock.now += 1000;
    progress.tick([new LogStatus()]);
  };
  return { lines, second };
}

describe('ProgressLog', () => {
  it('writes a line per 1,000 entries, at most one a second', () => {
    const { lines, second } = setUp();
    second(999);
    expect(lines).toEqual([]);
    second(1);
    second(50_000);
    expect(lines).toEqual(['1000 entries from 1 log, 500/s', '51000 entries from 1 log, 50000/s']);
  });

  it('writes a line every 10 s for a few entries, and none without entries', () => {
    const { lines, second } = setUp();
    for (let i = 0; i < 30; i++) second(1);
    expect(lines).toHaveLength(3);
    for (let i = 0; i < 30; i++) second(0);
    expect(lines).toHaveLength(3);
  });
});
