import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';

/**
 * Takes the entries of one log in index order and decides about them: stream, verify, hold back, fetch again. The tailer fetches
 * the entry at {@link wantedIndex}, which may go back. Calls never overlap.
 */
export interface EntryDelivery {
  /** Index of the entry to fetch next; undefined until the first head of a log without position. */
  readonly wantedIndex: number | undefined;
  /** Everything before it was handed to every output: beyond `wantedIndex` while entries are fetched again. Absent: never beyond. */
  readonly streamedIndex?: number;
  /** Wants the newest head at every poll, also a known one: it waits for a proof, or for the log to be right again. */
  readonly wantsEveryHead?: boolean;
  /** A newer head was accepted, before any entry that only it covers. Called again with the same head after a rejection. */
  onHead(head: SignedTreeHead, signal: AbortSignal): Promise<void>;
  /** `batch` begins at `wantedIndex`. After it resolves, `wantedIndex` is the end of the batch, or lower: then those entries are fetched again. */
  deliver(batch: EntryBatch, signal: AbortSignal): Promise<void>;
  /** Proves and streams the delivered entries, as far as possible: the next ones are unavailable. `wantedIndex` may be lower afterwards. */
  flushBeforeGap?(signal: AbortSignal): Promise<void>;
  /**
   * Called after {@link flushBeforeGap}. The entries before `index` are unavailable, which the gap ledger records: `wantedIndex`
   * becomes `index`, which is larger, or the end of the entries that were streamed before.
   */
  skipTo(index: number, signal: AbortSignal): Promise<void>;
  /** Nothing is delivered any more: entries that are held back are given up. */
  close?(): void;
}
