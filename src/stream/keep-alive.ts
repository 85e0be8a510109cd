import type { StreamClient } from './stream-client.js';
import type { StreamTimings } from './stream-timings.js';

/** Close code "going away" (RFC 6455, 7.4.1): known clients reconnect on it, on 1008 and 1011 some do not. */
export const GOING_AWAY = 1001;
/** Clients that came together are pinged in this many groups. */
const PING_GROUPS = 15;

interface Liveness {
  bytesRead: number;
  lastHeard: number;
  nextPing: number;
  /** When closing began or was noticed: by a Close frame of either side, or by the end of the client's half. */
  closedAt: number | undefined;
}

/**
 * Pings clients and lets the silent ones go, with one timer for all that runs only while there are any.
 * Whatever a client sends proves it alive, a frame, a ping or a pong, so its socket's byte counter is
 * enough and no listener per client is needed.
 */
export class KeepAlive {
  private readonly watched = new Map<StreamClient, Liveness>();
  private timer: NodeJS.Timeout | undefined;
  private joined = 0;
  private lastCheck = 0;

  /** @param clock milliseconds, monotonic. */
  constructor(
    private readonly timings: StreamTimings,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  watch(client: StreamClient): void {
    const now = this.clock();
    const stagger = ((this.joined++ % PING_GROUPS) + 1) / PING_GROUPS;
    this.watched.set(client, {
      bytesRead: client.socket.bytesRead,
      lastHeard: now,
      nextPing: now + this.timings.pingInterval * stagger,
      closedAt: undefined,
    });
    if (this.timer !== undefined) return;
    this.lastCheck = now;
    this.timer = setInterval(() => this.check(), this.timings.checkInterval).unref();
  }

  forget(client: StreamClient): void {
    this.watched.delete(client);
    if (this.watched.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Sends Close, and cuts the connection if the client does not answer in time. */
  close(client: StreamClient, reason: string): void {
    const liveness = this.watched.get(client);
    if (liveness === undefined || liveness.closedAt !== undefined) return;
    liveness.closedAt = this.clock();
    client.webSocket.close(GOING_AWAY, reason);
  }

  /** One look at every client; the timer's work. */
  check(): void {
    const now = this.clock();
    // While this process did not run, it heard nobody: that time counts against no client.
    const deaf = Math.max(0, now - this.lastCheck - this.timings.checkInterval);
    this.lastCheck = now;
    for (const [client, liveness] of this.watched) {
      liveness.lastHeard += deaf;
      const isOpen = client.webSocket.readyState === client.webSocket.OPEN;
      if (isOpen && liveness.closedAt === undefined) this.checkOpen(client, liveness, now);
      else this.checkClosing(client, liveness, now);
    }
  }

  /** A client on its way out gets no more messages, and nobody waits for it. */
  private checkClosing(client: StreamClient, liveness: Liveness, now: number): void {
    client.forgetQueue();
    liveness.closedAt ??= now;
    if (now - liveness.closedAt >= this.timings.closeTimeout) client.webSocket.terminate();
  }

  private checkOpen(client: StreamClient, liveness: Liveness, now: number): void {
    const { bytesRead } = client.socket;
    if (bytesRead !== liveness.bytesRead) {
      liveness.bytesRead = bytesRead;
      liveness.lastHeard = now;
    } else if (now - liveness.lastHeard >= this.timings.idleTimeout) {
      return this.close(client, 'no ping, pong or message received');
    }
    if (now < liveness.nextPing) return;
    liveness.nextPing = now + this.timings.pingInterval;
    client.webSocket.ping();
  }
}
