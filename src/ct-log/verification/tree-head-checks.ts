import type { SignedTreeHead } from '../client/ct-log-client.js';

/**
 * What a head is to the newest one before it:
 * - `newer`: of a larger tree, or signed later over the same one.
 * - `repeated`: nothing new; caches and load-balanced front ends repeat heads of a moment ago.
 * - `shrunken`: a smaller tree, signed later. An append-only log cannot sign that.
 * - `conflicting`: another root for the same size. An honest log cannot sign that either.
 */
export type HeadRelation = 'newer' | 'repeated' | 'shrunken' | 'conflicting';

/**
 * By size first: a timestamp may have been wrong, and a log that once signed one of next year must not stand still.
 */
export function relateHeads(known: SignedTreeHead, head: SignedTreeHead): HeadRelation {
  if (head.treeSize > known.treeSize) return 'newer';
  if (head.treeSize < known.treeSize) return head.timestamp > known.timestamp ? 'shrunken' : 'repeated';
  if (!head.rootHash.equals(known.rootHash)) return 'conflicting';
  return head.timestamp > known.timestamp ? 'newer' : 'repeated';
}

/** A larger tree that was signed before the smaller one: the clock of the log went back (RFC 6962, 3.5). */
export function isTimeReversed(known: SignedTreeHead, head: SignedTreeHead): boolean {
  return head.treeSize > known.treeSize && head.timestamp < known.timestamp;
}

/** Clocks that differ, and the way of the answer. */
const CLOCK_SLACK_MS = 300_000;

/**
 * Whether a log has not signed anything for longer than its maximum merge delay (RFC 6962, 3.5). Logs that are read-only
 * keep their last head, and are not to be asked about.
 * @param mmd seconds; undefined = unknown, and nothing is stale.
 * @param now milliseconds since the epoch.
 */
export function isStale(head: SignedTreeHead, mmd: number | undefined, now: number): boolean {
  return mmd !== undefined && now - head.timestamp > mmd * 1000 + CLOCK_SLACK_MS;
}

/** Whether a head was signed in the future. @param now milliseconds since the epoch. */
export function isFromFuture(head: SignedTreeHead, now: number): boolean {
  return head.timestamp - now > CLOCK_SLACK_MS;
}
