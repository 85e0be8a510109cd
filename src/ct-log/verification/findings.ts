import { basename } from 'node:path';
import type { CtLog } from '../ct-log.js';
import type { SignedTreeHead } from '../ct-log-client.js';
import type { LogProblems } from '../tailing/log-problems.js';
import type { LogStats } from '../tailing/log-stats.js';
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
}

/** Tells of contradictions within what one log signed and served: a counter, a log line, an evidence file. */
export class Findings {
  /** What was told of and does not become worse by coming again; bounded by {@link MAX_TOLD}. */
  private readonly told = new Set<string>();

  constructor(private readonly options: FindingsOptions) {}

  tell(finding: Finding): void {
    const key = repeatKey(finding);
    if (key !== undefined && this.isKnown(key)) return;
    const { log, stats, problems, evidence } = this.options;
    const path = evidence.keep(log, finding);
    if (path !== undefined) stats.evidenceFiles.push(basename(path));
    stats.verificationFailures++;
    problems.note(CODES[finding.kind], finding.message + (path === undefined ? '' : `; evidence in ${path}`));
  }

  /** Two signed roots for one size, each pair once. */
  equivocation(one: SignedTreeHead, other: SignedTreeHead): void {
    this.tell(equivocationOf(one, other));
  }

  /** A smaller tree that was signed later than `known`; once for each `known`. */
  rollback(known: SignedTreeHead, smaller: SignedTreeHead): void {
    this.tell(rollbackOf(known, smaller));
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
