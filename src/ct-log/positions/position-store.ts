import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { type CtLog, logKey } from '../ct-log.js';
import { readPositionFile, writePositionFile } from './position-file.js';

const SAVE_INTERVAL_MS = 5000;
const UNWRITABLE = 'CT_INDEX_FILE_UNWRITABLE';

/** Plain numbers, read when metrics are scraped. */
export interface PositionStoreStats {
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
export class PositionStore implements OnModuleInit {
  readonly stats: PositionStoreStats = { saves: 0, failedSaves: 0, lastSaveAt: 0 };
  private readonly problems = new ProblemLog(new Logger(PositionStore.name));
  private readonly enabled: boolean;
  private readonly path: string;
  private positions = new Map<string, number>();
  private isChanged = false;
  private saving: Promise<void> = Promise.resolve();
  private failure: Error | undefined;

  constructor(@Inject(CERTSTREAM_CONFIG) config: CertstreamConfig) {
    this.enabled = config.general.recovery.enabled;
    this.path = config.general.recovery.ct_index_file;
  }

  /** @throws PositionFileError */
  async onModuleInit(): Promise<void> {
    if (this.enabled) this.positions = await readPositionFile(this.path);
  }

  get(log: CtLog): number | undefined {
    return this.positions.get(logKey(log));
  }

  /** @param next index to fetch next: everything before it was handed to every output. */
  set(log: CtLog, next: number): void {
    this.positions.set(logKey(log), next);
    this.isChanged = true;
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
      await writePositionFile(this.path, this.positions);
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
