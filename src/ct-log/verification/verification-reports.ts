import type { SignedTreeHead } from '../client/ct-log-client.js';
import type { TreeRoot } from '../client/merkle/merkle-proofs.js';
import type { LogProblems } from '../reporting/log-problems.js';
import type { LogStats } from '../reporting/log-stats.js';
import { equivocationOf, type Finding, rollbackOf } from './evidence.js';
import { relateHeads } from './tree-head-checks.js';
import type { Findings } from './findings.js';

const MISMATCH = 'CT_TREE_MISMATCH';
const NO_PROOF = 'CT_PROOF_UNAVAILABLE';

export interface VerificationReportsOptions {
  readonly stats: LogStats;
  readonly problems: LogProblems;
  readonly findings: Findings;
}

/** Tells what verification of one log found, and what state it is in since then. */
export class VerificationReports {
  constructor(private readonly options: VerificationReportsOptions) {
    options.stats.verification = 'starting';
  }

  /** Everything before `size` is proven. */
  proven(size: number): void {
    const { stats, problems } = this.options;
    stats.verifiedIndex = size;
    if (stats.verification === 'verified' || this.options.findings.hasShrunken) return;
    stats.verification = 'verified';
    stats.brokenSince = 0;
    stats.brokenReason = '';
    for (const code of [MISMATCH, NO_PROOF]) problems.settled(code);
  }

  /** A contradiction that did not go away: what is streamed is not proven until {@link proven}. */
  broken(finding: Finding): void {
    this.options.findings.broken(finding);
  }

  /** The proven place was left behind, for a gap. */
  restarted(): void {
    const { stats } = this.options;
    if (stats.verification !== 'broken') stats.verification = 'starting';
  }

  /** Two signed roots for one size. */
  equivocation(one: SignedTreeHead, other: SignedTreeHead): void {
    this.options.findings.equivocation(one, other);
  }

  /**
   * A head came.
   * @param conflicting another of its size, not reached yet. @param before the newest one of an earlier run, for the first.
   */
  compare(
    head: SignedTreeHead,
    conflicting: SignedTreeHead | undefined,
    before: SignedTreeHead | undefined,
  ): void {
    if (conflicting !== undefined) this.equivocation(conflicting, head);
    if (before !== undefined && relateHeads(before, head) === 'shrunken')
      this.broken(rollbackOf(before, head));
  }

  /** The log does not hand out a proof; asked for again later. */
  proofFailed(error: unknown): void {
    const { stats, problems } = this.options;
    stats.proofFailures++;
    const reason = error instanceof Error ? error.message : String(error);
    problems.note(NO_PROOF, `no proof could be had, what is streamed is not verified yet: ${reason}`);
  }
}

/** Entries and a signed root that contradict each other. */
export function rootMismatch(
  computed: TreeRoot,
  head: SignedTreeHead,
  before: { readonly tree?: TreeRoot; readonly head?: SignedTreeHead },
): Finding {
  const heads = before.head === undefined ? [head] : [before.head, head];
  if (before.head?.treeSize === head.treeSize) return equivocationOf(before.head, head);
  const where =
    computed.size === head.treeSize ? '' : `, whose proof for ${computed.size} entries is of others`;
  return {
    kind: 'root_mismatch',
    message: `the entries up to ${computed.size} are not those of the signed tree of ${head.treeSize} entries${where}`,
    heads,
    computed,
    verified: before.tree,
  };
}

/** Two signed trees that are not one the begin of the other. */
export function forkedTree(
  proven: TreeRoot,
  head: SignedTreeHead,
  provenBy: SignedTreeHead | undefined,
): Finding {
  return {
    kind: 'inconsistent_heads',
    message: `the signed tree of ${head.treeSize} entries does not begin with the proven ${proven.size} entries`,
    heads: provenBy === undefined ? [head] : [provenBy, head],
    verified: proven,
  };
}
