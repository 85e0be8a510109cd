import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';

/**
 * EntryDelivery takes the entries of one log in index order and decides whether to stream them, verify them, hold them back or
 * fetch them again. The tailer fetches the entry at {@link wantedIndex}, which may decrease. Calls never overlap.
 */
export interface EntryDelivery {
  /** Index of the entry to fetch next; undefined until the first head of a log without position. */
  readonly wantedIndex: number | undefined;
  /**
   * All entries before this index were published to every output. It is larger than `wantedIndex` while entries are fetched
   * again. Absent: never larger.
   */
  readonly streamedIndex?: number;
  /** Whether {@link onHead} must be called at every poll, even with a known head, because a proof or correction is awaited. */
  readonly wantsEveryHead?: boolean;
  /** Called with each accepted head before the entries that only it covers. Called again with the same head after a rejection. */
  onHead(head: SignedTreeHead, signal: AbortSignal): Promise<void>;
  /**
   * Takes a batch that begins at `wantedIndex`. When it resolves, `wantedIndex` is the end of the batch, or lower if entries
   * must be fetched again.
   */
  deliver(batch: EntryBatch, signal: AbortSignal): Promise<void>;
  /** Proves and streams the delivered entries as far as possible, before a gap. `wantedIndex` may be lower afterwards. */
  flushBeforeGap?(signal: AbortSignal): Promise<void>;
  /**
   * Skips the unavailable entries before `index`, which the gap ledger records. Called after {@link flushBeforeGap}.
   * `wantedIndex` becomes `index` or, if entries were streamed beyond it, their end.
   */
  skipTo(index: number, signal: AbortSignal): Promise<void>;
  /** Drops the entries that are held back. No other call follows. */
  close?(): void;
}
