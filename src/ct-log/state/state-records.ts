import type { JournalPlace } from '../../feed/journal/entry-journal.js';
import { type CtLog, logKey } from '../client/ct-log.js';
import type { NewGap } from './gap-ledger.js';
import type { SavedLog } from './state-file.js';
import { StateRecord } from './state-record.js';

export interface StateRecordsOptions {
  /** Called with the key of a log after each change of its gaps. */
  readonly onGapChange: (key: string) => void;
  readonly log: (message: string, fields: object) => void;
  /** As `SharedJournal.placeOf`; undefined if one process appends to the journal. */
  readonly placeOf: (key: string) => JournalPlace | undefined;
}

/** The states of logs in memory, by {@link logKey}. */
export class StateRecords {
  private readonly records = new Map<string, StateRecord>();
  /** Keys of the logs whose states have the effects of all records of the journal. */
  private readonly current = new Set<string>();

  constructor(private readonly options: StateRecordsOptions) {}

  /** Returns the record of a log. One that does not exist is made. */
  of(log: CtLog): StateRecord {
    const key = logKey(log);
    return this.records.get(key) ?? this.set(key, undefined);
  }

  find(log: CtLog): StateRecord | undefined {
    return this.records.get(logKey(log));
  }

  /** Takes a state that was saved. */
  set(key: string, saved: SavedLog | undefined): StateRecord {
    const record = new StateRecord(saved, (added) => this.noteGaps(key, added), Date.now);
    this.current.delete(key);
    this.records.set(key, record);
    return record;
  }

  delete(key: string): void {
    this.current.delete(key);
    this.records.delete(key);
  }

  /** Notes that the state of a log has the effects of all records up to the last one. */
  markCurrent(key: string): void {
    this.current.add(key);
  }

  /** Returns the states to save, of one log or of all. */
  saved(only: string | undefined): Map<string, SavedLog> {
    const states = new Map<string, SavedLog>();
    for (const key of only === undefined ? this.records.keys() : [only]) {
      const record = this.records.get(key);
      if (record === undefined) continue;
      if (this.current.has(key)) record.place = this.options.placeOf(key) ?? record.place;
      states.set(key, record.saved);
    }
    return states;
  }

  private noteGaps(key: string, added: NewGap | undefined): void {
    this.options.onGapChange(key);
    if (added?.skipped !== true) return;
    const { from, to, reason } = added;
    this.options.log(`${key}: skipped ${to - from} entries from index ${from} on: ${reason}`, {
      log: key,
      from,
      to,
    });
  }
}
