import { Injectable } from '@nestjs/common';
import { packageJson } from '../kernel/package-json.js';
import type { DelayHistogram } from '../kernel/delay-histogram.js';
import { ClusterRows } from './cluster-rows.js';
import type { DashboardData, DashboardDelay, DashboardProcess } from './dashboard-data.js';
import { DeliveryRows } from './delivery-rows.js';
import { ServerSamples } from './figures/server-samples.js';
import type { ServerTotals, TotalsWindow } from './figures/server-totals.js';
import { LogRows } from './log-rows.js';

/** Time for which pages get the same figures, milliseconds. Many open pages then cost little more than one. */
export const KEPT_MS = 500;

type Figures = Omit<DashboardData, 'history'>;

/** Puts the data of the dashboard together. */
@Injectable()
export class DashboardReport {
  private readonly kept = new Map<boolean, Figures>();

  constructor(
    private readonly samples: ServerSamples,
    private readonly logs: LogRows,
    private readonly deliveries: DeliveryRows,
    private readonly cluster: ClusterRows,
  ) {}

  /**
   * @param since leaves out the samples until this time, milliseconds since the epoch.
   * @param seesAll whether the client may see the process, the clients and the texts of errors.
   */
  data(since: number, seesAll: boolean): DashboardData {
    this.samples.asked();
    return { ...this.figures(Date.now(), seesAll), history: this.samples.history(since, seesAll) };
  }

  private figures(now: number, seesAll: boolean): Figures {
    const kept = this.kept.get(seesAll);
    if (kept !== undefined && Math.abs(now - kept.now_ms) < KEPT_MS) return kept;
    const made = this.make(now, seesAll);
    this.kept.set(seesAll, made);
    return made;
  }

  private make(now: number, seesAll: boolean): Figures {
    const { deliveries, logs } = this;
    const { now: totals, short, minute } = this.samples.windows();
    const ofStreams = (name: 'messages' | 'bytes') => (from: ServerTotals) =>
      from.streams.full[name] + from.streams.lite[name] + from.streams.domains[name];
    return {
      version: packageJson().version,
      now_ms: now,
      uptime_seconds: Math.floor(process.uptime()),
      totals: {
        entries: totals.entries,
        precertificates: totals.precertificates,
        messages: ofStreams('messages')(totals),
      },
      rates: {
        entries: short.perSecond(({ entries }) => entries) ?? null,
        messages: short.perSecond(ofStreams('messages')) ?? null,
        sent_bytes: short.perSecond(ofStreams('bytes')) ?? null,
        received_bytes: short.perSecond(({ receivedBytes }) => receivedBytes) ?? null,
      },
      delay: {
        head_to_feed: delayOf(minute.delays('headToFeed')),
        entry_to_feed: delayOf(minute.delays('entryToFeed')),
        feed_to_socket: delayOf(minute.delays('feedToSocket')),
      },
      process: seesAll ? this.process(short) : null,
      log_list: logs.list,
      logs: logs.logs(now),
      streams: deliveries.streams(short),
      slowest_clients: seesAll ? deliveries.slowestClients() : null,
      outputs: deliveries.outputs(seesAll),
      cluster: this.cluster.read(),
    };
  }

  private process(window: TotalsWindow): DashboardProcess {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    const { loopDelay } = this.samples;
    const { cpu, garbageCollection, utilization } = window;
    // The main thread also counts as working while it waits for a core.
    const main = cpu === undefined || utilization === undefined ? undefined : Math.min(cpu, utilization);
    return {
      cpu: cpu ?? null,
      memory: {
        rss_bytes: rss,
        heap_used_bytes: heapUsed,
        heap_total_bytes: heapTotal,
        external_bytes: external,
      },
      event_loop: {
        utilization: utilization ?? null,
        delay_p50_ms: loopDelay?.p50 ?? null,
        delay_p99_ms: loopDelay?.p99 ?? null,
      },
      time: {
        javascript: main === undefined ? null : Math.max(0, main - (garbageCollection ?? 0)),
        garbage_collection: garbageCollection ?? null,
        other_threads: cpu === undefined || main === undefined ? null : cpu - main,
      },
    };
  }
}

function delayOf(delays: DelayHistogram | undefined): DashboardDelay {
  return {
    count: delays?.total ?? 0,
    p50: delays?.quantile(0.5) ?? null,
    p99: delays?.quantile(0.99) ?? null,
  };
}
