import { describe, expect, it } from 'vitest';
import { FAKE_SOURCE } from '../../../test/support/fake-ct-log.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { LogProblems } from '../reporting/log-problems.js';
import { LogStats } from '../reporting/log-stats.js';
import { Findings } from './findings.js';
import { VerificationReports } from './verification-reports.js';

const log = { source: FAKE_SOURCE, configured: false };

function setUp(path?: string) {
  const stats = new LogStats();
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const problems = new LogProblems(log, stats, new ProblemLog({ log: write, warn: write }));
  const kept = Promise.resolve(path);
  const evidence = { keep: () => kept };
  const findings = new Findings({ log, stats, problems, evidence, clock: { wallTime: () => 7 } });
  return { stats, lines, problems, findings, kept };
}

const head = (treeSize: number) => ({
  treeSize,
  timestamp: treeSize,
  rootHash: Buffer.alloc(32),
  signed: Buffer.from('signed'),
});

describe('Findings', () => {
  it('makes a log broken that signed a smaller tree, until it signs the largest one again and that is proven', () => {
    const { stats, problems, findings } = setUp();
    const reports = new VerificationReports({ stats, problems, findings });
    reports.proven(100);
    findings.rollback(head(100), head(90));
    findings.rollback(head(100), head(91));
    reports.proven(100);
    expect(stats).toMatchObject({
      verification: 'broken',
      brokenSince: 7,
      brokenReason: 'the log signed a tree of 91 entries after one of 100',
      verifiedIndex: 100,
      verificationFailures: 1,
    });
    findings.recovered();
    expect(stats.verification).toBe('broken');
    reports.proven(101);
    expect(stats).toMatchObject({ verification: 'verified', brokenSince: 0, brokenReason: '' });
  });

  it('claims nothing where nobody verifies', () => {
    const { stats, findings } = setUp();
    findings.rollback(head(100), head(90));
    expect(stats).toMatchObject({ verification: 'off', brokenReason: '', verificationFailures: 1 });
  });

  it.each([
    ['/evidence/a.json', ['a.json']],
    [undefined, []],
  ])('names evidence only when it is written: %j', async (path, files) => {
    const { stats, lines, findings, kept } = setUp(path);
    findings.equivocation(head(5), head(5));
    expect(stats.evidenceFiles).toEqual([]);
    await kept;
    expect(stats.evidenceFiles).toEqual(files);
    expect(lines).toEqual([expect.stringContaining('two different trees of 5 entries')]);
  });
});
