import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { ProblemLog } from './problem-log.js';

function problemLog(capacity?: number) {
  const lines: string[] = [];
  const clock = { now: 1_000_000 };
  const write = (level: string) => (message: string, fields: object) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = { at: clock.now + ms, callback };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  const sut = new ProblemLog(
    { log: write('log'), warn: write('warn') },
    { now: () => clock.now, after, ...(capacity === undefined ? {} : { capacity }) },
  );
  /** Advances the clock to the end of a quiet minute. */
  const quietMinute = (): void => {
    clock.now += 60_000;
    for (const timer of timers) {
      if (timer.at > clock.now) continue;
      timers.delete(timer);
      timer.callback();
    }
  };
  return { sut, lines, clock, quietMinute };
}

describe('ProblemLog', () => {
  it('logs the first report, then one line a minute with the count', () => {
    const { sut, lines, clock } = problemLog();
    for (let second = 0; second <= 150; second++) {
      sut.report('a', 'log does not answer', { log: 'a' });
      clock.now += 1000;
    }
    expect(lines).toEqual([
      'warn log does not answer {"log":"a"}',
      'warn log does not answer (again, 60 times) {"log":"a","count":61,"for":"1m0s"}',
      'warn log does not answer (again, 60 times) {"log":"a","count":121,"for":"2m0s"}',
    ]);
  });

  it('logs once that a problem is resolved, with count and duration, and then starts again', () => {
    const { sut, lines, clock, quietMinute } = problemLog();
    sut.report('a', 'too slow');
    sut.report('a', 'too slow');
    clock.now += 125_000;
    sut.resolved('a');
    sut.resolved('a');
    expect(lines).toHaveLength(1);
    quietMinute();
    sut.resolved('a');
    quietMinute();
    sut.report('a', 'too slow');
    expect(lines).toEqual([
      'warn too slow {}',
      'log resolved: too slow {"count":2,"after":"2m5s"}',
      'warn too slow {}',
    ]);
  });

  it('logs a problem that comes and goes once, then once a minute, and that it is resolved after a quiet minute', () => {
    const { sut, lines, clock, quietMinute } = problemLog();
    for (let half = 0; half <= 300; half++) {
      sut.report('a', 'refused');
      sut.resolved('a');
      clock.now += 500;
    }
    quietMinute();
    quietMinute();
    expect(lines).toEqual([
      'warn refused {}',
      'warn refused (again, 120 times) {"count":121,"for":"1m0s"}',
      'warn refused (again, 120 times) {"count":241,"for":"2m0s"}',
      'log resolved: refused {"count":301,"after":"2m30s"}',
    ]);
  });

  it('distinguishes problems by key and logs nothing about unknown ones', () => {
    const { sut, lines } = problemLog();
    sut.report('a', 'A');
    sut.report('b', 'B');
    sut.resolved('c');
    expect(lines).toEqual(['warn A {}', 'warn B {}']);
  });

  it('replaces a problem that is no longer reported by a new one', () => {
    const { sut, lines, clock, quietMinute } = problemLog(2);
    sut.report('a', 'A');
    sut.report('b', 'B');
    clock.now += 60_000;
    sut.report('a', 'A');
    sut.report('c', 'C');
    sut.resolved('b');
    sut.resolved('a');
    quietMinute();
    expect(lines).toEqual([
      'warn A {}',
      'warn B {}',
      'warn A (again, once) {"count":2,"for":"1m0s"}',
      'warn C {}',
      'log resolved: A {"count":2,"after":"1m0s"}',
    ]);
  });

  it('sums up the problems beyond its capacity, however often they recur', () => {
    const { sut, lines, clock } = problemLog(2);
    for (let second = 0; second <= 60; second++) {
      for (const key of ['a', 'b', 'c', 'd']) sut.report(key, key.toUpperCase());
      clock.now += 1000;
    }
    expect(lines.slice(0, 3)).toEqual([
      'warn A {}',
      'warn B {}',
      'warn too many different problems to log each one {"last":"C"}',
    ]);
    expect(lines.slice(3).map((line) => line.replace(/ [{].*/, ''))).toEqual([
      'warn A (again, 60 times)',
      'warn B (again, 60 times)',
      'warn too many different problems to log each one (again, 120 times)',
    ]);
  });

  it('logs nothing about a forgotten problem', () => {
    const lines: string[] = [];
    const write = (message: string) => void lines.push(message);
    const problems = new ProblemLog({ log: write, warn: write });
    problems.report('key', 'message');
    problems.forget('key');
    problems.resolved('key');
    expect(lines).toEqual(['message']);
  });

  it('keeps logging when the wall clock is set back', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000 });
    onTestFinished(() => void vi.useRealTimers());
    const lines: string[] = [];
    const write = (message: string) => void lines.push(message);
    const problems = new ProblemLog({ log: write, warn: write }, { interval: 0 });
    problems.report('key', 'message');
    vi.setSystemTime(0);
    problems.report('key', 'message');
    expect(lines).toHaveLength(2);
  });
});
