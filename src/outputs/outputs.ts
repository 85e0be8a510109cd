import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  Optional,
} from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { journalConfig } from '../config/config-namespace.js';
import { CLUSTER, type Cluster } from '../cluster/cluster.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import type { EntryJournal, JournalBacklog } from '../feed/journal/entry-journal.js';
import { CertstreamError, messageOf } from '../kernel/certstream-error.js';
import { systemClock } from '../kernel/clock.js';
import { ProblemLog } from '../logging/problem-log.js';
import { PeriodicWork } from '../schedule/periodic-work.js';
import type { CertificateOutput } from './certificate-output.js';
import { CURSOR_FILE, OutputCursors, type OutputStart } from './output-cursors.js';
import { OutputError } from './output-error.js';
import { OutputRunner } from './output-runner.js';
import { OutputShare } from './output-share.js';
import type { OutputStats } from './output-stats.js';
import { SharedBatches } from './shared-batches.js';
import type { SharedStart } from './shared-cursors.js';

const SAVE_INTERVAL_MS = 1000;
/** Time limit for the current delivery of each output when the server stops. */
const STOP_WITHIN_MS = 5000;

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
 * records that an output still needs, as far as its bounds permit. In a cluster, each output runs at one member, and the stream keeps
 * nothing for it.
 */
@Injectable()
export class Outputs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Outputs.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly cursors: OutputCursors;
  /** In a cluster. */
  private share: OutputShare | undefined;
  private readonly added = new Map<string, CertificateOutput>();
  private readonly runners = new Map<string, OutputRunner>();
  private readonly journal: EntryJournal;
  private readonly batches: SharedBatches;
  private isStarted = false;
  private isChanged = false;
  private saving: Promise<void> = Promise.resolve();

  constructor(
    @Inject(journalConfig.KEY) { store, path }: ConfigType<typeof journalConfig>,
    private readonly feed: CertificateFeed,
    private readonly periodic: PeriodicWork,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {
    this.journal = feed.journal;
    this.batches = new SharedBatches(feed, () => [...this.runners.values()].map(({ stats }) => stats));
    const isStored = store === 'disk' && cluster === undefined;
    this.cursors = new OutputCursors(isStored ? join(path, CURSOR_FILE) : undefined, this.journal);
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
    if (this.share !== undefined) this.share.want([...this.added.keys()]);
    else if (this.isStarted && this.cluster === undefined) this.run(output, this.cursors.start(name));
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
    this.feed.lost$.subscribe(({ isReplaced }) => {
      if (!isReplaced) return;
      this.batches.replace();
      this.share?.restart();
    });
    if (this.cluster === undefined) await this.cursors.load();
    else if (this.cluster.self.role !== 'ingest')
      this.share = new OutputShare(this.cluster, this.journal, {
        run: (name, start) => this.run(this.added.get(name)!, start),
        stop: (name) => this.end(name),
        failed: (name, error) => this.reportFailure(name, error),
      });
    this.isStarted = true;
    this.share?.want([...this.added.keys()]);
    if (this.cluster === undefined)
      for (const [name, output] of this.added) this.run(output, this.cursors.start(name));
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
    await this.share?.stop();
    const others = [...this.added.values()].filter(({ name }) => !this.runners.has(name));
    await Promise.all([
      ...[...this.runners.values()].map((runner) => this.stop(runner.output.name, runner.stop())),
      ...others.map((output) => this.stop(output.name, output.close())),
    ]);
    await this.save();
  }

  save(): Promise<void> {
    this.saving = this.saving.then(() => this.saveChanges());
    return this.saving;
  }

  /** @param start with `moved` in a cluster. */
  private run(output: CertificateOutput, { after, reason, moved }: OutputStart & Partial<SharedStart>): void {
    const { name } = output;
    if (reason !== undefined)
      this.logger.warn(
        `output ${name}: ${reason}; it begins at the oldest record, so entries may be repeated`,
      );
    this.cursors.set(name, after);
    this.journal.release(name, after);
    this.isChanged = true;
    const runner = new OutputRunner(output, {
      journal: this.journal,
      batchOf: (record) => this.batches.of(record),
      clock: systemClock,
      after,
      onAcknowledged: (seq) => {
        this.batches.forget();
        this.cursors.set(name, seq);
        moved?.(seq);
        this.isChanged = true;
        if (!this.cursors.isStored) this.journal.release(name, seq);
      },
      onFailure: (error) => {
        this.batches.forget();
        this.reportFailure(name, error);
      },
      onSlow: (message) => {
        this.batches.forget();
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
    this.batches.start();
    this.runners.set(name, runner);
    runner.start();
  }

  /** Ends an output that another member of the cluster runs from now on. */
  private async end(name: string): Promise<void> {
    const runner = this.runners.get(name);
    if (runner === undefined) return;
    await this.stop(name, runner.stop('suspend'));
    if (this.runners.get(name) === runner) this.runners.delete(name);
  }

  private async stop(name: string, stopped: Promise<void>): Promise<void> {
    const isStopped = await Promise.race([
      stopped.then(
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
    if (!this.isChanged || (!this.cursors.isStored && this.share === undefined)) return;
    this.isChanged = false;
    try {
      await this.share?.save();
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
