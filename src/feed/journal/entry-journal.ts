import type { EntryBatch, LogSource, RecordKind } from '../../certificate/entry-batch.js';
import type { RecordTotals } from './record-counts.js';

/** One published batch. `seq` increases by one with each record of a journal, from 1. */
export interface JournalRecord {
  readonly seq: number;
  readonly kind: RecordKind;
  readonly batch: EntryBatch;
}

/** Records that the journal dropped or could not read: `from` to `to`, both inclusive. */
export interface JournalGap {
  readonly from: number;
  readonly to: number;
}

/** The records after a position. */
export interface JournalBacklog extends RecordTotals {
  /** Numbers after the position, without those of dropped records. Some of them may name no record. */
  readonly records: number;
}

/** The result of an append. */
export interface AppendedRecord {
  /** Number of the record; of the newest record when nothing was appended. */
  readonly seq: number;
  /** Number of entries at the start of the batch that the journal already held. They are not part of the record. */
  readonly known: number;
}

/** A log whose entries are appended to a journal. */
export interface JournaledLog {
  /** `source.url` of its batches. */
  readonly url: string;
  /** Identifies the log in every process that follows it, whatever the scheme of its URL. */
  readonly key: string;
  /** Whether this process may append to the log now; undefined if no other process appends to it. */
  readonly isOwned?: () => boolean;
  /** Called once, when another process has appended to the log. Nothing more of this process is stored then. */
  readonly onFenced?: () => void;
}

/** Consecutive entries that a log did not deliver, so that the stream continues without them. */
export interface UnavailableEntries {
  readonly source: LogSource;
  /** Index of the first entry. */
  readonly from: number;
  /** Index after the last entry. */
  readonly to: number;
}

/** A place in a journal that several processes append to: after a record. */
export interface JournalPlace {
  readonly epoch: string;
  readonly seq: number;
}

/** Entries of a log that are not in the sequence of its `next` records: they were left out, or came late. `to` is exclusive. */
export interface LogException {
  readonly kind: 'unavailable' | 'late';
  readonly from: number;
  readonly to: number;
}

/** What a journal that several processes append to holds of a log. */
export interface JournaledEntries {
  /** Index after the last entry of the log in the journal, whether it was left out or not. */
  readonly end: number;
  /** What was left out and what came late since a place, in the order of the journal. */
  readonly exceptions: readonly LogException[];
}

/** The part of a journal that exists only if several processes append to it. Logs are named by {@link JournaledLog.key}, if nothing else is said. */
export interface SharedJournal {
  /** Returns the place of the last stored record of a log; undefined if this process does not append to the log. */
  placeOf(logKey: string): JournalPlace | undefined;
  /**
   * Resolves when everything that this process has appended of a log before is stored. Other logs do not delay it.
   * @returns false if a part of it was given up, because another process appends to the log.
   */
  stored(logKey: string): Promise<boolean>;
  /**
   * Returns a promise that resolves when the servers have stored more of what this process has appended of a log, or `signal` is aborted;
   * undefined if the log may append more. Other logs do not delay it.
   * @param logUrl the URL of the log.
   */
  ready(logUrl: string, signal?: AbortSignal): Promise<void> | undefined;
  /** Asks the servers for the newest record. This process reads it a moment later. @throws the error of the client. */
  newestPlace(): Promise<JournalPlace>;
}

/** Receives what other members of a cluster and this process have appended, in the order of the journal. Must not throw. */
export interface LiveListener {
  /** @param isOwn whether this process has appended the record since it started. */
  record(record: JournalRecord, isOwn: boolean): void;
  /** Entries that a log did not deliver, at their place between the records. */
  unavailable(entries: UnavailableEntries, isOwn: boolean): void;
  /** Records that the journal dropped before this process could read them, or that it could not read. */
  gap(gap: JournalGap): void;
  /** The journal was lost or replaced by another one: {@link EntryJournal.epoch} has changed, and the numbers begin again. */
  replaced(): void;
}

/**
 * Where a reader begins: after a record, at the first record appended at or after a wall-clock time (milliseconds
 * since the epoch), or at the next record.
 */
export type ReadFrom = { readonly after: number } | { readonly time: number } | 'now';

