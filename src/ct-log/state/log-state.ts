import type { SignedTreeHead } from '../client/ct-log-client.js';

/** A prefix of a log's tree whose entries were checked against its signed heads. */
export interface VerifiedTree {
  /** Number of entries. */
  readonly size: number;
  /** Its compact range: roots of the perfect subtrees of [0, size), largest first, 32 bytes each. */
  readonly hashes: readonly Buffer[];
}

/** What a restart has to know of one log. */
export interface LogState {
  /**
   * Index of the entry wanted next; everything before it was handed to every output. Undefined until the first
   * head of a log without position.
   */
  readonly next?: number;
  readonly verified?: VerifiedTree;
  /**
   * Compact range of [0, next), computed from what was streamed: with it a restart goes on verifying where it stopped,
   * also when the last signed head was not reached.
   */
  readonly range?: readonly Buffer[];
  /** The newest head that was accepted, also by a run before this one. */
  readonly head?: SignedTreeHead;
}
