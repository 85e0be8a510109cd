import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { type CtLog, isSameLog, logKey } from '../client/ct-log.js';
import { CtAbortedError } from '../client/ct-log-error.js';
import { LogStateStore } from '../state/log-state-store.js';
import { PeriodicWork } from '../../schedule/periodic-work.js';
import type { LogCounters } from '../reporting/log-counters.js';
import type { LogStatus } from '../reporting/log-status.js';
import { type LogFollower, LogShare } from './log-share.js';
import { ProgressLog } from './progress-log.js';
import { TailerFactory, type Tailing } from './tailer-factory.js';

const PROGRESS_TICK_MS = 1000;
const SAVE_ISSUERS_MS = 60_000;
/** Longest wait of a stop for the last entries of logs. */
const STOP_WITHIN_MS = 5000;

export interface FollowedLog {
  readonly log: CtLog;
  readonly counters: LogCounters;
  readonly status: LogStatus;
}

/** TailingService follows the logs of this process, each with one tailer, and stops the tailers. */
@Injectable()
export class TailingService implements LogFollower, OnModuleDestroy {
  private readonly logger = new Logger(TailingService.name);
  private readonly progress = new ProgressLog((message, fields) => this.logger.log(message, fields));
  /** Keyed by {@link logKey}, like positions: if only the scheme of its URL changes, a log stays the same log. */
  private readonly running = new Map<string, Tailing>();
  /** Tailers that publish their last entries before they end. A log starts again only after its old tailer has stopped. */
  private readonly ending = new Map<string, Promise<void>>();
  /** Logs that the journal prepares. They are followed after that. */
  private readonly opening = new Map<string, { readonly log: CtLog; readonly opened: Promise<void> }>();
  private latest: ReadonlyMap<string, CtLog> = new Map();
  private isStarted = false;
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly share: LogShare,
    private readonly tailers: TailerFactory,
    private readonly states: LogStateStore,
    private readonly periodic: PeriodicWork,
  ) {}

  /** Starts to fetch the log list and to follow logs. Must be called after all other parts have started, and has an effect only once. */
  start(): void {
    if (this.stopped !== undefined || this.isStarted) return;
    this.isStarted = true;
    this.periodic.every('progress', PROGRESS_TICK_MS, () => this.reportProgress());
    this.periodic.every('save-positions', this.states.saveEveryMs, () => this.states.save());
    this.periodic.every('save-issuers', SAVE_ISSUERS_MS, () => this.tailers.saveIssuers());
    this.share.start(this);
  }

  onModuleDestroy(): Promise<void> {
    return this.stop();
  }

  /** The logs that are followed now, with their counters and status. */
  followed(): readonly FollowedLog[] {
    return [...this.running.values()];
  }

  /**
   * Fetches one entry of a followed log. All other requests to the log go first. The entry is not verified.
   * @throws CtLogError; `CT_OUT_OF_RANGE` if the newest known tree of the log does not contain the entry; `CT_ABORTED` if the log is not
   *   followed any more, or if `signal` ended the request.
   */
  async fetchEntry(log: CtLog, index: number, signal: AbortSignal): Promise<EntryBatch> {
    const tailing = this.running.get(logKey(log));
    if (tailing === undefined) throw new CtAbortedError(`entry ${index} of ${log.source.url}`);
    return tailing.fetcher.fetch(index, signal);
  }

  /** Stops fetching, waits for the deliveries under way, and then saves the positions. Further calls return the same promise. */
  stop(): Promise<void> {
    this.stopped ??= this.stopAll();
    return this.stopped;
  }

  reportProgress(): void {
    const running = [...this.running.values()];
    for (const { log, status } of running) {
      if (status.state === 'following' && status.lag === 0) this.states.confirm(log);
    }
    this.progress.tick(running.map(({ status }) => status));
  }

  private async stopAll(): Promise<void> {
    this.share.pause();
    const logs = [...this.running.values()].map(({ log }) => log);
    const opening = [...this.opening.values()].map(({ log }) => log);
    for (const log of [...logs, ...opening]) this.end(log);
    await this.endings();
    await this.states.saveLast();
    await this.share.stop();
    if (logs.length > 0)
      this.logger.log(`stopped following ${logs.length} ${logs.length === 1 ? 'log' : 'logs'}`);
  }

  /** Resolves when all tailers have ended, or after five seconds. */
  private async endings(): Promise<void> {
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (limit = setTimeout(resolve, STOP_WITHIN_MS)));
    await Promise.race([Promise.all(this.ending.values()), late]);
    clearTimeout(limit);
    const left = [...this.ending.keys()];
    if (left.length > 0)
      this.logger.warn(
        `${left.length} ${left.length === 1 ? 'log' : 'logs'} did not end within ${STOP_WITHIN_MS / 1000} s: ${left.join(', ')}`,
      );
  }

  /** See {@link LogFollower.follow}. */
  async follow(logs: readonly CtLog[]): Promise<void> {
    if (this.stopped !== undefined) return;
    this.latest = new Map(logs.map((log) => [logKey(log), log]));
    const added = new Map(this.latest);
    const gone: CtLog[] = [];
    for (const { log } of [...this.running.values(), ...this.opening.values()]) {
      const key = logKey(log);
      const now = added.get(key);
      if (now !== undefined && isSameLog(now, log)) added.delete(key);
      else {
        if (now === undefined) gone.push(log);
        this.end(log);
      }
    }
    for (const log of added.values()) this.begin(log);
    if (added.size > 0) this.announce('following', [...added.values()]);
    if (gone.length > 0) this.announce('no longer following', gone);
    for (const log of gone) await this.ending.get(logKey(log));
  }

  private announce(what: string, logs: readonly CtLog[]): void {
    const names = logs.map(({ source }) => source.name).join(', ');
    this.logger.log(`${what} ${logs.length} ${logs.length === 1 ? 'log' : 'logs'}: ${names}`);
  }

  private begin(log: CtLog, isNew = false): void {
    const key = logKey(log);
    const previous = this.ending.get(key);
    if (previous !== undefined) {
      void previous.then(() => this.begin(log, isNew));
      return;
    }
    if (this.isFollowed(key) || this.latest.get(key) !== log) return;
    // Starts in a microtask, after the map has it.
    const opened = Promise.resolve().then(() => this.open(log, isNew));
    this.opening.set(key, { log, opened });
  }

  private isFollowed(key: string): boolean {
    return this.stopped !== undefined || this.running.has(key) || this.opening.has(key);
  }

  private async open(log: CtLog, isNew: boolean): Promise<void> {
    const key = logKey(log);
    const attempt = this.opening.get(key);
    const isWanted = (): boolean => this.stopped === undefined && this.opening.get(key) === attempt;
    const start = await this.tailers.prepare(log, {
      ownership: this.share.ownershipOf(log),
      isNew,
      isWanted,
    });
    if (start === undefined || !isWanted()) return;
    this.opening.delete(key);
    const tailing = this.tailers.create(log, start, {
      onEntries: (count) => this.progress.add(count),
      startOver: () => this.startOver(log),
    });
    this.running.set(key, tailing);
    tailing.start();
  }

  /** Forgets the position of a log and follows it like a new log. */
  private startOver(log: CtLog): void {
    this.end(log);
    void this.ending.get(logKey(log))?.then(() => {
      this.states.forget(log);
      return this.begin(this.latest.get(logKey(log)) ?? log, true);
    });
  }

  private end(log: CtLog): void {
    const key = logKey(log);
    const tailing = this.running.get(key);
    const attempt = this.opening.get(key);
    this.opening.delete(key);
    this.running.delete(key);
    const stopping = Promise.all([tailing?.stop(), attempt?.opened]).then(() => this.tailers.release(log));
    this.ending.set(
      key,
      stopping.then(() => void this.ending.delete(key)),
    );
  }
}
