import type { CertstreamConfig } from '../../config/config-schema.js';
import type { Clock } from '../../kernel/clock.js';
import { type Waiter, WaitQueue } from '../../kernel/wait-queue.js';
import { FlightBudget, type Load, URGENCIES, type Urgency } from './flight-budget.js';
import type { Lease } from './flight-lease.js';
import { FlightShare } from './flight-share.js';
import { type Connection, type Host, LogConnections } from './log-connections.js';
import { OperatorPace } from './operator-pace.js';

/** Of the connections to a host, those that are not kept for tree heads. */
const SHARE_WITHOUT_HEADS = 0.75;

export interface RequestSchedulerOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** What all logs together may have requested and not yet delivered. */
  readonly capacity: Load;
  /** Connections to one host, besides those for tree heads and the first one of each log. */
  readonly connectionsPerHost: number;
  /** Most requests of one log at the same time, besides those for tree heads. */
  readonly maxParallel: number;
  /** Makes the pace of one operator. */
  readonly newPace: () => OperatorPace;
}

/** What one log asks with. */
export interface ScheduledLog {
  /** Shared with the other logs of the operator. */
  readonly pace: OperatorPace;
  readonly connections: LogConnections;
  readonly share: FlightShare;
  /** The log asked not to be asked before that time. */
  quietUntil: number;
}

export interface ScheduledRequest {
  readonly log: ScheduledLog;
  /** Looked at each time that something becomes free: what lies ahead may become what is wanted next. */
  readonly urgency: () => Urgency;
  /** Of a range of entries: the memory for them, and a connection that is kept for everything that is fetched for them. */
  readonly load?: Load;
  /** Called once if memory is all that the request waits for. */
  readonly onNoRoom?: () => void;
}

/** What a request has been given. A tree head has neither. */
export interface Permit {
  readonly connection?: Connection;
  readonly lease?: Lease;
}

interface Pending {
  readonly request: ScheduledRequest;
  permit?: Permit;
  isTold?: boolean;
}

/**
 * Decides which request of all logs goes out next. The pace of the operator, a connection to the host and memory for the answer
 * are granted together or not at all, by {@link run}, so that no request holds one of them while it waits for another.
 * The most urgent request goes first, then the one that came first; one that has to wait holds up no other.
 */
export class RequestScheduler {
  readonly budget: FlightBudget;
  private readonly queue = new WaitQueue<Pending>();
  private readonly paces = new Map<string, OperatorPace>();
  private readonly hosts = new Map<string, Host>();
  private isRunning = false;
  private isStale = false;
  /** Found by the last look at the queue: when a request may go out next, and those that wait for memory alone. */
  private wakeAt = Infinity;
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

  /** Requests that wait. */
  get waiting(): number {
    return this.queue.size;
  }

  /** @param operator whose logs share a pace and a part of the memory. @param host whose logs share its connections. */
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

  /** Waits until the request may go out. Undefined: `signal` ended the wait. */
  async admit(request: ScheduledRequest, signal: AbortSignal | undefined): Promise<Permit | undefined> {
    const pending: Pending = { request };
    const admitted = this.queue.wait(signal, pending);
    this.run();
    await admitted;
    const { permit } = pending;
    if (permit === undefined || signal?.aborted !== true) return permit;
    this.leave(request.log, permit.connection, request.load === undefined ? 'isBusy' : 'isKept');
    permit.lease?.release();
    return undefined;
  }

  /** A request has ended (`isBusy`), or the range that keeps the connection is fetched (`isKept`). */
  leave({ connections }: ScheduledLog, connection: Connection | undefined, use: 'isBusy' | 'isKept'): void {
    if (connection !== undefined) {
      connection[use] = false;
      connections.leave(connection);
    }
    // After a tree head, too: the pace may be another one now.
    this.run();
  }

  /** Grants what can be granted. */
  run(): void {
    this.isStale = true;
    if (this.isRunning) return;
    this.isRunning = true;
    while (this.isStale) {
      this.isStale = false;
      for (let next = this.next(); next !== undefined; next = this.next()) this.grant(next);
      for (const pending of this.roomless) {
        if (pending.isTold === true) continue;
        pending.isTold = true;
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

/** The connection of a range of the log, for what is fetched for it. */
function kept({ log, load }: ScheduledRequest, urgency: Urgency): Connection | undefined {
  return load === undefined && urgency !== 'head' ? log.connections.idle : undefined;
}
