import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { evidenceFolder } from '../../config/evidence-folder.js';
import { issuerFilePath } from '../../config/state-file-path.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { CertificateFeed } from '../../feed/certificate-feed.js';
import { createCtLogClient } from '../client/create-ct-log-client.js';
import type { CtLog } from '../client/ct-log.js';
import { ExtraDataCheck } from '../../certificate/precertificate/extra-data-check.js';
import { ExtraDataGuard } from '../verification/extra-data-guard.js';
import { GapFiller } from '../gaps/gap-filler.js';
import { CtHttpClient } from '../client/http/ct-http-client.js';
import { withDataTiles } from '../log-list/data-tile-logs.js';
import { LogRequests, operatorOf } from '../scheduling/log-requests.js';
import { RequestScheduler } from '../scheduling/request-scheduler.js';
import type { Gap, NewGap } from '../state/gap-ledger.js';
import { LogStateStore } from '../state/log-state-store.js';
import { IssuerCache } from '../client/static-ct/issuer-cache.js';
import { IssuerFile } from '../client/static-ct/issuer-file.js';
import { CatchUpRate } from './backlog.js';
import { EntryFetcher } from './entry-fetcher.js';
import { createDelivery } from '../verification/create-delivery.js';
import { EntryPublisher } from '../verification/entry-publisher.js';
import { systemClock } from '../../kernel/clock.js';
import { FlightBudget } from '../scheduling/flight-budget.js';
import { FlightShare } from '../scheduling/flight-share.js';
import { EvidenceFolder } from '../reporting/evidence-folder.js';
import { LogCounters } from '../reporting/log-counters.js';
import { LogReporter } from '../reporting/log-reporter.js';
import { LogStatus } from '../reporting/log-status.js';
import { type LogStart, openLog, type OpenLogOptions } from './open-log.js';
import { LogTailer } from './log-tailer.js';

export interface Tailing {
  readonly log: CtLog;
  readonly counters: LogCounters;
  readonly status: LogStatus;
  /** Fetches single entries on request. */
  readonly fetcher: EntryFetcher;
  /** May be called once. */
  start(): void;
  /** Resolves when the delivery under way has ended and no request is under way. */
  stop(): Promise<void>;
}

export interface TailingEvents {
  /** Called after each publication with the number of entries. */
  readonly onEntries: (count: number) => void;
  /** Called when the saved position is not of this log. */
  readonly startOver: () => void;
}

/** TailerFactory creates tailers and owns what they share: issuers, bounds on entries in flight and held, evidence, problem log. */
@Injectable()
export class TailerFactory implements OnModuleInit, OnApplicationShutdown {
  private readonly issuers = new IssuerCache();
  /** Only with `recovery.enabled`. */
  private readonly issuerFile: IssuerFile | undefined;
  private readonly extraDataCheck = new ExtraDataCheck();
  private readonly logger = new Logger(LogTailer.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly evidence: EvidenceFolder;
  private readonly scheduler: RequestScheduler;
  /** Bounds held entries separately from entries in flight: a log that holds entries must not keep others from fetching. */
  private readonly heldBudget: FlightBudget;
  private readonly catchUp: CatchUpRate;

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    private readonly http: CtHttpClient,
    private readonly feed: CertificateFeed,
    private readonly states: LogStateStore,
  ) {
    this.evidence = new EvidenceFolder(evidenceFolder(config), this.problems, (message, fields) =>
      this.logger.log(message, fields),
    );
    const { recovery } = config.general;
    if (recovery.enabled)
      this.issuerFile = new IssuerFile(issuerFilePath(recovery), this.issuers, this.problems);
    this.scheduler = RequestScheduler.fromConfig(config, systemClock);
    this.heldBudget = new FlightBudget(this.scheduler.budget.capacity, systemClock);
    this.catchUp = new CatchUpRate(config.ct_log.catch_up_entries_per_second, systemClock);
  }

  async onModuleInit(): Promise<void> {
    await this.issuerFile?.load();
    if (this.config.ct_log.verification !== 'off') await this.evidence.check();
  }

  async saveIssuers(): Promise<void> {
    await this.issuerFile?.save();
  }

  /** Called when all tailers have stopped. */
  onApplicationShutdown(): Promise<void> {
    return this.saveIssuers();
  }

