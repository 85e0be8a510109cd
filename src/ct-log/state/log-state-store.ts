import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { type CtLog, logKey } from '../ct-log.js';
import { GapLedger } from './gap-ledger.js';
import type { LogState } from './log-state.js';
import { readIndexFile, writeIndexFile } from './index-file.js';

const SAVE_INTERVAL_MS = 5000;
const UNWRITABLE = 'CT_INDEX_FILE_UNWRITABLE';

/** Plain numbers, read when metrics are scraped. */
export interface LogStateStoreStats {
  saves: number;
  failedSaves: number;
  /** Milliseconds since the epoch; 0 = never. */
  lastSaveAt: number;
}

/**
 * The next index of every log, also of those that are not followed now. On disk only with `recovery.enabled`: read
 * at boot, where a damaged file ends the start, and saved every five seconds when something changed. A save that
 * fails is reported and tried again.
 */
@Injectable()
export class LogStateStore implements OnModuleInit {
  readonly stats: LogStateStoreStats = { saves: 0, failedSaves: 0, lastSaveAt: 0 };
  private readonly problems = new ProblemLog(new Logger(LogStateStore.name));
  private readonly enabled: boolean;
  private readonly path: string;
  private readonly states = new Map<string, LogState>();
  private readonly ledgers = new Map<string, GapLedger>();
  private isChanged = false;
  private saving: Promise<void> = Promise.resolve();
  private failure: Error | undefined;

  constructor(@Inject(CERTSTREAM_CONFIG) config: CertstreamConfig) {
    this.enabled = config.general.recovery.enabled;
    this.path = config.general.recovery.ct_index_file;
  }

  /** @throws StateFileError */
  async onModuleInit(): Promise<void> {
    if (!this.enabled) return;
    for (const [key, next] of await readIndexFile(this.path)) this.states.set(key, { next });
  }

  /**
   * What to follow a log with from now on; to be asked once, when its tailer is made. Without `next` it starts at the
   * head that the log has at the first answer.
   */
  resume(log: CtLog): LogState {
    return this.get(log) ?? {};
  }

  /** What is known of a log now; undefined when that is nothing. */
  get(log: CtLog): LogState | undefined {
    return this.states.get(logKey(log));
  }

  /**
   * Takes over what `change` names and keeps the rest. `change.next` promises that everything before it was handed to
   * every output.
   */
  update(log: CtLog, change: Partial<LogState>): void {
    const key = logKey(log);
    this.states.set(key, { ...this.states.get(key), ...change });
    this.isChanged = true;
  }

  /**
   * The saved position is that of now, although nothing moves: the log has nothing newer. Cheap; to be called behind
   * every head that brings nothing.
   */
  confirm(_log: CtLog): void {}

  /** What of a log was signed and not streamed. */
  gaps(log: CtLog): GapLedger {
    const key = logKey(log);
    let ledger = this.ledgers.get(key);
    if (ledger === undefined) {
      ledger = new GapLedger(() => (this.isChanged = true));
      this.ledgers.set(key, ledger);
    }
    return ledger;
  }

  /** Why the positions of now are not on disk: what the last save failed with. Undefined when all is saved. */
  get unsaved(): Error | undefined {
    return this.failure;
  }

  /** Saves what changed since the last time; never rejects. */
  @Interval(SAVE_INTERVAL_MS)
  save(): Promise<void> {
    this.saving = this.saving.then(() => this.saveChanges());
    return this.saving;
  }

  private async saveChanges(): Promise<void> {
    if (!this.enabled || !this.isChanged) return;
    this.isChanged = false;
    try {
      const positions = [...this.states].flatMap(([key, { next }]) =>
        next === undefined ? [] : [[key, next] as const],
      );
      await writeIndexFile(this.path, new Map(positions));
    } catch (error) {
      this.isChanged = true;
      this.failure = error as Error;
      this.stats.failedSaves++;
      const reason = error instanceof Error ? error.message : String(error);
      this.problems.report(UNWRITABLE, `positions cannot be saved: ${reason}`, {
        code: UNWRITABLE,
        file: this.path,
      });
      return;
    }
    this.failure = undefined;
    this.stats.saves++;
    this.stats.lastSaveAt = Date.now();
    this.problems.resolved(UNWRITABLE);
  }
}
