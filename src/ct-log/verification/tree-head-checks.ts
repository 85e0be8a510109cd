import type { SignedTreeHead } from '../client/ct-log-client.js';

/**
 * The relation of a head to the newest known head:
 * - `newer`: its tree is larger, or the same tree was signed later.
 * - `repeated`: it is not new; caches and load-balanced front ends repeat recent heads.
 * - `shrunken`: its tree is smaller but was signed later. An append-only log cannot sign that.
 * - `conflicting`: its tree has the same size but another root. An honest log cannot sign that either.
 */
export type HeadRelation = 'newer' | 'repeated' | 'shrunken' | 'conflicting';

/** Relates heads by size first: a log that once signed a timestamp far in the future must not stop for that. */
export function relateHeads(known: SignedTreeHead, head: SignedTreeHead): HeadRelation {
  if (head.treeSize > known.treeSize) return 'newer';
  if (head.treeSize < known.treeSize) return head.timestamp > known.timestamp ? 'shrunken' : 'repeated';
  if (!head.rootHash.equals(known.rootHash)) return 'conflicting';
  return head.timestamp > known.timestamp ? 'newer' : 'repeated';
}

/** Whether a larger tree was signed before the smaller one: the clock of the log went back (RFC 6962, 3.5). */
export function isTimeReversed(known: SignedTreeHead, head: SignedTreeHead): boolean {
  return head.treeSize > known.treeSize && head.timestamp < known.timestamp;
}

/** Tolerance for clocks that differ and for the transit time of the answer. */
const CLOCK_SLACK_MS = 300_000;

/**
 * Whether a head is older than the maximum merge delay of its log (RFC 6962, 3.5).
 * @param mmd seconds; undefined = never stale, for read-only logs, which keep their last head, and for unknown delays.
 * @param now milliseconds since the epoch.
 */
export function isStale(head: SignedTreeHead, mmd: number | undefined, now: number): boolean {
  return mmd !== undefined && now - head.timestamp > mmd * 1000 + CLOCK_SLACK_MS;
}

/** Whether a head was signed in the future. @param now milliseconds since the epoch. */
export function isFromFuture(head: SignedTreeHead, now: number): boolean {
  return head.timestamp - now > CLOCK_SLACK_MS;
}
