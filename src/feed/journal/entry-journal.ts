import type { EntryBatch, RecordKind } from '../../certificate/entry-batch.js';

/** One published batch. `seq` grows by one with each record of a journal; the first record has 1. */
export interface JournalRecord {
  readonly seq: number;
  readonly kind: RecordKind;
  readonly batch: EntryBatch;
}

/** Records that a reader did not get, since the journal dropped or could not read them: `from` to `to`, both inclusive. */
export interface JournalGap {
  readonly from: number;
  readonly to: number;
}

/**
 * Where a reader begins: behind a record, at the first record that was appended at a wall-clock time (milliseconds since the
 * epoch) or later, or with the next record.
 */
export type ReadFrom = { readonly after: number } | { readonly time: number } | 'now';

/**
 * Every published batch in one bounded sequence. The streams get a batch at once; all others read the journal, each at its own
 * speed, with a position of its own.
 */
export interface EntryJournal {
  /** Names this sequence. Numbers of another epoch mean other records. */
  readonly epoch: string;
  /** Number of the oldest record that can be read; `newest + 1` when there is none. */
  readonly oldest: number;
  /** Number of the newest record; 0 before the first one. */
  readonly newest: number;
  /**
   * Index behind the newest `next` entry of a log in here; undefined for a log without one.
   * @param logUrl `source.url` of its batches.
   */
  end(logUrl: string): number | undefined;
  /** The next records of this log follow nothing: it has no position to resume, so that {@link end} does not count any more. */
  restart(logUrl: string): void;
  /**
   * Adds one record. A `next` record before {@link end} was appended by an earlier run: the entries that are known are left out.
   * Never throws and never waits: a record that cannot be stored is reported by {@link durable}.
   * @param batch at most as large as `recordsOf` makes it.
   * @returns the number of the record; of the newest one when nothing was added.
   */
  append(batch: EntryBatch, kind: RecordKind): number;
  /**
   * Resolves when everything that was appended before this call needs its log no more: it survives a crash of the process, or every
   * registered reader has released it. Positions of logs are saved after that.
   * @throws JournalError when the store cannot keep the records.
   */
  durable(): Promise<void>;
  /**
   * The records from a place on, then each new one as it is appended, until `signal` is aborted. A reader that is too slow for
   * the bounds of the store gets a {@link JournalGap} in place of what it missed.
   */
  read(from: ReadFrom, signal: AbortSignal): AsyncIterable<JournalRecord | JournalGap>;
  /** Keeps the records behind `seq` for this reader, as far as `on_full` lets the journal wait. Replaces its former place. */
  release(reader: string, seq: number): void;
  /** Forgets a reader: nothing is kept for it any more. */
  forget(reader: string): void;
  /** Stores what was appended and lets go of all files. */
  close(): Promise<void>;
}

/** Injects the {@link EntryJournal}. */
export const ENTRY_JOURNAL = Symbol('ENTRY_JOURNAL');
