import type { EntryJournal } from './journal/entry-journal.js';

/** A place in the journal: before the entry `index` of the record `seq`. */
export interface JournalPosition {
  readonly seq: number;
  /** May exceed the number of entries; then the next record follows. */
  readonly index: number;
}

/** Where a client begins to read: at a position, or at the first record of a time (milliseconds since the epoch). */
export type ReplayStart = JournalPosition | { readonly time: number };

/** The parts of a journal that its cursors depend on. */
type Sequence = Pick<EntryJournal, 'epoch' | 'run' | 'newest' | 'oldest' | 'endOf'>;

const CURSOR = /^([\w-]{8,24})\.(\d{1,12})\.(\d{1,15})\.(\d{1,9})$/;

/** Returns the beginning of all cursors of the current run. */
export function cursorPrefix({ epoch, run }: Sequence): string {
  return `${epoch}.${run}.`;
}

/**
 * Returns the cursor of a position: an opaque, URL-safe text of at most 64 characters. It stays valid over a restart of the server
 * if the journal does.
 */
export function cursorAt(journal: Sequence, { seq, index }: JournalPosition): string {
  return `${cursorPrefix(journal)}${seq}.${index}`;
}

/** Returns the cursor after all published entries. */
export function newestCursor(journal: Sequence): string {
  return cursorAt(journal, { seq: journal.newest + 1, index: 0 });
}

/** Returns the cursor before the oldest entry of the journal. */
export function oldestCursor(journal: Sequence): string {
  return cursorAt(journal, { seq: journal.oldest, index: 0 });
}

/**
 * Returns the position that a cursor names. A cursor may name a record that a crash has removed; then the position is at the end of
 * the run that wrote the cursor.
 * @returns undefined for a malformed cursor, a cursor of another journal, and a cursor of the future.
 */
export function positionOf(journal: Sequence, cursor: string): JournalPosition | undefined {
  const [, epoch, run, seq, index] = CURSOR.exec(cursor) ?? [];
  if (epoch !== journal.epoch) return undefined;
  const end = journal.endOf(Number(run));
  if (end === undefined) return undefined;
  if (Number(seq) < end) return { seq: Number(seq), index: Number(index) };
  if (Number(run) === journal.run && (Number(seq) > end || Number(index) > 0)) return undefined;
  return { seq: end, index: 0 };
}
