import type { SignedTreeHead } from '../client/ct-log-client.js';
import { CtLogError } from '../client/ct-log-error.js';
import type { TreeRoot } from '../client/merkle/merkle-proofs.js';

const CODES = {
  /** The entries that the log served have another root than the one that it signed for their number. */
  root_mismatch: 'CT_TREE_MISMATCH',
  /** Two signed trees, of which the larger is not proven to begin with the smaller. */
  inconsistent_heads: 'CT_TREE_FORK',
  /** Two signed roots for one size. */
  equivocation: 'CT_TREE_FORK',
  /** A smaller tree that was signed later than a larger one. */
  rollback: 'CT_TREE_FORK',
} as const;

export interface ContradictionEvidence {
  /** The signed statements, the older one first. */
  readonly heads: readonly SignedTreeHead[];
  /** The tree of the served entries, where it is part of the contradiction. */
  readonly computed?: TreeRoot;
  /** The last tree that was proven before. */
  readonly verified?: TreeRoot;
}

/** A contradiction within what a log signed and served: `CT_TREE_MISMATCH` or `CT_TREE_FORK`, with everything that proves it. */
export class ContradictionError extends CtLogError {
  constructor(
    readonly kind: keyof typeof CODES,
    message: string,
    readonly evidence: ContradictionEvidence,
  ) {
    super(CODES[kind], message);
  }

  /** The signed roots that are part of it. */
  get trees(): string[] {
    return this.evidence.heads.map(({ treeSize, rootHash }) => `${treeSize} ${rootHash.toString('hex')}`);
  }
}

/** `CT_TREE_MISMATCH`: entries are not streamed, since they are not proven to be those that the log signed. */
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

/** @param smaller signed later than `known`. */
export function rollback(known: SignedTreeHead, smaller: SignedTreeHead): ContradictionError {
  const message = `the log signed a tree of ${smaller.treeSize} entries after one of ${known.treeSize}`;
  return new ContradictionError('rollback', message, { heads: [known, smaller] });
}

/**
 * Entries and a signed root.
 * @param verified the last proven tree. @param provenBy the head that proved it.
 */
export function rootMismatch(
  computed: TreeRoot,
  head: SignedTreeHead,
  verified: TreeRoot | undefined,
  provenBy: SignedTreeHead | undefined,
): ContradictionError {
  if (provenBy?.treeSize === head.treeSize) return equivocation(provenBy, head);
  const where =
    computed.size === head.treeSize ? '' : `, whose proof for ${computed.size} entries is of others`;
  const message = `the entries up to ${computed.size} are not those of the signed tree of ${head.treeSize} entries${where}`;
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
