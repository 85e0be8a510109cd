import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { webserverConfig } from '../../config/config-namespace.js';
import { TailingService } from '../../ct-log/following/tailing.service.js';
import { PeriodicWork } from '../../schedule/periodic-work.js';
import type { DashboardHistory } from '../dashboard-data.js';
import { SampleHistory } from './sample-history.js';
import { type ServerTotals, TotalsReader, TotalsWindow } from './server-totals.js';

const HOUR_MS = 3_600_000;
const SERVER_INTERVAL_MS = 10_000;
/** Logs are sampled more rarely: they are many, and their charts are small. */
const SAMPLES_PER_LOG_SAMPLE = 3;
const LOG_INTERVAL_MS = SERVER_INTERVAL_MS * SAMPLES_PER_LOG_SAMPLE;
/** Totals that are kept: those of the last minute. */
const MAX_TOTALS = 7;
/** No page is open any more if none has asked for this time. */
const UNOBSERVED_MS = 30_000;

/** Samples the server every ten seconds, for the charts of the last hour and for rates. A sample takes well below a millisecond. */
@Injectable()
export class ServerSamples implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server = new SampleHistory(HOUR_MS / SERVER_INTERVAL_MS);
  private readonly treeSizes = new SampleHistory(HOUR_MS / LOG_INTERVAL_MS);
  private readonly streamedIndices = new SampleHistory(HOUR_MS / LOG_INTERVAL_MS);
  /** Oldest first. */
  private readonly totals: ServerTotals[] = [];
  private samples = 0;
  private lastTime = 0;
  private askedAt = -Infinity;

  constructor(
    private readonly reader: TotalsReader,
    private readonly tailing: TailingService,
    private readonly periodic: PeriodicWork,
    @Inject(webserverConfig.KEY) private readonly config: ConfigType<typeof webserverConfig>,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.dashboard) return;
    this.totals.push(this.reader.read());
    this.periodic.every('dashboard', SERVER_INTERVAL_MS, () => this.sample());
  }

  beforeApplicationShutdown(): void {
    this.reader.process.rest();
  }

  /** Notes that a page is open: everything is measured for a while. */
  asked(): void {
    this.askedAt = performance.now();
    this.reader.process.observe();
  }

  /** What happened in the last 10 to 20 seconds, and in the last minute. */
  windows(): { readonly now: ServerTotals; readonly short: TotalsWindow; readonly minute: TotalsWindow } {
    const now = this.reader.read();
    const { totals } = this;
    const short = new TotalsWindow(totals.at(-2) ?? totals[0] ?? now, now);
    return { now, short, minute: new TotalsWindow(totals[0] ?? now, now) };
  }

  /** How late timers ran, milliseconds. */
  get loopDelay(): { readonly p50: number; readonly p99: number } | undefined {
    return this.reader.process.loopDelay;
  }

  /** Takes one sample. */
  sample(): void {
    const after = this.reader.read();
    const window = new TotalsWindow(this.totals.at(-1) ?? after, after);
    this.totals.push(after);
    if (this.totals.length > MAX_TOTALS) this.totals.shift();
    // Timers may run early by a millisecond or so. If the wall clock was set back, the samples before have times in the future.
    if (Date.now() < this.lastTime - SERVER_INTERVAL_MS) this.forget();
    const time = (this.lastTime = Math.max(Date.now(), this.lastTime + 1));
    const quantile = (name: keyof ServerTotals['delays'], part: number) =>
      window.delays(name)?.quantile(part);
    this.server.add(time, {
      entries_per_second: window.perSecond(({ entries }) => entries),
      head_to_feed_p50: quantile('headToFeed', 0.5),
      head_to_feed_p99: quantile('headToFeed', 0.99),
      feed_to_socket_p50: quantile('feedToSocket', 0.5),
      feed_to_socket_p99: quantile('feedToSocket', 0.99),
      cpu: window.cpu,
      event_loop_utilization: window.utilization,
      rss_bytes: process.memoryUsage.rss(),
    });
    if (this.samples++ % SAMPLES_PER_LOG_SAMPLE === 0) this.sampleLogs(time);
    this.reader.process.turn();
    if (performance.now() - this.askedAt > UNOBSERVED_MS) this.reader.process.rest();
  }

  /** @param withProcess whether the figures of the process are shown. */
  history(since: number, withProcess: boolean): DashboardHistory {
    const { server, treeSizes, streamedIndices } = this;
    const values = (name: string, isShown = true): (number | null)[] =>
      server.valuesAfter(since, isShown ? name : '');
    const logs = this.tailing.followed().map(({ log }) => log.source.url);
    return {
      server: {
        interval_ms: SERVER_INTERVAL_MS,
        times_ms: server.timesAfter(since),
        entries_per_second: values('entries_per_second'),
        head_to_feed_p50: values('head_to_feed_p50'),
        head_to_feed_p99: values('head_to_feed_p99'),
        feed_to_socket_p50: values('feed_to_socket_p50'),
        feed_to_socket_p99: values('feed_to_socket_p99'),
        cpu: values('cpu', withProcess),
        event_loop_utilization: values('event_loop_utilization', withProcess),
        rss_bytes: values('rss_bytes', withProcess),
      },
      logs: {
        interval_ms: LOG_INTERVAL_MS,
        times_ms: treeSizes.timesAfter(since),
        of: Object.fromEntries(
          logs.map((url) => [
            url,
            {
              tree_size: treeSizes.valuesAfter(since, url),
              streamed_index: streamedIndices.valuesAfter(since, url),
            },
          ]),
        ),
      },
    };
  }

  private forget(): void {
    this.lastTime = 0;
    for (const history of [this.server, this.treeSizes, this.streamedIndices]) history.clear();
  }

  private sampleLogs(time: number): void {
    const followed = this.tailing.followed();
    const of = (value: (log: (typeof followed)[number]) => number | undefined) =>
      Object.fromEntries(followed.map((log) => [log.log.source.url, value(log)]));
    this.treeSizes.add(
      time,
      of(({ status }) => (status.state === 'starting' ? undefined : status.treeSize)),
    );
    this.streamedIndices.add(
      time,
      of(({ status }) => status.nextIndex),
    );
  }
}
