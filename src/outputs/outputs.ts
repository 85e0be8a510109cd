import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import type { CertificateBatch } from '../certificate/certificate-batch.js';
import { CertificateRenderer } from '../certificate/certificate-renderer.js';
import { journalConfig } from '../config/config-namespace.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { cursorPrefix } from '../feed/cursor.js';
import type { EntryJournal, JournalBacklog } from '../feed/journal/entry-journal.js';
import { RecentBatches } from '../feed/recent-batches.js';
import { CertstreamError, messageOf } from '../kernel/certstream-error.js';
import { systemClock } from '../kernel/clock.js';
import { ProblemLog } from '../logging/problem-log.js';
import { PeriodicWork } from '../schedule/periodic-work.js';
import type { CertificateOutput } from './certificate-output.js';
import { CURSOR_FILE, OutputCursors } from './output-cursors.js';
import { OutputError } from './output-error.js';
import { OutputRunner } from './output-runner.js';
import type { OutputStats } from './output-stats.js';

const SAVE_INTERVAL_MS = 1000;
/** Time limit for the current delivery of each output when the server stops. */
const STOP_WITHIN_MS = 5000;

/**
 * Bounds on the batches that outputs share with each other and with the clients: more than a second of all logs. An output that has
 * acknowledged them frees them.
 */
const SHARED = { batches: 512, bytes: 16 * 2 ** 20 };

/** One output with its live numbers. */
export interface RegisteredOutput {
  readonly output: Pick<
    CertificateOutput,
    'name' | 'type' | 'required' | 'lingerMs' | 'refused' | 'lostDeadLetters'
  >;
  readonly stats: OutputStats;
  /** The records that the output has not acknowledged yet and that the journal holds. */
  readonly backlog: JournalBacklog;
}

/**
 * The outputs of the server. Each output reads the journal at its own speed, from its position. The journal keeps the
 * records that an output still needs, as far as its bounds permit.
 */
