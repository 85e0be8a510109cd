import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
  Optional,
} from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { generalConfig } from '../../config/config-namespace.js';
import { durationMs } from '../../config/duration.js';
import { stateFilePath } from '../../config/state-file-path.js';
import { CLUSTER, type Cluster } from '../../cluster/cluster.js';
import {
  ENTRY_JOURNAL,
  type EntryJournal,
  type JournaledEntries,
  type JournalPlace,
} from '../../feed/journal/entry-journal.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { type CtLog, logKey } from '../client/ct-log.js';
import type { GapLedger } from './gap-ledger.js';
import { StateRecords } from './state-records.js';
import type { LogState } from './log-state.js';
import type { SavedLog } from './state-file.js';
import { StateFiles } from './state-files.js';
import { SharedStates } from './shared-states.js';
import type { StateSaverStats } from './state-saver.js';
import { StateSavers } from './state-savers.js';

const SAVE_EVERY_MS = 5000;
/** After a crash of a member, another one fetches the entries since the last save again. */
const SAVE_SHARED_EVERY_MS = 2000;

/**
 * LogStateStore holds position, verified tree, newest head and gaps of every log, including logs that are not followed now. With
 * `recovery.enabled` it reads them from disk at boot and saves changes every five seconds. A damaged file, or another server that
 * uses it, ends the start. A failed save is reported and retried.
 *
 * In a cluster it holds the logs of this member ({@link take}, {@link drop}) and saves them every two seconds for the others. It reads
 * the state file, but does not write it: logs that the cluster does not know yet begin at the positions in the file.
 */
