import { Injectable } from '@nestjs/common';
import type { StreamKind } from '../../certificate/rendered-texts.js';
import { TailingService } from '../../ct-log/following/tailing.service.js';
import { CertificateFeed } from '../../feed/certificate-feed.js';
import { DelayHistogram } from '../../kernel/delay-histogram.js';
import { StreamClients } from '../../stream/subscription/stream-clients.js';
import { STREAM_KINDS } from '../../stream/subscription/stream-paths.js';
import { ProcessMeter, type ProcessTotals } from './process-meter.js';

type StreamTotals = Readonly<Record<'messages' | 'bytes' | 'dropped', number>>;

/** What the server has done since its start. The difference of two totals is a rate. */
export interface ServerTotals {
  /** Milliseconds of a monotonic clock. */
  readonly clock: number;
  readonly entries: number;
  readonly precertificates: number;
  /** Octets received from the logs that are followed now. */
  readonly receivedBytes: number;
  readonly streams: Readonly<Record<StreamKind, StreamTotals>>;
  readonly delays: {
    /** Undefined while no log is followed. */
    readonly headToFeed: DelayHistogram | undefined;
    readonly entryToFeed: DelayHistogram | undefined;
    readonly feedToSocket: DelayHistogram | undefined;
  };
  readonly process: ProcessTotals;
}

/** Reads the counters that the parts of the server keep anyway. */
@Injectable()
export class TotalsReader {
  readonly process = new ProcessMeter();

  constructor(
    private readonly feed: CertificateFeed,
    private readonly clients: StreamClients,
    private readonly tailing: TailingService,
  ) {}

  read(): ServerTotals {
    const { entries, precertificates } = this.feed.stats;
    const followed = this.tailing.followed();
    const { audiences } = this.clients;
    return {
      clock: performance.now(),
      entries,
      precertificates,
      receivedBytes: followed.reduce((sum, { counters }) => sum + counters.bytesReceived, 0),
      streams: {
        full: { ...audiences.full.stats },
        lite: { ...audiences.lite.stats },
        domains: { ...audiences.domains.stats },
      },
      delays: {
        headToFeed: DelayHistogram.sumOf(followed.map(({ counters }) => counters.latency.sinceHead)),
        entryToFeed: DelayHistogram.sumOf(followed.map(({ counters }) => counters.latency.sinceEntry)),
        feedToSocket: DelayHistogram.sumOf(STREAM_KINDS.map((kind) => audiences[kind].delays)),
      },
      process: this.process.totals,
    };
  }
}

/** Shortest time over which a rate is computed, milliseconds. */
const SHORTEST_MS = 1000;

/** The time between two totals. */
export class TotalsWindow {
  constructor(
    private readonly before: ServerTotals,
    private readonly after: ServerTotals,
  ) {}

  /** Returns the increase of a total per second; undefined if it is not known at both ends, or if the window is too short. */
  perSecond(total: (totals: ServerTotals) => number | undefined): number | undefined {
    const { before, after } = this;
    const [from, to] = [total(before), total(after)];
    const ms = after.clock - before.clock;
    if (from === undefined || to === undefined || ms < SHORTEST_MS) return undefined;
    return (Math.max(0, to - from) * 1000) / ms;
  }

  /** Returns the delays that were observed in the window. */
  delays(name: keyof ServerTotals['delays']): DelayHistogram | undefined {
    const [before, after] = [this.before.delays[name], this.after.delays[name]];
    return before === undefined ? after : after?.since(before);
  }

  /** Share of the time in which the main thread worked. */
  get utilization(): number | undefined {
    const active = this.perSecond(({ process }) => process.loop.active);
    return active === undefined ? undefined : Math.min(1, active / 1000);
  }

  /** CPU time of all threads, seconds per second. */
  get cpu(): number | undefined {
    const cpu = this.perSecond(({ process }) => process.cpuMs);
    return cpu === undefined ? undefined : cpu / 1000;
  }

  /** Pauses for garbage collection, seconds per second. */
  get garbageCollection(): number | undefined {
    const pauses = this.perSecond(({ process }) => process.gcMs);
    return pauses === undefined ? undefined : pauses / 1000;
  }
}
