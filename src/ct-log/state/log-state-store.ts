import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { generalConfig } from '../../config/config-namespace.js';
import { durationMs } from '../../config/duration.js';
import { stateFilePath } from '../../config/state-file-path.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../../feed/journal/entry-journal.js';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import { wakeOrAbort } from '../../kernel/wait-queue.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { type CtLog, logKey } from '../client/ct-log.js';
import type { GapLedger, NewGap } from './gap-ledger.js';
import { StateRecord } from './state-record.js';
import type { LogState } from './log-state.js';
import type { SavedLog } from './state-file.js';
import { StateFileError } from './state-file-error.js';
import { StateFiles } from './state-files.js';

/** Longest wait of the last save for the journal and the outputs. */
const LAST_SAVE_WITHIN_MS = 5000;
const UNWRITABLE = 'UNWRITABLE';

/** Plain numbers, which are read when metrics are scraped. */
export interface LogStateStoreStats {
  saves: number;
  failedSaves: number;
  /** Time of the last save, milliseconds since the epoch; 0 = never. */
  lastSaveAt: number;
}

/**
 * LogStateStore holds position, verified tree, newest head and gaps of every log, including logs that are not followed now. With
 * `recovery.enabled` it reads them from disk at boot and saves changes every five seconds. A damaged file, or another server that
 * uses it, ends the start. A failed save is reported and retried.
 *
 * No position is saved before it is settled. Each save takes all states at one moment, waits until the journal is durable up to
 * that moment, and then writes the states. Corrections and late entries are in the journal too, so the same holds for them.
 */
@Injectable()
export class LogStateStore implements OnModuleInit, OnApplicationShutdown {
  readonly stats: LogStateStoreStats = { saves: 0, failedSaves: 0, lastSaveAt: 0 };
  private readonly logger = new Logger(LogStateStore.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly recovery: ConfigType<typeof generalConfig>['recovery'];
  private readonly files: StateFiles;
  private readonly records = new Map<string, StateRecord>();
  /** Keys ({@link logKey}) of the logs that were loaded and are not resumed yet. */
  private readonly loaded = new Set<string>();
  private isChanged = false;
  private saving: Promise<void> | undefined;
  private isSaveWanted = false;
  private readonly lastSave = new AbortController();
  private failure: Error | undefined;

  constructor(
    @Inject(generalConfig.KEY) { recovery }: ConfigType<typeof generalConfig>,
    @Inject(ENTRY_JOURNAL) private readonly journal: Pick<EntryJournal, 'durable'>,
  ) {
    this.recovery = recovery;
    this.files = new StateFiles(stateFilePath(recovery), recovery.ct_index_file);
  }

  /** @throws StateFileError */
  async onModuleInit(): Promise<void> {
    if (!this.recovery.enabled) return;
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
    await this.saving;
    await this.files.unlock();
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
    this.isChanged = true;
    // Without a position, a start after a crash would begin at the head of then, and leave out what is published from now on.
    if (isFirst) void this.save();
  }

  /** Confirms that the position is current although the log does not grow. Cheap enough for every poll. */
  confirm(log: CtLog): void {
    if (this.record(log).confirm()) this.isChanged = true;
  }

  /** Removes the state of a log, which belongs to another log. Its gaps stay. */
  forget(log: CtLog): void {
    this.record(log).forget();
    this.isChanged = true;
  }

  /** Returns the gaps of a log. A gap must be added before the position moves beyond it. */
  gaps(log: CtLog): GapLedger {
    return this.record(log).gaps;
  }

  /** Whether positions are saved (`recovery.enabled`). */
  get isEnabled(): boolean {
    return this.recovery.enabled;
  }

  /** The error of the last save; undefined if it succeeded. */
  get unsaved(): Error | undefined {
    return this.failure;
  }

  /** Saves the changes since the last save as soon as they are settled. Never rejects. */
  save(): Promise<void> {
    this.isSaveWanted = true;
    this.saving ??= this.saveWhileWanted();
    return this.saving;
  }

  /** Saves after the last publication. Waits at most five seconds for the journal and the outputs. Never rejects. */
  async saveLast(): Promise<void> {
    const limit = setTimeout(() => this.lastSave.abort(), LAST_SAVE_WITHIN_MS);
    await this.save();
    clearTimeout(limit);
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
    this.isChanged = true;
    if (added?.skipped !== true) return;
    const { from, to, reason } = added;
    this.logger.log(`${key}: skipped ${to - from} entries from index ${from} on: ${reason}`, {
      log: key,
      from,
      to,
    });
  }

  private async saveWhileWanted(): Promise<void> {
    while (this.isSaveWanted) {
      this.isSaveWanted = false;
      await this.saveChanges();
    }
    this.saving = undefined;
  }

  private async saveChanges(): Promise<void> {
    if (!this.recovery.enabled || !this.isChanged) return;
    this.isChanged = false;
    const states = new Map([...this.records].map(([key, { saved }]) => [key, saved]));
    try {
      await this.settled();
      await this.files.save(states);
    } catch (error) {
      this.isChanged = true;
      this.failure = error as Error;
      this.stats.failedSaves++;
      const reason = messageOf(error);
      const code = error instanceof CertstreamError ? { code: error.code } : {};
      this.problems.report(UNWRITABLE, `positions cannot be saved: ${reason}`, code);
      return;
    }
    this.failure = undefined;
    this.stats.saves++;
    this.stats.lastSaveAt = Date.now();
    this.problems.resolved(UNWRITABLE);
  }

  /** Resolves when no entry published so far must be fetched again after a restart. */
  private async settled(): Promise<void> {
    let failure: unknown;
    const isSettled = await wakeOrAbort((wake) => {
      this.journal.durable().then(wake, (error: unknown) => {
        failure = error;
        wake();
      });
      return () => undefined;
    }, this.lastSave.signal);
    if (failure !== undefined) throw failure;
    if (isSettled) return;
    const reason =
      'the journal or an output has not stored the newest entries yet, so their positions were not saved';
    throw new StateFileError('CT_STATE_FILE_NOT_SETTLED', stateFilePath(this.recovery), reason);
  }
}
