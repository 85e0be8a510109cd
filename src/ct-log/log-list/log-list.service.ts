import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type Observable, ReplaySubject } from 'rxjs';
import { abortControllerForMany } from '../../kernel/abort-controller.js';
import { Backoff } from '../../kernel/backoff.js';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import type { ConfigType } from '@nestjs/config';
import { generalConfig, logListConfig } from '../../config/config-namespace.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { PeriodicWork } from '../../schedule/periodic-work.js';
import type { CtLog } from '../client/ct-log.js';
import { CtHttpClient } from '../client/http/ct-http-client.js';
import type { LogList } from './log-list.js';
import { LogListSource } from './log-list-source.js';
import { configuredLogs, mergeLogs, withoutExcluded } from './select-logs.js';

const REFRESH_JOB = 'log-list-refresh';
const RETRY_JOB = 'log-list-retry';
const RETRIES = { firstMs: 5000, longestMs: 10 * 60_000, jitter: 0.5 };
/** Maximum number of log lines about the invalid entries of one list. */
const SHOWN_SKIPPED = 50;

/** The state of the log list, for health and metrics. */
export interface LogListStatus {
  /** False with `disable_default_logs`: no list is read, and none is missing. */
  readonly isUsed: boolean;
  readonly source: 'network' | 'cache' | 'none';
  readonly version: string | undefined;
  /** When the list was made, milliseconds since the epoch. */
  readonly timestamp: number | undefined;
  /** Time of the last accepted download, milliseconds since the epoch; 0 = never. */
  readonly lastSuccessAt: number;
  /** The last failure after `lastSuccessAt`. */
  readonly lastError: { readonly code: string; readonly message: string; readonly at: number } | undefined;
}

/**
 * LogListService determines the logs to follow: those of the log list and those of the configuration. It reads the list when it
 * starts and then regularly. A failed download is retried sooner; the last good list stays in use meanwhile.
 */
@Injectable()
export class LogListService implements OnModuleDestroy {
  /**
   * All logs to follow. A late subscriber gets the current set at once. Before the first list the set has only configured logs,
   * and is not emitted if there are none.
   */
  readonly wanted$: Observable<readonly CtLog[]>;

  private readonly logger = new Logger(LogListService.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly wanted = new ReplaySubject<readonly CtLog[]>(1);
  private readonly source: LogListSource | undefined;
  private readonly configured: readonly CtLog[];
  private readonly controller = abortControllerForMany();
  private list: LogList | undefined;
  private listed: readonly CtLog[] = [];
  private state: LogListStatus;
  private refreshing: Promise<void> | undefined;
  private readonly backoff = new Backoff(RETRIES);
  private isCacheUnwritable = false;

  /** @throws LogListError (`CT_LOG_LIST_KEY`) */
  constructor(
    @Inject(generalConfig.KEY) private readonly general: ConfigType<typeof generalConfig>,
    @Inject(logListConfig.KEY) private readonly config: ConfigType<typeof logListConfig>,
    http: CtHttpClient,
    private readonly periodic: PeriodicWork,
  ) {
    this.wanted$ = this.wanted.asObservable();
    this.configured = configuredLogs(general);
    const isUsed = !general.disable_default_logs;
    if (isUsed) this.source = new LogListSource(config, http);
    this.state = {
      isUsed,
      source: 'none',
      version: undefined,
      timestamp: undefined,
      lastSuccessAt: 0,
      lastError: undefined,
    };
  }

  get status(): LogListStatus {
    return this.state;
  }

  /** Starts to read the list. Must be called once. */
  start(): void {
    if (this.configured.length > 0 || this.source === undefined) this.wanted.next(this.configured);
    if (this.source === undefined) return;
    const refreshMs = this.config.refresh_interval_minutes * 60_000;
    this.periodic.every(REFRESH_JOB, refreshMs, () => void this.refresh());
    void this.refresh();
  }

  onModuleDestroy(): void {
    this.controller.abort();
    this.periodic.cancel(RETRY_JOB);
    this.periodic.cancel(REFRESH_JOB);
  }

  /** Reads the list now, or waits for the read that is under way. Never rejects. */
  refresh(): Promise<void> {
    this.refreshing ??= this.readList().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async readList(): Promise<void> {
    const { source } = this;
    if (source === undefined || this.controller.signal.aborted) return;
    this.periodic.cancel(RETRY_JOB);
    try {
      const list = await source.download(this.list, this.controller.signal, (error) =>
        this.warnOfCache(error),
      );
      this.backoff.reset();
      this.problems.resolved(REFRESH_JOB);
      this.use(list, 'network');
    } catch (error) {
      if (this.controller.signal.aborted) return;
      this.noteFailure(error);
      this.retryLater();
      if (this.list === undefined) await this.useCache(source);
    }
  }

  private async useCache(source: LogListSource): Promise<void> {
    try {
      const list = await source.readCache();
      if (list !== undefined) this.use(list, 'cache');
    } catch (error) {
      const message = messageOf(error);
      this.problems.report('cache', `the cached log list cannot be used: ${message}`);
    }
  }

  private use(list: LogList, from: 'network' | 'cache'): void {
    // A server that stops may have read the list already.
    if (this.controller.signal.aborted) return;
    const isNew = list.version !== this.list?.version || this.state.source === 'none';
    this.list = list;
    this.state = {
      ...this.state,
      source: from,
      version: list.version,
      timestamp: list.timestamp,
      ...(from === 'network' ? { lastSuccessAt: Date.now(), lastError: undefined } : {}),
    };
    if (isNew) {
      const origin = from === 'cache' ? ' from the cache' : '';
      this.logger.log(
        `log list ${list.version ?? 'without version'}${origin}: ${list.logs.length} logs to follow`,
      );
      const { skipped } = list;
      for (const line of skipped.slice(0, SHOWN_SKIPPED)) this.logger.warn(`log list: ignored ${line}`);
      if (skipped.length > SHOWN_SKIPPED)
        this.logger.warn(`log list: ignored ${skipped.length - SHOWN_SKIPPED} more entries`);
    }
    const followed = withoutExcluded(list.logs, this.general.excluded_logs);
    // The first argument of mergeLogs wins, so a log that is still listed is taken from the new list.
    this.listed = this.general.drop_old_logs ? followed : mergeLogs(followed, this.listed);
    this.wanted.next(mergeLogs(this.configured, this.listed));
  }

  private noteFailure(error: unknown): void {
    const message = messageOf(error);
    const code = error instanceof CertstreamError ? error.code : 'CT_LOG_LIST';
    this.state = { ...this.state, lastError: { code, message, at: Date.now() } };
    const meanwhile =
      this.list === undefined
        ? 'none of its logs is followed until a retry succeeds'
        : 'the last good list stays in use';
    this.problems.report(REFRESH_JOB, `the log list is unavailable: ${message}; ${meanwhile}`, {
      code,
      url: this.config.url,
    });
  }

  private retryLater(): void {
    this.periodic.after(RETRY_JOB, this.backoff.failed(), () => void this.retry());
  }

  /** Reads the list once more, after the failed read has ended: it may still read the cache. */
  private async retry(): Promise<void> {
    await this.refreshing;
    await this.refresh();
  }

  private warnOfCache(error: unknown): void {
    if (this.isCacheUnwritable) return;
    this.isCacheUnwritable = true;
    const message = messageOf(error);
    this.logger.warn(
      `the log list cannot be written to the cache file; a start without network will have no list: ${message}`,
    );
  }
}
