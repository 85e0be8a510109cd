import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import { wakeOrAbort } from '../../kernel/wait-queue.js';
import type { ProblemLog } from '../../logging/problem-log.js';
import type { SavedLog } from './state-file.js';
import { StateFileError } from './state-file-error.js';
import type { StateStorage } from './state-storage.js';

/** Longest wait of the last save for the journal and the outputs. */
const LAST_SAVE_WITHIN_MS = 5000;
const UNWRITABLE = 'UNWRITABLE';
/** A save that waits for the journal and the outputs for this time is reported. */
const SETTLED_WITHIN_MS = 60_000;

/** Plain numbers, which are read when metrics are scraped. */
export interface StateSaverStats {
  saves: number;
  failedSaves: number;
  /** Time of the last save, or of the oldest change that is not saved if it is earlier; milliseconds since the epoch; 0 = never. */
  lastSaveAt: number;
}

export interface StateSaverOptions {
  /** undefined saves nothing. */
  readonly storage: StateStorage | undefined;
  /** The states, as the subject of a sentence. */
  readonly name: string;
  /** Name of the storage, for error messages. */
  readonly path: string;
  /**
   * Resolves when everything that was published until now is stored.
   * @returns false if a part of it is given up, because another process follows the log. Then nothing is saved.
   */
  readonly settled: () => Promise<boolean>;
  /** Returns the states at this moment. */
  readonly states: () => ReadonlyMap<string, SavedLog>;
  readonly problems: ProblemLog;
  readonly stats: StateSaverStats;
}

/**
 * Saves states of logs. No position is saved before it is settled: each save takes the states at one moment, waits until the
 * journal has stored everything up to that moment, and then writes the states. Corrections and late entries are in the journal too, so
 * the same holds for them. A failed save is reported, and the next one saves everything.
 */
export class StateSaver {
  /** The error of the last save; undefined if it succeeded. */
  failure: Error | undefined;
  /** Time of the oldest change that may not be saved, milliseconds since the epoch; undefined if all are. */
  unsavedSince: number | undefined;
  private isChanged = false;
  private saving: Promise<void> | undefined;
  private isSaveWanted = false;
  private readonly lastSave = new AbortController();

  constructor(private readonly options: StateSaverOptions) {}

  /** Notes that a state has changed, so that the next save writes the states. */
  changed(): void {
    this.isChanged = true;
    this.unsavedSince ??= Date.now();
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

  /** Resolves when no save is under way. */
  async idle(): Promise<void> {
    await this.saving;
  }

  private async saveWhileWanted(): Promise<void> {
    while (this.isSaveWanted) {
      this.isSaveWanted = false;
      await this.saveChanges();
    }
    this.saving = undefined;
  }

  private async saveChanges(): Promise<void> {
    const { storage, states, problems, stats } = this.options;
    if (storage === undefined || !this.isChanged) return;
    this.isChanged = false;
    const startedAt = Date.now();
    const saved = states();
    const snapshot = storage.snapshot?.();
    try {
      if (await this.settled()) await storage.save(saved, snapshot);
      else {
        this.isChanged = true;
        // Another process saves the log.
        this.unsavedSince = undefined;
        return;
      }
    } catch (error) {
      this.isChanged = true;
      this.failure = error as Error;
      stats.failedSaves++;
      const code = error instanceof CertstreamError ? { code: error.code } : {};
      problems.report(UNWRITABLE, `positions cannot be saved: ${messageOf(error)}`, code);
      return;
    }
    this.failure = undefined;
    this.unsavedSince = this.isChanged ? startedAt : undefined;
    stats.saves++;
    stats.lastSaveAt = Date.now();
    problems.resolved(UNWRITABLE);
  }

  /** @throws StateFileError (`CT_STATE_FILE_NOT_SETTLED`) after five seconds of {@link saveLast}. */
  private async settled(): Promise<boolean> {
    const { name, problems, settled } = this.options;
    const stored = settled();
    // After the last save has given up, its result is not awaited.
    stored.catch(() => undefined);
    const late = setTimeout(
      () =>
        problems.report(
          `unsettled ${name}`,
          `${name} cannot be saved for ${SETTLED_WITHIN_MS / 1000} s: the journal or an output has not stored the newest entries yet`,
        ),
      SETTLED_WITHIN_MS,
    );
    late.unref();
    const isOver = await wakeOrAbort((wake) => {
      stored.then(wake, wake);
      return () => undefined;
    }, this.lastSave.signal);
    clearTimeout(late);
    if (isOver) {
      problems.resolved(`unsettled ${name}`);
      return stored;
    }
    const reason =
      'the journal or an output has not stored the newest entries yet, so their positions were not saved';
    throw new StateFileError('CT_STATE_FILE_NOT_SETTLED', this.options.path, reason);
  }
}
