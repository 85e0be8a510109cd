import { describe, expect, it } from 'vitest';
import { FAKE_SOURCE } from '../../../test/support/fake-ct-log.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { CtTimeoutError } from '../client/ct-log-error.js';
import { ContradictionError, CtTreeMismatchError, equivocation } from './contradiction.js';
import { LogCounters } from './log-counters.js';
import { LogReporter } from './log-reporter.js';
import { LogStatus } from './log-status.js';

const log = { source: FAKE_SOURCE, configured: false };

function setUp(path?: string) {
  const counters = new LogCounters();
  const status = new LogStatus();
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  // Logs at once that a problem is resolved.
  const after = (_ms: number, callback: () => void) => {
    callback();
    return () => undefined;
  };
  const problems = new ProblemLog({ log: write, warn: write }, { after });
  const kept = Promise.resolve(path);
  const evidence = { keep: () => kept };
  const clock = { wallTime: () => 7 };
  const reporter = new LogReporter({ log, counters, status, problems, evidence, clock });
  return { counters, status, lines, reporter, kept };
}

const head = (treeSize: number) => ({
  treeSize,
  timestamp: treeSize,
  rootHash: Buffer.alloc(32),
  signed: Buffer.from('signed'),
});

describe(LogReporter.name, () => {
  it('marks a log as broken after a smaller tree, until its largest tree is signed again and proven', () => {
    const { counters, status, reporter } = setUp();
    reporter.unproven();
    reporter.proven(100);
    reporter.treeShrank(head(100), head(90));
    reporter.treeShrank(head(100), head(91));
    reporter.proven(100);
    expect(status).toMatchObject({
      verification: 'broken',
      brokenSince: 7,
      brokenReason: 'the log signed a tree of 91 entries after one of 100',
      verifiedIndex: 100,
    });
    expect(counters.verificationFailures).toBe(1);
    reporter.treeGrew();
    expect(status.verification).toBe('broken');
    reporter.proven(101);
    expect(status).toMatchObject({ verification: 'verified', brokenSince: 0, brokenReason: '' });
  });

  it('does not say that a contradiction is resolved while the log is broken', () => {
    const { lines, reporter } = setUp();
    reporter.unproven();
    reporter.broken(new ContradictionError('inconsistent_heads', 'a fork', { heads: [] }));
    for (let i = 0; i < 3; i++) {
      reporter.report(new CtTreeMismatchError('entries are held'));
      reporter.report(new CtTimeoutError('u'));
      reporter.recovered();
    }
    expect(lines.filter((line) => line.startsWith('resolved'))).toEqual(
      Array(3).fill(expect.stringContaining('did not answer in time')),
    );
    reporter.proven(5);
    reporter.recovered();
    expect(lines.slice(-2)).toEqual([
      expect.stringMatching(/^resolved: .*entries are held/),
      expect.stringMatching(/^resolved: .*a fork/),
    ]);
  });

  it('does not change the verification state off', () => {
    const { counters, status, reporter } = setUp();
    reporter.treeShrank(head(100), head(90));
    expect(status).toMatchObject({ verification: 'off', brokenReason: '' });
    expect(counters.verificationFailures).toBe(1);
  });

  it.each([
    ['/evidence/a.json', ['a.json']],
    [undefined, []],
  ])('names only written evidence files: %j', async (path, files) => {
    const { status, lines, reporter, kept } = setUp(path);
    reporter.contradiction(equivocation(head(5), head(5)));
    expect(status.evidenceFiles).toEqual([]);
    await kept;
    expect(status.evidenceFiles).toEqual(files);
    expect(lines).toEqual([expect.stringContaining('two different trees of 5 entries')]);
  });
});