/**
 * A bounded sequence of all published batches. Streams receive each batch at once. Other consumers read the journal
 * at their own speed, each from its own position.
 */
export interface EntryJournal {
  /** Identifies this sequence. Record numbers of another epoch name other records. Changes when {@link LiveListener.replaced} is called. */
  readonly epoch: string;
  /** Number of this run of the server. Each start with the same store has a larger number. */
  readonly run: number;
  /** Number of the oldest readable record; `newest + 1` when there is none. */
  readonly oldest: number;
  /** Since when the journal holds all records, milliseconds since the epoch. */
  readonly oldestTime: number;
  /** Number of the newest record; 0 before the first record. */
  readonly newest: number;
  /**
   * Whether all records come to the consumers of this process through {@link live}, its own ones included. Otherwise the publisher
   * delivers each record itself when it appends it.
   */
  readonly delivers: boolean;
  /** Undefined if only one process appends. */
  readonly shared?: SharedJournal | undefined;
  /**
   * Sets the receiver of live records, once, before the first log is opened. It has an effect only if {@link delivers} is true.
   */
  live(listener: LiveListener): void;
  /**
   * Prepares the appends of a log. Must be called each time before the log is followed.
   * @param next index of the next entry of the log that the caller will append; undefined if the log has no position to resume: its next
   *   records then follow no earlier ones, also after a restart of the server. This may take a record number that no reader gets.
   * @param known the last place whose exceptions the caller knows; undefined for all that the journal holds.
   * @returns what the journal holds of the log, if other processes append to it; undefined if it holds nothing, or has one process: then
   *   the position of the caller stands. If `end` is larger than `next`, {@link append} leaves out what the journal holds. If it is
   *   smaller, the journal has lost records, and the log must continue at this index.
   * @throws JournalError when the journal cannot be read within its time limit; then the log must not be followed.
   */
  open(
    log: JournaledLog,
    next: number | undefined,
    known?: JournalPlace,
  ): Promise<JournaledEntries | undefined>;
  /** Ends the appends of a log. Resolves when all its records are stored, or given up because another process appends to the log. */
  leave(logUrl: string): Promise<void>;
  /**
   * Appends one record. After a crash, `next` records repeat entries of the earlier run; those that are known to be in the journal are
   * left out. Never throws and never waits. {@link durable} reports a record that cannot be stored.
   * @param batch at most as large as `recordsOf` makes it.
   */
  append(batch: EntryBatch, kind: RecordKind): AppendedRecord;
  /**
   * Notes entries that a log did not deliver, after the entries before them were appended, so that {@link live} reports them in every
   * process. Without {@link delivers} it has no effect.
   */
  unavailable(entries: UnavailableEntries): void;
  /**
   * Returns the number of the first record that was appended after a run; `newest + 1` for the current run. A crash may lose the
   * last records of a run, whose numbers are then used again.
   * @returns undefined for a run that has not begun.
   */
  endOf(run: number): number | undefined;
  /**
   * Resolves when no record that was appended before this call depends on its log any more: it survives a crash of
   * the process, or every registered reader has released it. The positions of logs are saved after that.
   * @throws JournalError when the store cannot keep the records.
   */
  durable(): Promise<void>;
  /**
   * Yields the records from a place on, then each new record after its append, until `signal` is aborted. A reader
   * that is too slow for the bounds of the store gets a {@link JournalGap} in place of the missed records.
   * @throws JournalError (`JOURNAL_REPLACED`) when another epoch begins. The numbers of the reader then name other records.
   */
  read(from: ReadFrom, signal: AbortSignal): AsyncIterable<JournalRecord | JournalGap>;
  /**
   * Returns the amount of records after a number that the journal holds. It costs no access to a file or a network. `records` is exact.
   * The other members may be wrong by half a percent or by 64 KiB of records, and do not count records that are not stored yet.
   * `bytes` are those of the store.
   */
  backlog(after: number): JournalBacklog;
  /**
   * Registers a reader and keeps the records after `seq` for it, as far as `on_full` permits. Replaces the reader's
   * earlier `seq`.
   */
  release(reader: string, seq: number): void;
  /** Stores all appended records and closes all files. */
  close(): Promise<void>;
}

/** Injection token of {@link EntryJournal}. */
export const ENTRY_JOURNAL = Symbol('ENTRY_JOURNAL');
