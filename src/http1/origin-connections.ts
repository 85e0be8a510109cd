import type { ConnectionLimit } from './connection-limit.js';
import type { GiveUp, OutgoingRequest, ResponseReceiver } from './http-messages.js';
import {
  type BrokenExchange,
  type ConnectionOptions,
  type ConnectionOwner,
  Http1Connection,
} from './http1-connection.js';
import type { Route } from './route.js';

export interface OriginOptions extends ConnectionOptions {
  readonly connectionsPerOrigin: number;
}

/** A request from {@link OriginConnections.send} until its response is complete. */
interface Exchange {
  readonly request: OutgoingRequest;
  readonly receiver: ResponseReceiver;
  connection: Http1Connection | undefined;
}

/** The connections to one origin. They are reused, and their number is bounded; further requests wait in turn. */
export class OriginConnections implements ConnectionOwner {
  session: Buffer | undefined;
  private readonly connections = new Set<Http1Connection>();
  /** Idle connections, the most recently used last. The last one is reused first, so that the others age and close. */
  private readonly idle: Http1Connection[] = [];
  private readonly exchanges = new Map<Http1Connection, Exchange>();
  private readonly waiting = new Set<Exchange>();

  constructor(
    private readonly route: Route,
    private readonly options: OriginOptions,
    private readonly limit: ConnectionLimit,
  ) {}

  /** Number of connections. */
  get size(): number {
    return this.connections.size;
  }

  /** Whether there is no connection and no waiting request. */
  get isEmpty(): boolean {
    return this.connections.size === 0 && this.waiting.size === 0;
  }

  send(request: OutgoingRequest, receiver: ResponseReceiver): GiveUp {
    const exchange: Exchange = { request, receiver, connection: undefined };
    this.waiting.add(exchange);
    this.advance();
    return () => this.giveUp(exchange);
  }

  /** Ends all requests with `error`, and all connections. */
  close(error: Error): void {
    const ended = [...this.waiting, ...this.exchanges.values()];
    this.waiting.clear();
    this.exchanges.clear();
    for (const connection of this.connections) connection.destroy();
    for (const { receiver } of ended) receiver.onError(error);
  }

  released(connection: Http1Connection): void {
    const isKept = this.exchanges.get(connection)?.request.reuseConnection !== false;
    this.exchanges.delete(connection);
    if (!connection.isIdle) return this.advance();
    if (isKept && !this.limit.isOwedBy(this)) this.idle.push(connection);
    else connection.destroy();
    this.advance();
    if (this.limit.isAwaited) this.closeIdle();
  }

  broke(connection: Http1Connection, { error, isUnanswered }: BrokenExchange): void {
    const exchange = this.exchanges.get(connection);
    this.exchanges.delete(connection);
    if (exchange === undefined) return;
    if (isUnanswered) this.start(exchange, this.connect());
    else exchange.receiver.onError(error);
  }

  closed(connection: Http1Connection): void {
    this.connections.delete(connection);
    const place = this.idle.indexOf(connection);
    if (place >= 0) this.idle.splice(place, 1);
    // The caller continues first: a repeated exchange takes the place of the connection.
    queueMicrotask(() => {
      this.limit.release();
      this.advance();
    });
  }

  closeIdle(): boolean {
    // The connection leaves `idle` at once.
    const [oldest] = this.idle;
    oldest?.destroy();
    return oldest !== undefined;
  }

  advance(): void {
    for (const exchange of this.waiting) {
      const { reuseConnection } = exchange.request;
      const isFull = this.connections.size >= this.options.connectionsPerOrigin;
      let connection = reuseConnection ? this.idle.pop() : undefined;
      if (connection === undefined && isFull) {
        // An idle connection is closed for a request that needs its own connection.
        if (this.idle.length === 0) return;
        this.idle[0].destroy();
      }
      if (connection === undefined && !this.limit.admits(this)) return;
      connection ??= this.connect();
      this.waiting.delete(exchange);
      this.start(exchange, connection);
    }
  }

  private connect(): Http1Connection {
    const connection = new Http1Connection(this.route, this.options, this);
    this.connections.add(connection);
    this.limit.take();
    return connection;
  }

  private start(exchange: Exchange, connection: Http1Connection): void {
    exchange.connection = connection;
    this.exchanges.set(connection, exchange);
    connection.send(this.route.requestHead(exchange.request), exchange.receiver);
  }

  private giveUp(exchange: Exchange): string | undefined {
    if (this.waiting.delete(exchange))
      return this.connections.size < this.options.connectionsPerOrigin
        ? 'every connection is in use'
        : `every connection to the host is in use (${this.connections.size})`;
    const { connection } = exchange;
    if (connection === undefined || this.exchanges.get(connection) !== exchange) return undefined;
    const { obstacle } = connection;
    this.exchanges.delete(connection);
    connection.destroy();
    return obstacle;
  }
}
