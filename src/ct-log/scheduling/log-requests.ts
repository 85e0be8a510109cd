import type { CertstreamConfig } from '../../config/config-schema.js';
import type { Clock } from '../../kernel/clock.js';
import { type CtLog, UNKNOWN_OPERATOR } from '../client/ct-log.js';
import {
  CtAbortedError,
  CtHttpStatusError,
  isRateLimited,
  mayBeRateLimited,
} from '../client/ct-log-error.js';
import type { CtHttp, CtHttpRequest } from '../client/http/ct-http.js';
import type { Load, Urgency } from './flight-budget.js';
import type { Lease } from './flight-lease.js';
import type { PacedParty } from './operator-pace.js';
import type { RequestScheduler, ScheduledLog } from './request-scheduler.js';

export interface LogRequestsOptions {
  readonly scheduler: RequestScheduler;
  /** The operator, whose logs share a pace and a part of the memory. */
  readonly operator: string;
  /** The host, whose logs share its connections. */
  readonly host: string;
  readonly reuseConnections: boolean;
  readonly clock: Pick<Clock, 'now'>;
  /** Called for every answer that refuses the rate. */
  readonly onLimited?: () => void;
}

/** A request for a range of entries. */
export interface RangeDemand {
  /** The expected size of the answer. */
  readonly load: Load;
  readonly urgency: () => Urgency;
  /** Called once if the request waits only for memory. */
  readonly onNoRoom?: () => void;
}

/** The right to fetch a range of entries, and the memory for it until it is delivered. */
export interface RangeGrant {
  /**
   * Reports that the whole answer has arrived and takes `bytes`. This ends the reservation of the connection.
   * @returns false when the answer is much larger or much later than expected and there is no room for it.
   */
  arrived(bytes: number): boolean;
  /** Releases the connection and the memory. Further calls have no effect. */
  release(): void;
}

type Send<T> = (request: CtHttpRequest) => Promise<T>;

/** The operator of a log. It is the host if the operator is unknown, and for a log from the configuration, where it is free text. */
export function operatorOf({ configured, source }: CtLog): string {
  return configured || source.operator === UNKNOWN_OPERATOR
    ? `host ${new URL(source.url).host}`
    : source.operator;
}

/** LogRequests sends the requests for one log. Each request waits until the {@link RequestScheduler} admits it. */
export class LogRequests implements CtHttp {
  /** Whether the log has a backlog. The requests of other logs for new entries then go first. */
  isBacklog = false;
  private readonly heads: PacedParty = { isHead: true };
  private readonly others: PacedParty = { isHead: false };
  private readonly log: ScheduledLog;
  /** The ranges under way, by the signal of their requests. */
  private readonly ranges = new Map<
    AbortSignal,
    { readonly lease: Lease; readonly urgency: () => Urgency }
  >();

  constructor(
    private readonly http: CtHttp,
    private readonly options: LogRequestsOptions,
  ) {
    this.log = options.scheduler.log(options.operator, options.host);
  }

  /** Returns the requests of the client of `log`. */
  static of(
    log: CtLog,
    http: CtHttp,
    config: CertstreamConfig['ct_log'],
    services: Pick<LogRequestsOptions, 'scheduler' | 'clock' | 'onLimited'>,
  ): LogRequests {
    const unused = config.no_connection_reuse_operators.map((name) => name.toLowerCase());
    return new LogRequests(http, {
      ...services,
      operator: operatorOf(log),
      host: new URL(log.source.url).host,
      reuseConnections: config.connection_reuse && !unused.includes(log.source.operator.toLowerCase()),
    });
  }

  get(url: string, request: CtHttpRequest = {}): Promise<Buffer> {
    return this.scheduled(url, request, (paced) => this.http.get(url, paced));
  }

  read<T>(url: string, request: CtHttpRequest, use: (body: Buffer) => T): Promise<T> {
    return this.scheduled(url, request, (paced) => this.http.read(url, paced, use));
  }

  /** The load that all logs together have requested and not yet delivered. */
  get used(): Load {
    return this.log.share.used;
  }

  /** The load that a log with nothing in flight may always request. */
  get guaranteed(): Load {
    return this.log.share.guaranteed;
  }

  /** Whether {@link range} would not wait for memory. */
  admits(load: Load, urgency: Urgency): boolean {
    return this.log.share.admits(load, urgency);
  }

  /**
   * Waits until a range of entries may be fetched, and reserves a connection for it.
   * @param signal signal of the requests that follow for this range: their answers are charged to its memory.
   * @returns undefined when `signal` ended the wait.
   */
  async range(demand: RangeDemand, signal: AbortSignal): Promise<RangeGrant | undefined> {
    const { scheduler } = this.options;
    const { log, ranges } = this;
    const permit = await scheduler.admit({ log, ...demand }, signal);
    const { lease, connection } = permit ?? {};
    if (lease === undefined || connection === undefined) return undefined;
    const range = { lease, urgency: demand.urgency };
    ranges.set(signal, range);
    const fetched = (): void => scheduler.leave(log, connection, 'isKept');
    return {
      arrived: (bytes) => {
        fetched();
        return lease.resize(bytes);
      },
      release: () => {
        if (ranges.get(signal) === range) ranges.delete(signal);
        fetched();
        lease.release();
      },
    };
  }

  /** Ends the use of the log: no request follows. */
  close(): void {
    this.log.pace.forget(this.heads);
    this.log.pace.forget(this.others);
  }

  private async scheduled<T>(url: string, request: CtHttpRequest, send: Send<T>): Promise<T> {
    const { scheduler } = this.options;
    const { signal } = request;
    const range = signal && this.ranges.get(signal);
    const ownUrgency = range?.urgency ?? (() => (this.isBacklog ? 'behind' : 'live'));
    const urgency = request.isHead === true ? () => 'head' as const : ownUrgency;
    const permit = await scheduler.admit({ log: this.log, urgency }, signal);
    if (permit === undefined) throw new CtAbortedError(url);
    try {
      return await this.answered(url, request, range?.lease, send);
    } finally {
      scheduler.leave(this.log, permit.connection, 'isBusy');
    }
  }

  private async answered<T>(
    url: string,
    request: CtHttpRequest,
    lease: Lease | undefined,
    send: Send<T>,
  ): Promise<T> {
    const { log } = this;
    const party = request.isHead === true ? this.heads : this.others;
    const onBytes = lease && ((bytes: number) => lease.arriving(bytes));
    const reuseConnection = this.options.reuseConnections;
    try {
      const answer = await send({ ...request, onBytes, reuseConnection });
      log.pace.succeeded(party, url);
      return answer;
    } catch (error) {
      const refusal = this.recognised(url, error);
      if (isRateLimited(refusal)) this.limited(party, refusal);
      throw refusal;
    }
  }

  /** Returns the error, with the code of a refused rate if the requests to the operator show that this is the reason. */
  private recognised(url: string, error: unknown): unknown {
    if (!mayBeRateLimited(error) || !this.log.pace.isSuspected(url)) return error;
    return new CtHttpStatusError(error.url, error.status, undefined, { isLimit: true });
  }

  private limited(party: PacedParty, { retryAfterMs }: CtHttpStatusError): void {
    const { log } = this;
    log.quietUntil = Math.max(log.quietUntil, this.options.clock.now() + (retryAfterMs ?? 0));
    log.pace.limited(party, retryAfterMs);
    this.options.onLimited?.();
  }
}
