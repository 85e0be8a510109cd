import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { SignedTreeHead } from '../client/ct-log-client.js';

/**
 * Takes the entries of one log in index order and decides what becomes of them: streamed, verified, held back,
 * asked for again. The tailer fetches whatever `next` names. Calls never overlap.
 */
export interface EntryDelivery {
  /** Index of the entry wanted next; undefined until the first head of a log without position. */
  readonly next: number | undefined;
  /** Everything before it was handed to every output: beyond `next` while entries are fetched once more. Absent: never beyond. */
  readonly streamed?: number;
  /** Wants to be told of the head at every poll, newer or not: it waits for a proof, or for a log to be right again. */
  readonly isUnsettled?: boolean;
  /** A newer head was accepted, before any entry that only it covers. Called again with it when it rejects. */
  onHead(head: SignedTreeHead, signal: AbortSignal): Promise<void>;
  /**
   * `batch.firstIndex` is `next`. When it resolves, `next` is behind the batch, or lower: then those entries are wanted
   * again.
   */
  deliver(batch: EntryBatch, signal: AbortSignal): Promise<void>;
  /**
   * What was delivered so far becomes proven, as far as it can be, and is streamed: what follows cannot be had. `next` may be
   * lower afterwards.
   */
  settle?(signal: AbortSignal): Promise<void>;
  /** Called behind {@link settle}. The entries before `index` cannot be had, which is written down elsewhere: `next` becomes `index`, which is larger, or what lies behind it. */
  skipTo(index: number, signal: AbortSignal): Promise<void>;
  /** Nothing is delivered any more: what is held back is given up. */
  close?(): void;
}
