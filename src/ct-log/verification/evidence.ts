import type { CtLog } from '../client/ct-log.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';
import { createHash } from 'node:crypto';

/**
 * What contradicts what:
 * - `root_mismatch`: the entries that the log served have another root than the one it signed for their number.
 * - `inconsistent_heads`: two signed trees, of which the larger is not proven to begin with the smaller.
 * - `equivocation`: two signed roots for one size.
 * - `rollback`: a smaller tree that was signed later than a larger one.
 */
export type FindingKind = 'root_mismatch' | 'inconsistent_heads' | 'equivocation' | 'rollback';

/** A contradiction within what a log signed and served. */
export interface Finding {
  readonly kind: FindingKind;
  readonly message: string;
  /** The signed statements, the older one first. */
  readonly heads: readonly SignedTreeHead[];
  /** What was computed from the served entries, if that is part of it. */
  readonly computed?: { readonly size: number; readonly root: Buffer };
  /** The last tree that was proven before. */
  readonly verified?: { readonly size: number; readonly root: Buffer };
}

/** Two signed roots for one size. */
export function equivocationOf(one: SignedTreeHead, other: SignedTreeHead): Finding {
  const message = `the log signed two different trees of ${one.treeSize} entries`;
  return { kind: 'equivocation', message, heads: [one, other] };
}

/** A smaller tree that was signed later. */
export function rollbackOf(known: SignedTreeHead, smaller: SignedTreeHead): Finding {
  const message = `the log signed a tree of ${smaller.treeSize} entries after one of ${known.treeSize}`;
  return { kind: 'rollback', message, heads: [known, smaller] };
}

/** The finding as a file that others can check: everything that was signed is there byte for byte, in base64. */
export function evidenceDocument(log: CtLog, finding: Finding, time: Date): string {
  const { source, key, submissionUrl } = log;
  const document = {
    version: 1,
    kind: finding.kind,
    message: finding.message,
    time: time.toISOString(),
    log: {
      name: source.name,
      operator: source.operator,
      url: source.url,
      type: source.type,
      submission_url: submissionUrl,
      key: key?.toString('base64'),
      log_id: key && createHash('sha256').update(key).digest('base64'),
    },
    tree_heads: finding.heads.map(({ treeSize, timestamp, rootHash, signed }) => ({
      tree_size: treeSize,
      timestamp,
      sha256_root_hash: rootHash.toString('base64'),
      signed: signed.toString('base64'),
    })),
    computed: finding.computed && treeOf(finding.computed),
    last_verified: finding.verified && treeOf(finding.verified),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** What makes two findings the same: the signed roots that are part of it. */
export function evidenceKey(log: CtLog, { kind, heads, computed }: Finding): string {
  const trees = heads.map(({ treeSize, rootHash }) => `${treeSize} ${rootHash.toString('hex')}`);
  return [log.source.url, kind, ...trees, computed?.root.toString('hex') ?? ''].join(' ');
}

function treeOf({ size, root }: { readonly size: number; readonly root: Buffer }): object {
  return { tree_size: size, sha256_root_hash: root.toString('base64') };
}
