import type { CertstreamConfig } from '../../config/config-schema.js';
import { GOING_AWAY } from '../subscription/connection.js';
import type { Subscriber } from '../subscription/subscriber.js';
import type { WebSocketConnection } from './websocket-connection.js';

/** Times after which the server acts on its clients, in milliseconds. */
export interface StreamTimings {
  /** Time between two pings to one client. */
  readonly pingInterval: number;
  /** Silence after which a client is closed. */
  readonly idleTimeout: number;
  /** Time for the answer to a Close frame; after it the connection is cut. */
  readonly closeTimeout: number;
  /** Time between two checks of all clients, which is the precision of the other times. */
  readonly checkInterval: number;
}

/** Returns the configured times and those that are fixed. */
export function streamTimings({ webserver: { limits } }: Pick<CertstreamConfig, 'webserver'>): StreamTimings {
  return {
    pingInterval: limits.ping_interval_seconds * 1000,
    idleTimeout: limits.idle_timeout_seconds * 1000,
    closeTimeout: 5_000,
    checkInterval: 1_000,
  };
}

/** Injection token of {@link StreamTimings}. */
export const STREAM_TIMINGS = Symbol('STREAM_TIMINGS');

/** Clients that connect at the same time are pinged in this many groups. */
const PING_GROUPS = 15;

/** The subscriber of a connection. Its queue is discarded when the connection begins to close. */
type Watched = Pick<Subscriber, 'forgetQueue'>;

interface Liveness {
  readonly connection: WebSocketConnection;
  bytesRead: number;
  lastHeard: number;
  nextPing: number;
  /**
   * When the check first found the connection closing: after a Close frame of either side, or when the client has
   * ended its half.
   */
  closedAt: number | undefined;
}

/**
 * Pings clients and closes the silent ones. One timer serves all clients and runs only while there is one. Everything
 * that a client sends proves it alive, so the byte counter of its socket is enough and no listener per client is
 * needed.
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

  /** Checks every client. The timer calls it. */
  check(): void {
    const now = this.clock();
    // While this process did not run, it could not receive anything. That time does not count as silence.
    const deaf = Math.max(0, now - this.lastCheck - this.timings.checkInterval);
    this.lastCheck = now;
    for (const [subscriber, liveness] of this.watched) {
      liveness.lastHeard += deaf;
      if (liveness.connection.isOpen) this.checkOpen(liveness, now);
      else this.checkClosing(subscriber, liveness, now);
    }
  }

  /**
   * Discards the queue of a closing client, so that the logs do not wait for it, and cuts the client after the close
   * timeout.
   */
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
