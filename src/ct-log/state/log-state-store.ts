import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { generalConfig } from '../../config/config-namespace.js';
import { durationMs } from '../../config/duration.js';
import { stateFilePath } from '../../config/state-file-path.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../../feed/journal/entry-journal.js';
import { CertstreamError } from '../../kernel/certstream-error.js';
import { wakeOrAbort } from '../../kernel/wait-queue.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { type CtLog, logKey } from '../client/ct-log.js';
import type { GapLedger, NewGap } from './gap-ledger.js';
import { StateRecord } from './state-record.js';
import type { LogState } from './log-state.js';
import type { SavedLog } from './state-file.js';
import { StateFileError } from './state-file-error.js';
import { StateFiles } from './state-files.js';

/** How long the last save waits for the journal and the outputs. */
const LAST_SAVE_WITHIN_MS = 5000;
const UNWRITABLE = 'UNWRITABLE';

/** Plain numbers, read when metrics are scraped. */
export interface LogStateStoreStats {
  saves: number;
  failedSaves: number;
  /** Milliseconds since the epoch; 0 = never. */
  lastSaveAt: number;
}

/**
 * Position, verified tree, newest head and gaps of every log, also of those that are not followed now. On disk only
 * with `recovery.enabled`: read at boot, where a damaged file or another server that uses it ends the start, and saved
 * every five seconds when something changed. A save that fails is reported and tried again.
 *
 * No position is saved before it is settled: each save takes all states at one moment, waits until the journal is durable up to
 * that moment, and writes them then. Corrections and gaps that were filled late are in the journal as well, so that they pass the
 * same gate.
 */
@Injectable()
export class LogStateStore implements OnModuleInit, OnApplicationShutdown {
  readonly stats: LogStateStoreStats = { saves: 0, failedSaves: 0, lastSaveAt: 0 };
  private readonly logger = new Logger(LogStateStore.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly recovery: ConfigType<typeof generalConfig>['recovery'];
  private readonly files: StateFiles;
  private readonly records = new Map<string, StateRecord>();
  /** Loaded and not asked for yet, by {@link logKey}. */
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
      this.logger.log(`another server on the same state is noticed only when it saves: no lock, ${obstacle}`);
    const { logs, origin } = await this.files.load();
    for (const [key, saved] of logs) {
      this.records.set(key, this.newRecord(key, saved));
      this.loaded.add(key);
    }
    if (origin !== undefined) this.logger.log(`positions of ${logs.size} logs are from ${origin}`);
  }

  /** Lets go of the files; nothing is saved any more. */
  async onApplicationShutdown(): Promise<void> {
    await this.saving;
    await this.files.unlock();
  }

  /**
   * What to follow a log with from now on; to be asked once for each tailer. Without `next` it starts at the head
   * that the log has at the first answer: the log is new, or its position is not to be resumed.
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

  /** What is known of a log now; undefined when that is nothing. */
  get(log: CtLog): LogState | undefined {
    return this.records.get(logKey(log))?.state;
  }

  /**
   * Takes over what `change` names and keeps the rest. `change.next` promises that everything before it was handed to
   * every output, or is in {@link gaps}.
   */
  update(log: CtLog, change: LogState): void {
    this.record(log).update(change);
    this.isChanged = true;
  }

  /** The position is that of now although nothing moves: nothing is there to be streamed. Cheap, for frequent use. */
  confirm(log: CtLog): void {
    if (this.record(log).confirm()) this.isChanged = true;
  }

  /** What is known of a log is not of this log; its gaps stay. */
  forget(log: CtLog): void {
    this.record(log).forget();
    this.isChanged = true;
  }

  /** What of a log was signed and not streamed. A gap has to be added before the position moves beyond it. */
  gaps(log: CtLog): GapLedger {
    return this.record(log).gaps;
  }

  /** Why the state of now is not on disk: what the last save failed with. Undefined when all is saved. */
  get unsaved(): Error | undefined {
    return this.failure;
  }

  /** Saves the changes since the last time as soon as they are settled. Never rejects. */
  save(): Promise<void> {
    this.isSaveWanted = true;
    this.saving ??= this.saveWhileWanted();
    return this.saving;
  }

  /** The save after the last publication: it waits five seconds at most for the journal and the outputs. Never rejects. */
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
    this.logger.log(`${key}: ${to - from} entries from index ${from} on are skipped: ${reason}`, {
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
      const reason = error instanceof Error ? error.message : String(error);
      const code = error instanceof CertstreamError ? { code: error.code } : {};
      this.problems.report(UNWRITABLE, `positions cannot be saved: ${reason}`, code);
      return;
    }
    this.failure = undefined;
    this.stats.saves++;
    this.stats.lastSaveAt = Date.now();
    this.problems.resolved(UNWRITABLE);
  }

  /** Every entry that was published so far needs its log no more. */
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
      'the journal or an output does not hold the newest entries yet, so that their positions were not saved';
    throw new StateFileError('CT_STATE_FILE_NOT_SETTLED', stateFilePath(this.recovery), reason);
  }
}
