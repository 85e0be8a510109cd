import type { EntryJournal } from '../../feed/journal/entry-journal.js';
import type { ProblemLog } from '../../logging/problem-log.js';
import type { SavedLog } from './state-file.js';
import { StateSaver, type StateSaverStats } from './state-saver.js';
import type { StateStorage } from './state-storage.js';

/** Key of the saver of all logs. */
const ALL = '';

export interface StateSaversOptions {
  /** Where the states are saved; undefined if nothing is. */
  readonly storage: StateStorage | undefined;
  /** Name of the storage, for error messages. */
  readonly path: string;
  readonly journal: Pick<EntryJournal, 'durable' | 'shared'>;
  /** Returns the state of a log, or those of all logs, at this moment. */
  readonly states: (key: string | undefined) => ReadonlyMap<string, SavedLog>;
  readonly problems: ProblemLog;
}

/**
 * The savers of the states of logs. Files have all logs, so one saver saves all of them together. The members of a cluster have a record
 * for each log, and a saver for each: a log whose entries cannot be stored delays the saves of no other log.
 */
export class StateSavers {
  /** Of all savers; `lastSaveAt` is that of the last save. */
  private readonly totals: StateSaverStats = { saves: 0, failedSaves: 0, lastSaveAt: 0 };
  private readonly savers = new Map<string, StateSaver>();

  constructor(private readonly options: StateSaversOptions) {}

  get isEnabled(): boolean {
    return this.options.storage !== undefined;
  }

  get stats(): Readonly<StateSaverStats> {
    let { lastSaveAt } = this.totals;
    for (const { unsavedSince } of this.savers.values())
      if (unsavedSince !== undefined) lastSaveAt = Math.min(lastSaveAt, unsavedSince);
    return { ...this.totals, lastSaveAt };
  }

  /** The error of the last save of a log; undefined if all succeeded. */
  get failure(): Error | undefined {
    for (const { failure } of this.savers.values()) if (failure !== undefined) return failure;
    return undefined;
  }

  /** Notes that the state of a log has changed, so that the next save writes it. */
  changed(key: string): void {
    this.saverOf(key).changed();
  }

  /** Forgets a log that another member of a cluster follows. */
  drop(key: string): void {
    this.savers.delete(key);
  }

  /** Saves the changes of these logs, of all by default, as soon as they are settled. Never rejects. */
  async save(keys: Iterable<string> = this.savers.keys()): Promise<void> {
    await Promise.all([...keys].map((key) => this.saverOf(key).save()));
  }

  /** See {@link StateSaver.saveLast}. */
  async saveLast(): Promise<void> {
    await Promise.all([...this.savers.values()].map((saver) => saver.saveLast()));
  }

  /** Resolves when no save is under way. */
  async idle(): Promise<void> {
    await Promise.all([...this.savers.values()].map((saver) => saver.idle()));
  }

  private saverOf(key: string): StateSaver {
    const { journal, storage, path, problems, states } = this.options;
    const { totals: stats } = this;
    const { shared } = journal;
    const id = shared === undefined ? ALL : key;
    let saver = this.savers.get(id);
    if (saver === undefined) {
      const settled =
        shared === undefined ? () => journal.durable().then(() => true) : () => shared.stored(key);
      const current = (): ReadonlyMap<string, SavedLog> => states(id === ALL ? undefined : key);
      const name = id === ALL ? 'positions' : `the position of ${key}`;
      saver = new StateSaver({ name, storage, path, problems, stats, settled, states: current });
      this.savers.set(id, saver);
    }
    return saver;
  }
}
