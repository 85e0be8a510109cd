import type { CertstreamConfig } from '../../config/config-schema.js';
import type { Clock } from '../../kernel/clock.js';
import { type Waiter, WaitQueue } from '../../kernel/wait-queue.js';
import { FlightBudget, type Load, URGENCIES, type Urgency } from './flight-budget.js';
import type { Lease } from './flight-lease.js';
import { FlightShare } from './flight-share.js';
import { type Connection, type Host, LogConnections } from './log-connections.js';
import { OperatorPace } from './operator-pace.js';

/** The share of the connections to a host that is not reserved for tree heads. */
const SHARE_WITHOUT_HEADS = 0.75;

export interface RequestSchedulerOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Maximum number of entries and bytes that all logs together may have requested and not yet delivered. */
  readonly capacity: Load;
  /** Connections to one host, in addition to those for tree heads and the first one of each log. */
  readonly connectionsPerHost: number;
  /** Maximum number of concurrent requests of one log, in addition to those for tree heads. */
  readonly maxParallel: number;
  /** Makes the pace of one operator. */
  readonly newPace: () => OperatorPace;
}

/** The state of one log in the scheduler. */
export interface ScheduledLog {
  /** Shared with the other logs of the operator. */
  readonly pace: OperatorPace;
  readonly connections: LogConnections;
  readonly share: FlightShare;
  /** No request is sent before this time: the log requested the pause. */
  quietUntil: number;
}

export interface ScheduledRequest {
  readonly log: ScheduledLog;
  /** Called for every decision, because the urgency of a waiting request may change, for example from `ahead` to `live`. */
  readonly urgency: () => Urgency;
  /** Set for a range of entries, which gets memory of this size and a reserved connection. */
  readonly load?: Load;
  /** Called once if the request waits only for memory. */
  readonly onNoRoom?: () => void;
}

/** The connection and memory granted to a request. A request for a tree head needs neither. */
export interface Permit {
  readonly connection?: Connection;
  readonly lease?: Lease;
}

interface Pending {
  readonly request: ScheduledRequest;
  permit?: Permit;
  /** Whether `onNoRoom` was called. */
  isReported?: boolean;
}

/**
 * RequestScheduler decides which request of all logs is sent next. A request gets the pace of the operator, a connection to the
 * host and memory for the answer together or not at all: no request holds one of them while it waits for another. The most
 * urgent request goes first; requests of the same urgency go in order of arrival. A request that must wait holds up no other.
 */
export class RequestScheduler {
  readonly budget: FlightBudget;
  private readonly queue = new WaitQueue<Pending>();
  private readonly paces = new Map<string, OperatorPace>();
  private readonly hosts = new Map<string, Host>();
  private isRunning = false;
  private isStale = false;
  /** When the next request may be sent, as of the last search of the queue. */
  private wakeAt = Infinity;
  /** The requests that wait only for memory, as of the last search of the queue. */
  private roomless: Pending[] = [];
  private timerAt = Infinity;
  private cancelTimer: () => void = () => undefined;

  constructor(private readonly options: RequestSchedulerOptions) {
    this.budget = new FlightBudget(options.capacity, options.clock, () => this.run());
  }

  static fromConfig({ ct_log: options, general }: CertstreamConfig, clock: Clock): RequestScheduler {
    const connections = Math.floor(options.max_connections_per_origin * SHARE_WITHOUT_HEADS);
    return new RequestScheduler({
      clock,
      capacity: {
        entries: general.buffer_sizes.dispatcher,
        bytes: options.max_in_flight_mb * 1024 * 1024,
      },
      connectionsPerHost: Math.max(1, connections),
      maxParallel: options.max_parallel_requests,
      newPace: () => new OperatorPace(clock, options.max_requests_per_second),
    });
  }

  /** Number of requests that wait. */
  get waiting(): number {
    return this.queue.size;
  }

  /** @param operator its logs share a pace and a part of the memory. @param host its logs share its connections. */
  log(operator: string, host: string): ScheduledLog {
    const { connectionsPerHost: max, maxParallel, newPace } = this.options;
    const pace = this.paces.get(operator) ?? newPace();
    this.paces.set(operator, pace);
    const shared = this.hosts.get(host) ?? { max, taken: 0 };
    this.hosts.set(host, shared);
    return {
      pace,
      connections: new LogConnections(shared, maxParallel),
      share: new FlightShare(this.budget, operator),
      quietUntil: -Infinity,
    };
  }

