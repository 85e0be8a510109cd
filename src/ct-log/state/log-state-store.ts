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
import { ENTRY_JOURNAL, type EntryJournal } from '../../feed/journal/entry-journal.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { type CtLog, logKey } from '../client/ct-log.js';
import type { GapLedger, NewGap } from './gap-ledger.js';
import { StateRecord } from './state-record.js';
import type { LogState } from './log-state.js';
import type { SavedLog } from './state-file.js';
import { StateFiles } from './state-files.js';
import { SharedStates } from './shared-states.js';
import { StateSaver, type StateSaverStats } from './state-saver.js';

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
  private readonly records = new Map<string, StateRecord>();
  /** Keys ({@link logKey}) of the logs that were loaded and are not resumed yet. */
  private readonly loaded = new Set<string>();
  private readonly saver: StateSaver;

  constructor(
    @Inject(generalConfig.KEY) { recovery }: ConfigType<typeof generalConfig>,
    @Inject(ENTRY_JOURNAL) journal: Pick<EntryJournal, 'durable'>,
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
    this.saver = new StateSaver({
      storage: this.shared ?? (recovery.enabled ? this.files : undefined),
      path: cluster === undefined ? stateFilePath(recovery) : 'the records of the cluster',
      journal,
      states: () => new Map([...this.records].map(([key, { saved }]) => [key, saved])),
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
      this.records.set(key, this.newRecord(key, saved));
      this.loaded.add(key);
    }
    if (origin !== undefined) this.logger.log(`read positions of ${logs.size} logs from ${origin}`);
  }

  /** Releases the lock on the files. No save follows. */
  async onApplicationShutdown(): Promise<void> {
    await this.saver.idle();
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
    this.records.set(key, this.newRecord(key, saved ?? this.inherited.get(key)));
    this.saver.changed();
  }

  /** Whether the state of a log is that of the state file, which may be older than the journal of the cluster. */
  isInherited(log: CtLog): boolean {
    return this.inheriting.has(logKey(log));
  }

  /** Forgets a log that another member follows from now on. Without a cluster it has no effect. */
  drop(log: CtLog): void {
    if (this.shared === undefined) return;
    const key = logKey(log);
    this.shared.drop(key);
    this.records.delete(key);
  }

  /**
   * Moves the position of a log to `next`, from which its entries must be published again: the journal has lost them, or the position
   * was lost. What was verified of the entries before stays verified.
   */
  moveTo(log: CtLog, next: number): LogState {
    const { head, verified } = this.record(log).state;
    this.record(log).forget();
    this.record(log).update({
      next,
      ...(head !== undefined && { head }),
      ...(verified !== undefined && verified.size <= next && { verified }),
    });
    this.saver.changed();
    return this.record(log).state;
  }

  /**
   * Returns the state from which a log is followed. Must be called once for each tailer. A state without `next` means to start
   * at the first head that the log serves: the log is new, or its position must not be resumed.
   */
  resume(log: CtLog): LogState {
    const record = this.record(log);
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
    return this.records.get(logKey(log))?.state;
  }

  /**
   * Replaces the fields that `change` contains and keeps the others. With `change.next` the caller promises that all entries
   * before it were published to every output or are in {@link gaps}.
   */
  update(log: CtLog, change: LogState): void {
    const record = this.record(log);
    const isFirst = record.state.next === undefined && change.next !== undefined;
    record.update(change);
    this.saver.changed();
    // Without a position, a start after a crash would begin at the head of then, and leave out what is published from now on.
    if (isFirst) void this.save();
  }

  /** Confirms that the position is current although the log does not grow. Cheap enough for every poll. */
  confirm(log: CtLog): void {
    if (this.record(log).confirm()) this.saver.changed();
  }

  /** Removes the state of a log, which belongs to another log. Its gaps stay. */
  forget(log: CtLog): void {
    this.record(log).forget();
    this.saver.changed();
  }

  /** Returns the gaps of a log. A gap must be added before the position moves beyond it. */
  gaps(log: CtLog): GapLedger {
    return this.record(log).gaps;
  }

  /** Whether positions are saved: with `recovery.enabled`, and in a cluster. */
  get isEnabled(): boolean {
    return this.saver.isEnabled;
  }

  get stats(): StateSaverStats {
    return this.saver.stats;
  }

  /** The error of the last save; undefined if it succeeded. */
  get unsaved(): Error | undefined {
    return this.saver.failure;
  }

  /** See {@link StateSaver.save}. */
  save(): Promise<void> {
    return this.saver.save();
  }

  /** See {@link StateSaver.saveLast}. */
  saveLast(): Promise<void> {
    return this.saver.saveLast();
  }

  private record(log: CtLog): StateRecord {
    const key = logKey(log);
    let record = this.records.get(key);
    if (record === undefined) this.records.set(key, (record = this.newRecord(key, undefined)));
    return record;
  }

  private newRecord(key: string, saved: SavedLog | undefined): StateRecord {
    return new StateRecord(saved, (added) => this.noteGaps(key, added), Date.now);
  }

  private noteGaps(key: string, added: NewGap | undefined): void {
    this.saver.changed();
    if (added?.skipped !== true) return;
    const { from, to, reason } = added;
    this.logger.log(`${key}: skipped ${to - from} entries from index ${from} on: ${reason}`, {
      log: key,
      from,
      to,
    });
  }
}
