import { basename } from 'node:path';
import type { Clock } from '../../kernel/clock.js';
import type { CtLog } from '../client/ct-log.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import type { LogProblems } from '../reporting/log-problems.js';
import type { LogStats } from '../reporting/log-stats.js';
import { equivocationOf, type Finding, type FindingKind, rollbackOf } from './evidence.js';
import type { EvidenceFolder } from './evidence-folder.js';

const CODES: Record<FindingKind, string> = {
  root_mismatch: 'CT_TREE_MISMATCH',
  inconsistent_heads: 'CT_TREE_FORK',
  equivocation: 'CT_TREE_FORK',
  rollback: 'CT_TREE_FORK',
};
const MAX_TOLD = 1000;

export interface FindingsOptions {
  readonly log: CtLog;
  readonly stats: LogStats;
  readonly problems: LogProblems;
  readonly evidence: Pick<EvidenceFolder, 'keep'>;
  readonly clock: Pick<Clock, 'wallTime'>;
}

/**
 * Tells of contradictions within what one log signed and served: a counter, a log line, an evidence file. Where entries
 * are verified the worst of them make the log `broken`.
 */
export class Findings {
  /** What was told of and does not become worse by coming again; bounded by {@link MAX_TOLD}. */
  private readonly told = new Set<string>();
  private isShrunken = false;

  constructor(private readonly options: FindingsOptions) {}

  tell(finding: Finding): void {
    const key = repeatKey(finding);
    if (key !== undefined && this.isKnown(key)) return;
    const { stats, problems } = this.options;
    stats.verificationFailures++;
    problems.note(CODES[finding.kind], finding.message);
    void this.keepEvidence(finding);
  }

  /** A contradiction that does not go away by itself: nothing is `verified` until a later proof. */
  broken(finding: Finding): void {
    const { stats, clock } = this.options;
    if (stats.verification !== 'off') {
      if (stats.verification !== 'broken') stats.brokenSince = clock.wallTime();
      stats.verification = 'broken';
      stats.brokenReason = finding.message;
    }
    this.tell(finding);
  }

  /** Two signed roots for one size, each pair once. */
  equivocation(one: SignedTreeHead, other: SignedTreeHead): void {
    this.tell(equivocationOf(one, other));
  }

  /** A smaller tree that was signed later than `known`; told once for each `known`. */
  rollback(known: SignedTreeHead, smaller: SignedTreeHead): void {
    this.isShrunken = true;
    this.broken(rollbackOf(known, smaller));
  }

  /** The log stands by its largest tree again: it signed that, or a larger one, later than the smaller one. */
  recovered(): void {
    this.isShrunken = false;
  }

  /** Whether the last thing the log signed is a tree smaller than one before: no proof of that one makes it `verified`. */
  get hasShrunken(): boolean {
    return this.isShrunken;
  }

  private async keepEvidence(finding: Finding): Promise<void> {
    const { log, stats, evidence } = this.options;
    const path = await evidence.keep(log, finding);
    if (path !== undefined) stats.evidenceFiles.push(basename(path));
  }

  private isKnown(key: string): boolean {
    if (this.told.has(key) || this.told.size >= MAX_TOLD) return true;
    this.told.add(key);
    return false;
  }
}

function repeatKey({ kind, heads }: Finding): string | undefined {
  const trees = heads.map(({ treeSize, rootHash }) => `${treeSize} ${rootHash.toString('hex')}`);
  if (kind === 'equivocation') return trees.sort().join(' ');
  return kind === 'rollback' ? `rollback ${trees[0]}` : undefined;
}