  /** See {@link openLog}. */
  prepare(log: CtLog, options: OpenLogOptions): Promise<LogStart | undefined> {
    const { problems, states, feed } = this;
    return openLog({ problems, states, journal: feed.journal }, log, options);
  }

  /** Resolves when the journal has stored the entries of a log that is no longer followed. */
  release(log: CtLog): Promise<void> {
    return this.feed.journal.leave(log.source.url);
  }

  /** @param start the result of {@link prepare}. */
  create(log: CtLog, { state: start, held }: LogStart, { onEntries, startOver }: TailingEvents): Tailing {
    if (start.next !== undefined) this.feed.resume();
    const counters = new LogCounters();
    const status = new LogStatus();
    const reporter = new LogReporter({
      log,
      counters,
      status,
      problems: this.problems,
      evidence: this.evidence,
      clock: systemClock,
    });
    const publisher = this.publisherOf(log, counters, status, onEntries);
    const { ct_log: options, general } = this.config;
    const { scheduler } = this;
    const requests = LogRequests.of(log, this.http, options, {
      scheduler,
      clock: systemClock,
      onLimited: () => reporter.limited(),
    });
    const { buffer_sizes: sizes, recovery } = general;
    const asked = withDataTiles(log, options.data_tile_logs);
    const patience = { tries: recovery.gap_after_tries, minutes: recovery.gap_after_minutes };
    const client = createCtLogClient(asked, requests, {
      issuers: this.issuers,
      counters,
      problems: reporter,
      issuerPatience: patience,
    });
    const parts = { client, counters, status, reporter, publisher, clock: systemClock };
    const extraData = new ExtraDataGuard({
      ...parts,
      check: this.extraDataCheck,
      leavesOut: options.verification === 'enforce',
    });
    const delivery = createDelivery(options.verification, {
      ...parts,
      extraData,
      start,
      save: (change) => this.states.update(log, change),
      maxHeld: sizes.ctlog,
      budget: new FlightShare(this.heldBudget, operatorOf(log)),
    });
    const tailer = new LogTailer({
      url: log.source.url,
      ...parts,
      delivery,
      requests,
      catchUp: this.catchUp,
      maxBatch: sizes.ctlog,
      maxParallel: options.max_parallel_requests,
      pollIntervalMs: options.poll_interval_seconds * 1000,
      isSigned: log.key !== undefined,
      mmd: log.mmd,
      startOver,
      rereadsPages: log.source.type === 'tiled',
      gapAfter: patience,
      // What the journal holds of another member is not missing.
      addGap: (gap) => this.addGap(log, { ...gap, from: Math.max(gap.from, held) }),
    });
    const fetcher = new EntryFetcher({
      client: createCtLogClient(asked, requests, { issuers: this.issuers, counters }),
      requests,
      status,
      type: log.source.type,
    });
    const gapFiller = new GapFiller({
      ...parts,
      extraData,
      requests,
      gaps: this.states.gaps(log),
      retryMs: recovery.gap_retry_seconds * 1000,
      verification: options.verification,
      head: () => this.states.get(log)?.head,
      onFilled: (count, range) => this.reportFilled(log, count, range),
    });
    return {
      log,
      counters,
      status,
      fetcher,
      start: () => {
        tailer.start();
        gapFiller.start();
      },
      stop: async () => {
        await Promise.all([tailer.stop(), gapFiller.stop()]);
        delivery.close?.();
        requests.close();
      },
    };
  }

  private publisherOf(
    { source: { url } }: CtLog,
    counters: LogCounters,
    status: LogStatus,
    onEntries: TailingEvents['onEntries'],
  ): EntryPublisher {
    return new EntryPublisher({
      counters,
      status,
      clock: systemClock,
      ready: (signal) => this.feed.ready(signal, url),
      publish: (batch, kind) => {
        this.feed.publish(batch, kind);
        onEntries(batch.count);
      },
    });
  }

  private addGap(log: CtLog, { from, to, reason }: NewGap): void {
    if (from >= to) return;
    this.states.gaps(log).add({ from, to, reason });
    this.feed.reportUnavailable({ source: log.source, from, to });
  }

  private reportFilled({ source: { name, url } }: CtLog, count: number, { from, to }: Gap): void {
    this.logger.log(`${name}: ${count} entries of the gap ${from} to ${to} were fetched and streamed late`, {
      log: url,
      count,
    });
  }
}
