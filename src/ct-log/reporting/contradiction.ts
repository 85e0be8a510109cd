import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CtLogError } from '../client/ct-log-error.js';
import type { TreeRoot } from '../client/merkle/merkle-proofs.js';

const CODES = {
  /** The root of the served entries differs from the root that the log signed for this size. */
  root_mismatch: 'CT_TREE_MISMATCH',
  /** The larger of two signed trees does not begin with the smaller one. */
  inconsistent_heads: 'CT_TREE_FORK',
  /** Two signed roots for one size. */
  equivocation: 'CT_TREE_FORK',
  /** A smaller tree was signed later than a larger one. */
  rollback: 'CT_TREE_FORK',
} as const;

export interface ContradictionEvidence {
  /** The signed statements, the older one first. */
  readonly heads: readonly SignedTreeHead[];
  /** The tree of the served entries, if it is part of the contradiction. */
  readonly computed?: TreeRoot;
  /** The last tree that was proven before the contradiction. */
  readonly verified?: TreeRoot;
}

/**
 * A contradiction between statements that a log signed, or between its entries and its signed trees (`CT_TREE_MISMATCH`,
 * `CT_TREE_FORK`), with its evidence.
 */
export class ContradictionError extends CtLogError {
  constructor(
    readonly kind: keyof typeof CODES,
    message: string,
    readonly evidence: ContradictionEvidence,
  ) {
    super(CODES[kind], message);
  }

  /** Sizes and roots of the signed trees. */
  get trees(): string[] {
    return this.evidence.heads.map(({ treeSize, rootHash }) => `${treeSize} ${rootHash.toString('hex')}`);
  }
}

/** `CT_TREE_MISMATCH`: entries are not streamed because they are not proven to be the entries that the log signed. */
export class CtTreeMismatchError extends CtLogError {
  /** @param retryAfterMs pause before the entries are requested again. */
  constructor(
    message: string,
    override readonly retryAfterMs?: number,
    cause?: ContradictionError,
  ) {
    super('CT_TREE_MISMATCH', message, { cause });
  }
}

export function equivocation(one: SignedTreeHead, other: SignedTreeHead): ContradictionError {
  const message = `the log signed two different trees of ${one.treeSize} entries`;
  return new ContradictionError('equivocation', message, { heads: [one, other] });
}

/** @param smaller head of a smaller tree, signed later than `known`. */
export function rollback(known: SignedTreeHead, smaller: SignedTreeHead): ContradictionError {
  const message = `the log signed a tree of ${smaller.treeSize} entries after one of ${known.treeSize}`;
  return new ContradictionError('rollback', message, { heads: [known, smaller] });
}

/** @param verified the last proven tree. @param provenBy the head that proved it. */
export function rootMismatch(
  computed: TreeRoot,
  head: SignedTreeHead,
  verified: TreeRoot | undefined,
  provenBy: SignedTreeHead | undefined,
): ContradictionError {
  if (provenBy?.treeSize === head.treeSize) return equivocation(provenBy, head);
  const where =
    computed.size === head.treeSize
      ? ''
      : `: its consistency proof for ${computed.size} entries is for another tree`;
  const message = `the served entries up to ${computed.size} differ from the signed tree of ${head.treeSize} entries${where}`;
  const heads = provenBy === undefined ? [head] : [provenBy, head];
  return new ContradictionError('root_mismatch', message, { heads, computed, verified });
}

/** @param head of a tree that does not begin with `proven`. */
export function inconsistentHeads(
  proven: TreeRoot,
  head: SignedTreeHead,
  provenBy: SignedTreeHead | undefined,
): ContradictionError {
  const message = `the signed tree of ${head.treeSize} entries does not begin with the proven ${proven.size} entries`;
  const heads = provenBy === undefined ? [head] : [provenBy, head];
  return new ContradictionError('inconsistent_heads', message, { heads, verified: proven });
}
