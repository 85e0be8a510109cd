import type { EntryBatch } from '../../certificate/entry-batch.js';

/** A signed statement of a log about its tree: an RFC 6962 STH (3.5) or a static-ct checkpoint. */
export interface SignedTreeHead {
  readonly treeSize: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** 32 bytes long. */
  readonly rootHash: Buffer;
  /** The unchanged answer (a get-sth body or a checkpoint), as evidence that other parties can check. */
  readonly signed: Buffer;
}

/** CtLogClient reads one log of any protocol. Every method rejects with a `CtLogError`. */
export interface CtLogClient {
  /** Maximum number of entries that one request returns: 256 for tiles; learned for RFC 6962, and undefined until then. */
  readonly pageSize: number | undefined;
  /** Fetches the newest tree head and checks its signature if the key of the log is known. */
  getTreeHead(signal: AbortSignal): Promise<SignedTreeHead>;
  /**
   * Fetches entries from `start` on: at least one and at most `end - start`. A log may serve fewer than requested.
   * @param end exclusive, at most `treeSize`.
   * @param treeSize size of an accepted tree head of this log; decides between full and partial tiles.
   */
  getEntries(start: number, end: number, treeSize: number, signal: AbortSignal): Promise<EntryBatch>;
  /**
   * Fetches the hashes of the largest complete subtrees of [0, size), largest first. They are not authenticated: the caller must
   * compare their root with a trusted one.
   * @param head head from this client, with at least `size` entries.
   */
  getCompactRange(size: number, head: SignedTreeHead, signal: AbortSignal): Promise<readonly Buffer[]>;
  /** Fetches PROOF(first, D[second]) (RFC 6962, 2.1.2), unchecked. It is empty if `first` is 0 or equal to `second`. */
  getConsistencyProof(first: number, second: number, signal: AbortSignal): Promise<readonly Buffer[]>;
}