  /** Waits until the request may be sent. @returns undefined when `signal` ended the wait. */
  async admit(request: ScheduledRequest, signal: AbortSignal | undefined): Promise<Permit | undefined> {
    const pending: Pending = { request };
    const admitted = this.queue.wait(signal, pending);
    this.run();
    await admitted;
    const { permit } = pending;
    // Stops the timer if no request waits. The timer would keep a process alive that has stopped everything else.
    if (permit === undefined && this.waiting === 0) this.run();
    if (permit === undefined || signal?.aborted !== true) return permit;
    this.leave(request.log, permit.connection, request.load === undefined ? 'isBusy' : 'isKept');
    permit.lease?.release();
    return undefined;
  }

  /** Reports that a request has ended (`isBusy`), or that the range of a reserved connection is fetched (`isKept`). */
  leave({ connections }: ScheduledLog, connection: Connection | undefined, use: 'isBusy' | 'isKept'): void {
    if (connection !== undefined) {
      connection[use] = false;
      connections.leave(connection);
    }
    // Required after a tree head too, because its answer may have changed the pace.
    this.run();
  }

  /** Admits every waiting request that can be sent now. */
  run(): void {
    this.isStale = true;
    if (this.isRunning) return;
    this.isRunning = true;
    while (this.isStale) {
      this.isStale = false;
      for (let next = this.next(); next !== undefined; next = this.next()) this.grant(next);
      for (const pending of this.roomless) {
        if (pending.isReported === true) continue;
        pending.isReported = true;
        pending.request.onNoRoom?.();
      }
    }
    this.isRunning = false;
    this.schedule();
  }

  private next(): Waiter<Pending> | undefined {
    const now = this.options.clock.now();
    this.wakeAt = Infinity;
    this.roomless = [];
    let best: Waiter<Pending> | undefined;
    let bestRank = Infinity;
    for (const waiter of this.queue) {
      const { log, urgency } = waiter.item.request;
      const wanted = urgency();
      const rank = log.pace.isOverdue(wanted) ? -1 : URGENCIES.indexOf(wanted);
      if (rank >= bestRank || !this.isGrantable(waiter.item, wanted, now)) continue;
      best = waiter;
      bestRank = rank;
    }
    return best;
  }

  private isGrantable(pending: Pending, urgency: Urgency, now: number): boolean {
    const { log, load } = pending.request;
    if (log.quietUntil > now) return this.notBefore(log.quietUntil);
    const idle = kept(pending.request, urgency);
    if (urgency !== 'head' && idle === undefined && !log.connections.mayConnect) return false;
    const opensAt = idle?.isPaid === true ? now : log.pace.opensAt(now);
    if (opensAt > now) {
      log.pace.bound();
      return this.notBefore(opensAt);
    }
    if (load === undefined || log.share.admits(load, urgency)) return true;
    this.roomless.push(pending);
    return false;
  }

  private notBefore(time: number): false {
    this.wakeAt = Math.min(this.wakeAt, time);
    return false;
  }

  private grant({ item, wake }: Waiter<Pending>): void {
    const { log, load, urgency } = item.request;
    const wanted = urgency();
    const connection =
      wanted === 'head' ? undefined : (kept(item.request, wanted) ?? log.connections.connect());
    wake();
    if (connection?.isPaid !== true) log.pace.take(wanted, this.urgenciesOf(log.pace));
    if (connection !== undefined) {
      connection.isBusy = load === undefined;
      connection.isPaid = load !== undefined;
      connection.isKept ||= load !== undefined;
    }
    item.permit = { connection, lease: load && log.share.take(load, wanted) };
  }

  private urgenciesOf(pace: OperatorPace): ReadonlySet<Urgency> {
    const urgencies = new Set<Urgency>();
    for (const { item } of this.queue)
      if (item.request.log.pace === pace) urgencies.add(item.request.urgency());
    return urgencies;
  }

  private schedule(): void {
    if (this.wakeAt === this.timerAt) return;
    const { clock } = this.options;
    this.cancelTimer();
    this.timerAt = this.wakeAt;
    if (this.timerAt === Infinity) return;
    this.cancelTimer = clock.after(this.timerAt - clock.now(), () => {
      this.timerAt = Infinity;
      this.run();
    });
  }
}

/** The idle reserved connection of the log, if the request can use it. */
function kept({ log, load }: ScheduledRequest, urgency: Urgency): Connection | undefined {
  return load === undefined && urgency !== 'head' ? log.connections.idle : undefined;
}