@Injectable()
export class LogStateStore implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(LogStateStore.name);
  private readonly recovery: ConfigType<typeof generalConfig>['recovery'];
  private readonly files: StateFiles;
  private readonly shared: SharedStates | undefined;
  /** In a cluster: the states of the state file. */
  private inherited: ReadonlyMap<string, SavedLog> = new Map();
  /** Keys of the logs that were taken with a state of the state file. */
  private readonly inheriting = new Set<string>();
  private readonly records: StateRecords;
  /** Keys ({@link logKey}) of the logs that were loaded and are not resumed yet. */
  private readonly loaded = new Set<string>();
  private readonly savers: StateSavers;

  constructor(
    @Inject(generalConfig.KEY) { recovery }: ConfigType<typeof generalConfig>,
    @Inject(ENTRY_JOURNAL) journal: Pick<EntryJournal, 'durable' | 'shared'>,
    @Optional() @Inject(CLUSTER) cluster?: Cluster,
  ) {
    this.recovery = recovery;
    this.files = new StateFiles(stateFilePath(recovery), recovery.ct_index_file);
    this.shared =
      cluster &&
      new SharedStates(cluster.records('states'), {
        onFenced: (key) => this.onFenced(key),
        onDamaged: ({ message }) =>
          this.logger.error(`${message}; the log continues after its last entry in the stream`),
      });
    this.records = new StateRecords({
      onGapChange: (key) => this.savers.changed(key),
      log: (message, fields) => this.logger.log(message, fields),
      placeOf: (key) => journal.shared?.placeOf(key),
    });
    this.savers = new StateSavers({
      storage: this.shared ?? (recovery.enabled ? this.files : undefined),
      path: cluster === undefined ? stateFilePath(recovery) : 'the records of the cluster',
      journal,
      states: (key) => this.records.saved(key),
      problems: new ProblemLog(this.logger),
    });
  }

  /** How often {@link save} should be called, in milliseconds. */
  get saveEveryMs(): number {
    return this.shared === undefined ? SAVE_EVERY_MS : SAVE_SHARED_EVERY_MS;
  }

  /** @throws StateFileError */
  async onModuleInit(): Promise<void> {
    if (!this.recovery.enabled) return;
    if (this.shared !== undefined) {
      const { logs, origin } = await this.files.load();
      this.inherited = logs;
      if (origin !== undefined)
        this.logger.log(
          `read positions of ${logs.size} logs from ${origin}, for logs that are new to the cluster`,
        );
      return;
    }
    const obstacle = await this.files.lock();
    if (obstacle !== undefined)
      this.logger.log(
        `the state file is not locked: ${obstacle}; another server that uses it is noticed only when it saves`,
      );
    const { logs, origin } = await this.files.load();
    for (const [key, saved] of logs) {
      this.records.set(key, saved);
      this.loaded.add(key);
    }
    if (origin !== undefined) this.logger.log(`read positions of ${logs.size} logs from ${origin}`);
  }

  /** Releases the lock on the files. No save follows. */
  async onApplicationShutdown(): Promise<void> {
    await this.savers.idle();
    await this.files.unlock();
  }

  /** Called with the key ({@link logKey}) of a log whose state another member has written. Set it before the first {@link take}. */
  onFenced: (key: string) => void = () => undefined;

  /**
   * Reads the state of a log that this member of a cluster follows from now on. Without a cluster it has no effect.
   * @throws ClusterError, StateFileError
   */
  async take(log: CtLog): Promise<void> {
    if (this.shared === undefined) return;
    const key = logKey(log);
    const saved = await this.shared.take(key);
    if (saved === undefined && this.inherited.has(key)) this.inheriting.add(key);
    else this.inheriting.delete(key);
    this.records.set(key, saved ?? this.inherited.get(key));
    this.savers.changed(key);
  }

  /** Returns the place in the journal whose effects the state of a log has; undefined if it is not known. */
  placeOf(log: CtLog): JournalPlace | undefined {
    return this.records.of(log).place;
  }

  /**
   * Brings the state of a log up to what the journal of the cluster holds of it. If the journal has lost entries, or the position was lost,
   * the log continues at the end of the journal; what was verified of the entries before stays verified.
   * @param held what was left out and came late in it is that since {@link placeOf}; undefined if the position stands.
   * @returns the state from which the log is followed.
   */
  joinJournal(log: CtLog, held: JournaledEntries | undefined): LogState {
    const key = logKey(log);
    const record = this.records.of(log);
    record.catchUp(held?.exceptions ?? []);
    this.records.markCurrent(key);
    if (held === undefined || record.isLeft) return record.state;
    const { next } = record.state;
    // The state file may be older than the journal of the cluster.
    if (next !== undefined && held.end >= next && !this.inheriting.has(key)) return record.state;
    record.continueAt(held.end);
    this.savers.changed(key);
    return record.state;
  }

  /** Forgets a log that another member follows from now on. Without a cluster it has no effect. */
  drop(log: CtLog): void {
    if (this.shared === undefined) return;
    const key = logKey(log);
    this.shared.drop(key);
    this.savers.drop(key);
    this.records.delete(key);
  }

  /**
   * Returns the state from which a log is followed. Must be called once for each tailer. A state without `next` means to start
   * at the first head that the log serves: the log is new, or its position must not be resumed.
   */
  resume(log: CtLog): LogState {
    const record = this.records.of(log);
    const isFromFile = this.loaded.delete(logKey(log));
    const maxAge = durationMs(this.recovery.max_age);
    if (isFromFile && this.recovery.start === 'head') record.leave('general.recovery.start is head');
    else if (maxAge !== undefined && record.age > maxAge) {
      record.leave(`its position was older than general.recovery.max_age (${this.recovery.max_age})`);
    }
    return record.state;
  }

  /** Returns the current state of a log; undefined if there is none. */
  get(log: CtLog): LogState | undefined {
    return this.records.find(log)?.state;
  }

  /**
   * Replaces the fields that `change` contains and keeps the others. With `change.next` the caller promises that all entries
   * before it were published to every output or are in {@link gaps}.
   */
  update(log: CtLog, change: LogState): void {
    const record = this.records.of(log);
    const isFirst = record.state.next === undefined && change.next !== undefined;
    record.update(change);
    this.savers.changed(logKey(log));
    // Without a position, a start after a crash would begin at the head of then, and leave out what is published from now on.
    if (isFirst) void this.save([log]);
  }

  /** Confirms that the position is current although the log does not grow. Cheap enough for every poll. */
  confirm(log: CtLog): void {
    if (this.records.of(log).confirm()) this.savers.changed(logKey(log));
  }

  /** Removes the state of a log, which belongs to another log. Its gaps stay. */
  forget(log: CtLog): void {
    this.records.of(log).forget();
    this.savers.changed(logKey(log));
  }

  /** Returns the gaps of a log. A gap must be added before the position moves beyond it. */
  gaps(log: CtLog): GapLedger {
    return this.records.of(log).gaps;
  }

  /** Whether positions are saved: with `recovery.enabled`, and in a cluster. */
  get isEnabled(): boolean {
    return this.savers.isEnabled;
  }

  get stats(): Readonly<StateSaverStats> {
    return this.savers.stats;
  }

  /** The error of the last save of a log; undefined if all succeeded. */
  get unsaved(): Error | undefined {
    return this.savers.failure;
  }

  /** Saves the changes of these logs, of all by default. See {@link StateSavers.save}. */
  save(logs?: readonly CtLog[]): Promise<void> {
    return this.savers.save(logs?.map(logKey));
  }

  /** See {@link StateSavers.saveLast}. */
  saveLast(): Promise<void> {
    return this.savers.saveLast();
  }
}
