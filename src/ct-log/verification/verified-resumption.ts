import type { SignedTreeHead } from '../client/ct-log-client.js';
import type { CompactRange } from '../client/merkle/compact-range.js';
import type { CheckedDeliveryOptions } from './checked-delivery-options.js';
import { HeadComparison } from './head-comparison.js';
import { resumedRanges } from './resumed-ranges.js';
import { SavedSteps } from './saved-steps.js';
import { TreeProofs } from './tree-proofs.js';
import { TrustedTrees } from './trusted-trees.js';

/** What every delivery that verifies holds entries against, as an earlier run left it. */
export interface VerifiedResumption {
  readonly proofs: TreeProofs;
  readonly comparison: HeadComparison;
  readonly trusted: TrustedTrees;
  readonly saved: SavedSteps;
  /** The tree of everything that was streamed, where it is known. */
  readonly range: CompactRange | undefined;
}

/** @param onProven the tree of everything up to `range.size` is the one of `head`. */
export function resumeVerification(
  { client, reports, save, start, stats }: CheckedDeliveryOptions,
  onProven: (range: CompactRange, head: SignedTreeHead) => void,
): VerifiedResumption {
  const { proven, range } = resumedRanges(start);
  const comparison = new HeadComparison({
    onProven,
    onConflict: (right, wrong) => reports.equivocation(right, wrong),
  });
  if (start.head !== undefined && start.head.treeSize !== proven?.size) comparison.heads.add(start.head);
  stats.nextIndex = start.next;
  stats.verifiedIndex = proven?.size;
  const trusted = new TrustedTrees(proven, start.head, start.next);
  return { proofs: new TreeProofs(client), comparison, trusted, saved: new SavedSteps(save), range };
}
