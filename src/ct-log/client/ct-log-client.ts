import type { EntryBatch } from '../../certificate/entry-batch.js';

/** A signed statement of a log about its tree: an RFC 6962 STH (3.5) or a static-ct checkpoint. */
export interface SignedTreeHead {
  readonly treeSize: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** 32 bytes. */
  readonly rootHash: Buffer;
  /** The answer it came in, byte for byte (a get-sth body or a checkpoint): evidence that others can check. */
  readonly signed: Buffer;
}

/** One log, whichever protocol it speaks. Every method rejects with a {@link CtLogError}. */
export interface CtLogClient {
  /** Entries that one request yields at best: 256 for tiles; for RFC 6962 learned, undefined until then. */
  readonly pageSize: number | undefined;
  /** The newest tree head, its signature checked where the log's key is known. */
  getTreeHead(signal: AbortSignal): Promise<SignedTreeHead>;
  /**
   * Entries from exactly `start`, at least one and at most `end - start`; a log may serve fewer than asked.
   * @param end exclusive, at most `treeSize`.
   * @param treeSize of an accepted tree head of this log; decides between full and partial tiles.
   */
  getEntries(start: number, end: number, treeSize: number, signal: AbortSignal): Promise<EntryBatch>;
  /**
   * The hashes of the largest complete subtrees of [0, size), largest first. Not authenticated: they are worth what
   * their root is compared with.
   * @param head of this client, with at least `size` entries.
   */
  getCompactRange(size: number, head: SignedTreeHead, signal: AbortSignal): Promise<readonly Buffer[]>;
  /** PROOF(first, D[second]) (RFC 6962, 2.1.2), not checked; empty when `first` is 0 or `second`. */
  getConsistencyProof(first: number, second: number, signal: AbortSignal): Promise<readonly Buffer[]>;
}
