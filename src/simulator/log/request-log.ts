import type { IncomingHttpHeaders } from 'node:http';

/** The endpoint of a request. `unknown` is everything that gets a 404. */
export type Endpoint =
  | 'get-sth'
  | 'get-entries'
  | 'get-sth-consistency'
  | 'get-proof-by-hash'
  | 'get-entry-and-proof'
  | 'get-roots'
  | 'checkpoint'
  | 'tile-data'
  | 'tile-hash'
  | 'issuer'
  | 'log-list'
  | 'log-list-sig'
  | 'unknown';

export interface LoggedRequest {
  /** Number of the request in its log, from 1. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Path below the base URL of the log, with a leading slash, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Status of the answer before faults of the connection. */
  readonly status: number;
  /** Kinds of the faults that were applied. */
  readonly faults: readonly string[];
}

interface Waiter {
  readonly predicate: (request: LoggedRequest) => boolean;
  readonly resolve: (request: LoggedRequest) => void;
}

/** Records answered requests: the newest ones in full, and counts of all. */
export class RequestLog {
  private readonly counts = new Map<Endpoint, number>();
  private readonly statuses = new Map<number, number>();
  private recent: LoggedRequest[] = [];
  private readonly waiters = new Set<Waiter>();

  /** @param capacity number of requests that are kept in full. */
  constructor(private readonly capacity = 2000) {}

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  count(endpoint: Endpoint): number {
    return this.counts.get(endpoint) ?? 0;
  }

  /** Returns the number of answers with a status, such as 304. */
  countStatus(status: number): number {
    return this.statuses.get(status) ?? 0;
  }

  /**
   * Returns the number of answers by endpoint, and those with status 304 and 429 as `not-modified` and
   * `rate-limited`.
   */
  counted(): Record<string, number> {
    return {
      ...Object.fromEntries(this.counts),
      'not-modified': this.countStatus(304),
      'rate-limited': this.countStatus(429),
    };
  }

  /** Returns the kept requests, oldest first. */
  list(endpoint?: Endpoint): LoggedRequest[] {
    return this.recent.filter((request) => endpoint === undefined || request.endpoint === endpoint);
  }

  add(request: LoggedRequest): void {
    this.counts.set(request.endpoint, this.count(request.endpoint) + 1);
    this.statuses.set(request.status, this.countStatus(request.status) + 1);
    this.recent.push(request);
    if (this.recent.length >= 2 * this.capacity) this.recent = this.recent.slice(-this.capacity);
    for (const waiter of this.waiters) {
      if (!waiter.predicate(request)) continue;
      this.waiters.delete(waiter);
      waiter.resolve(request);
    }
  }

  /** Resolves with the next answered request that satisfies the predicate. */
  next(predicate: (request: LoggedRequest) => boolean = () => true): Promise<LoggedRequest> {
    return new Promise((resolve) => this.waiters.add({ predicate, resolve }));
  }
}
