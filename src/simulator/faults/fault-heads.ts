import { LogKey } from '../log/log-key.js';
import type { LogHistory } from '../log/log-history.js';
import type { FaultHooks, LogRequestContext } from '../log/request-context.js';
import { signTreeHead } from '../log/tree-head.js';
import type { TreeHead } from '../log/tree-head.js';

/** Faults of the tree heads that a log signs. */
export type HeadFault =
  /** One bit of the signature is wrong. */
  | { readonly kind: 'bad-signature' }
  /** The head is signed with another key than the log's. */
  | { readonly kind: 'other-key' }
  /** The head is correctly signed and its root is not the root of the tree. */
  | { readonly kind: 'wrong-root' }
  /** The tree has shrunk: an earlier size is signed now. Default: the size of the second newest head. */
  | { readonly kind: 'older-head'; readonly size?: number }
  /** The timestamp is `ms` in the future, or in the past when negative. */
  | { readonly kind: 'clock-skew'; readonly ms: number }
  /**
   * The history differs from index `from` on. With endpoint `*` the log serves only this history. On the head
   * endpoint alone, optionally with `every: 2`, the log equivocates. `shorter`: the tree has this number of leaves
   * less.
   */
  | { readonly kind: 'fork'; readonly from: number; readonly shorter?: number };

export function headHooks(fault: HeadFault): FaultHooks {
  switch (fault.kind) {
    case 'bad-signature':
      return changeHead(({ head }) => ({ ...head, signature: flipLastByte(head.signature) }));
    case 'other-key':
      return otherKey();
    case 'wrong-root':
      return changeHead(({ head, log }) =>
        signTreeHead(log.key, head.treeSize, head.timestamp, flipLastByte(head.rootHash)),
      );
    case 'older-head':
      return changeHead((context) => olderHead(context, fault.size));
    case 'clock-skew':
      return changeHead(({ head, log }) =>
        signTreeHead(log.key, head.treeSize, head.timestamp + fault.ms, head.rootHash),
      );
    case 'fork':
      return fork(fault.from, fault.shorter ?? 0);
  }
}

function changeHead(change: (context: LogRequestContext) => TreeHead): FaultHooks {
  return {
    prepare(context) {
      context.head = change(context);
    },
  };
}

function otherKey(): FaultHooks {
  const keys = new Map<LogKey['type'], LogKey>();
  return changeHead(({ head, log }) => {
    const key = keys.get(log.key.type) ?? new LogKey(log.key.type);
    keys.set(log.key.type, key);
    return signTreeHead(key, head.treeSize, head.timestamp, head.rootHash);
  });
}

function olderHead({ head, log, history }: LogRequestContext, size = log.previousHead.treeSize): TreeHead {
  if (size >= head.treeSize) return head;
  return signTreeHead(log.key, size, Date.now(), history.tree.root(size));
}

function fork(from: number, shorter: number): FaultHooks {
  let forked: LogHistory | undefined;
  let forkedHead: TreeHead | undefined;
  return {
    prepare(context) {
      const { head, log } = context;
      const size = head.treeSize - shorter;
      if (size <= from) return;
      forked ??= log.history.fork(from);
      forked.growFrom(log.history, head.treeSize);
      if (forkedHead?.treeSize !== size || forkedHead.timestamp !== head.timestamp) {
        forkedHead = signTreeHead(log.key, size, head.timestamp, forked.tree.root(size));
      }
      context.history = forked;
      context.head = forkedHead;
    },
  };
}

export function flipLastByte(bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  return flipped;
}
