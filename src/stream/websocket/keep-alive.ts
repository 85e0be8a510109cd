import type { CertstreamConfig } from '../../config/config-schema.js';
import { GOING_AWAY } from '../subscription/connection.js';
import type { Subscriber } from '../subscription/subscriber.js';
import type { WebSocketConnection } from './websocket-connection.js';

/** How long the server waits for its clients, milliseconds. */
export interface StreamTimings {
  /** Between two pings to one client. */
  readonly pingInterval: number;
  /** Silence after which a client counts as gone. */
  readonly idleTimeout: number;
  /** For the answer to a Close frame, before the connection is cut. */
  readonly closeTimeout: number;
  /** Between two looks at all clients; the precision of the others. */
  readonly checkInterval: number;
}

/** The Go server's ping interval and read deadline. */
export const DEFAULT_STREAM_TIMINGS: StreamTimings = {
  pingInterval: 30_000,
  idleTimeout: 65_000,
  closeTimeout: 5_000,
  checkInterval: 1_000,
};

/** As configured; the rest as by default. */
export function streamTimings({ webserver: { limits } }: Pick<CertstreamConfig, 'webserver'>): StreamTimings {
  return {
    ...DEFAULT_STREAM_TIMINGS,
    pingInterval: limits.ping_interval_seconds * 1000,
    idleTimeout: limits.idle_timeout_seconds * 1000,
  };
}

/** Injection token of {@link StreamTimings}. */
export const STREAM_TIMINGS = Symbol('STREAM_TIMINGS');

/** Clients that came together are pinged in this many groups. */
const PING_GROUPS = 15;

/** The subscriber of a connection, of which the queue is dropped when the connection begins to close. */
type Watched = Pick<Subscriber, 'forgetQueue'>;

interface Liveness {
  readonly connection: WebSocketConnection;
  bytesRead: number;
  lastHeard: number;
  nextPing: number;
  /** When closing was noticed: begun by a Close frame of either side, or by the end of the client's half. */
  closedAt: number | undefined;
}

/**
 * Pings clients and lets the silent ones go, with one timer for all that runs only while there are any.
 * Whatever a client sends proves it alive, a frame, a ping or a pong, so its socket's byte counter is
 * enough and no listener per client is needed.
 */
export class KeepAlive {
  private readonly watched = new Map<Watched, Liveness>();
  private timer: NodeJS.Timeout | undefined;
  private joined = 0;
  private lastCheck = 0;

  /** @param clock milliseconds, monotonic. */
  constructor(
    private readonly timings: StreamTimings,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  watch(connection: WebSocketConnection, subscriber: Watched): void {
    const now = this.clock();
    const stagger = ((this.joined++ % PING_GROUPS) + 1) / PING_GROUPS;
    this.watched.set(subscriber, {
      connection,
      bytesRead: connection.bytesRead,
      lastHeard: now,
      nextPing: now + this.timings.pingInterval * stagger,
      closedAt: undefined,
    });
    if (this.timer !== undefined) return;
    this.lastCheck = now;
    this.timer = setInterval(() => this.check(), this.timings.checkInterval).unref();
  }

  forget(subscriber: Watched): void {
    this.watched.delete(subscriber);
    if (this.watched.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** One look at every client; the timer's work. */
  check(): void {
    const now = this.clock();
    // While this process did not run, it received nothing: that time counts against no client.
    const deaf = Math.max(0, now - this.lastCheck - this.timings.checkInterval);
    this.lastCheck = now;
    for (const [subscriber, liveness] of this.watched) {
      liveness.lastHeard += deaf;
      if (liveness.connection.isOpen) this.checkOpen(liveness, now);
      else this.checkClosing(subscriber, liveness, now);
    }
  }

  /** A client on its way out gets no more messages, and the logs do not wait for it. */
  private checkClosing(subscriber: Watched, liveness: Liveness, now: number): void {
    subscriber.forgetQueue();
    liveness.closedAt ??= now;
    if (now - liveness.closedAt >= this.timings.closeTimeout) liveness.connection.terminate();
  }

  private checkOpen(liveness: Liveness, now: number): void {
    const { connection } = liveness;
    const { bytesRead } = connection;
    if (bytesRead !== liveness.bytesRead) {
      liveness.bytesRead = bytesRead;
      liveness.lastHeard = now;
    } else if (now - liveness.lastHeard >= this.timings.idleTimeout) {
      liveness.closedAt = now;
      return connection.close(GOING_AWAY, 'no ping, pong or message received');
    }
    if (now < liveness.nextPing) return;
    liveness.nextPing = now + this.timings.pingInterval;
    connection.ping();
  }
}