@Injectable()
export class Outputs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Outputs.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly cursors: OutputCursors;
  private readonly added = new Map<string, CertificateOutput>();
  private readonly runners = new Map<string, OutputRunner>();
  private readonly journal: EntryJournal;
  /** Batches that at least one output has not acknowledged. */
  private readonly shared: RecentBatches;
  private isStarted = false;
  private isChanged = false;
  private saving: Promise<void> = Promise.resolve();

  constructor(
    @Inject(journalConfig.KEY) { store, path }: ConfigType<typeof journalConfig>,
    private readonly feed: CertificateFeed,
    private readonly periodic: PeriodicWork,
  ) {
    this.journal = feed.journal;
    // It has counters of its own: an entry that is read again is not another defect.
    const renderer = new CertificateRenderer();
    renderer.cursorPrefix = cursorPrefix(this.journal);
    this.shared = new RecentBatches(renderer, SHARED);
    this.cursors = new OutputCursors(store === 'disk' ? join(path, CURSOR_FILE) : undefined, this.journal);
  }

  /**
   * Adds an output. Call it in `onModuleInit`, so that the output receives everything from the first start on.
   * @throws OutputError (`OUTPUT_NAME_TAKEN`)
   */
  register(output: CertificateOutput): void {
    const { name } = output;
    if (this.added.has(name))
      throw new OutputError('OUTPUT_NAME_TAKEN', `two outputs are named ${JSON.stringify(name)}; rename one`);
    this.added.set(name, output);
    if (this.isStarted) this.run(output);
  }

  /** Returns the outputs with their live numbers. */
  registered(): readonly RegisteredOutput[] {
    return [...this.runners.values()].map(({ output, stats }) => ({
      output,
      stats,
      backlog: this.journal.backlog(stats.acknowledged),
    }));
  }

  /** Starts the outputs. @throws OutputError when the positions of an earlier run cannot be read. */
  async onApplicationBootstrap(): Promise<void> {
    await this.cursors.load();
    this.isStarted = true;
    for (const output of this.added.values()) this.run(output);
    // The file exists after every start, so a missing one tells that positions are lost.
    this.isChanged = true;
    this.periodic.every('save-outputs', SAVE_INTERVAL_MS, () => this.save());
    await this.save();
  }

  /**
   * Stops the outputs. No log publishes any more at this time. Records that are not acknowledged within five seconds
   * are delivered again after the next start.
   */
  async beforeApplicationShutdown(): Promise<void> {
    const stops = [...this.runners.values()].map((runner) => this.stop(runner));
    await Promise.all(stops);
    await this.save();
  }

  save(): Promise<void> {
    this.saving = this.saving.then(() => this.saveChanges());
    return this.saving;
  }

  private run(output: CertificateOutput): void {
    const { name } = output;
    const { after, reason } = this.cursors.start(name);
    if (reason !== undefined)
      this.logger.warn(
        `output ${name}: ${reason}; it begins at the oldest record, so entries may be repeated`,
      );
    this.cursors.set(name, after);
    this.journal.release(name, after);
    this.isChanged = true;
    const runner = new OutputRunner(output, {
      journal: this.journal,
      batchOf: (record) => this.shared.of(record),
      clock: systemClock,
      after,
      onAcknowledged: (seq) => {
        this.forgetShared();
        this.cursors.set(name, seq);
        this.isChanged = true;
        if (!this.cursors.isStored) this.journal.release(name, seq);
      },
      onFailure: (error) => {
        this.forgetShared();
        this.reportFailure(name, error);
      },
      onSlow: (message) => {
        this.forgetShared();
        this.problems.report(name, `output ${name}: ${message}`);
      },
      onRecovery: () => this.problems.resolved(name),
      onSkipped: ({ from, to }) =>
        this.logger.warn(
          `output ${name}: the journal dropped ${to - from + 1} records before they were delivered`,
          {
            output: name,
            from,
            to,
          },
        ),
    });
    if (this.runners.size === 0) this.feed.batches$.subscribe((batch) => this.share(batch));
    this.runners.set(name, runner);
    runner.start();
  }

  private share(batch: CertificateBatch): void {
    const seq = batch.place?.seq ?? 0;
    const isWanted = ({ stats }: OutputRunner): boolean =>
      stats.failingSince === 0 && seq - stats.acknowledged <= SHARED.batches;
    if ([...this.runners.values()].some(isWanted)) this.shared.keep(batch);
  }

  /** Forgets what no output needs soon. An output that fails reads it from the journal again. */
  private forgetShared(): void {
    let acknowledged = Infinity;
    for (const { stats } of this.runners.values())
      if (stats.failingSince === 0) acknowledged = Math.min(acknowledged, stats.acknowledged);
    this.shared.forget(acknowledged);
  }

  private async stop(runner: OutputRunner): Promise<void> {
    const { name } = runner.output;
    const isStopped = await Promise.race([
      runner.stop().then(
        () => true,
        (error: unknown) => {
          this.reportFailure(name, error);
          return true;
        },
      ),
      delay(STOP_WITHIN_MS, false, { ref: false }),
    ]);
    if (!isStopped) this.logger.warn(`output ${name} did not stop within ${STOP_WITHIN_MS / 1000} s`);
  }

  /** Saves changed positions. Releases records only after that, since a restart reads from the saved positions. */
  private async saveChanges(): Promise<void> {
    if (!this.isChanged || !this.cursors.isStored) return;
    this.isChanged = false;
    try {
      const saved = await this.cursors.save();
      // An output that was registered meanwhile is in the next save.
      for (const [name, seq] of saved) if (this.runners.has(name)) this.journal.release(name, seq);
      this.problems.resolved(CURSOR_FILE);
    } catch (error) {
      this.isChanged = true;
      this.reportFailure(CURSOR_FILE, error);
    }
  }

  private reportFailure(key: string, error: unknown): void {
    const message = messageOf(error);
    const code = error instanceof CertstreamError ? { code: error.code } : {};
    this.problems.report(key, key === CURSOR_FILE ? message : `output ${key}: ${message}`, code);
  }
}
