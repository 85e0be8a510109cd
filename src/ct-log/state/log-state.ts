import type { SignedTreeHead } from '../client/ct-log-client.js';

/** A prefix of the tree of a log whose entries were checked against its signed heads. */
export interface VerifiedTree {
  /** Number of entries. */
  readonly size: number;
  /** Its compact range: roots of the perfect subtrees of [0, size), largest first, 32 bytes each. */
  readonly hashes: readonly Buffer[];
}

/** The state of one log that a restart needs. */
export interface LogState {
  /**
   * Index of the next entry to stream; all entries before it were published to every output. Undefined until the first head of a
   * log without position.
   */
  readonly next?: number;
  readonly verified?: VerifiedTree;
  /**
   * Compact range of [0, next), computed from the streamed entries. With it a restart continues to verify at `next`, even if
   * the last signed head was not reached.
   */
  readonly range?: readonly Buffer[];
  /** The newest accepted head, of this or an earlier run. */
  readonly head?: SignedTreeHead;
}
