import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { SlowClientPolicy } from '../config/sections/stream.js';
import { ClientQueue, type EntryRun } from './client-queue.js';
import { MessageGap } from './message-gap.js';
import { awaitDrain, stopAwaitingDrain } from './socket-drain.js';
import type { SharedSlice } from './shared-slice.js';
import type { QueueLimits, StreamAudience } from './stream-audience.js';
import type { StreamOptions } from './stream-options.js';

/** What one client was sent and what it missed. */
export interface StreamClientStats {
  messages: number;
  bytes: number;
  /** Messages left out because the client had too many unsent ones. */
  dropped: number;
}

/**
 * One connected client: writes whole frames straight to its socket, beside the control frames of `ws`, and
 * holds what the socket cannot take in a bounded queue. Only complete frames are written, each in one piece, so
 * neither side cuts the other's. A client that keeps up has no queue, no listener and no timer.
 */
export class StreamClient {
  readonly stats: StreamClientStats = { messages: 0, bytes: 0, dropped: 0 };
  /** Whether permessage-deflate was negotiated. */
  readonly compressed: boolean;
  private queue: ClientQueue | undefined;
  private gap: MessageGap | undefined;
  /** Messages that the socket holds, the last of which were published at {@link unsentSince}. */
  private unsent = 0;
  private unsentSince = 0;
  private policy: SlowClientPolicy;
  private isPongUnsent = false;
  private unansweredPing: Buffer | undefined;

  /**
   * @param socket the one the upgrade request came on, plain or TLS.
   * @param address `ip:port` for log lines and metrics.
   */
  constructor(
    readonly webSocket: WebSocket,
    readonly socket: Socket,
    readonly address: string,
    readonly audience: StreamAudience,
    readonly options: StreamOptions,
  ) {
    this.compressed = webSocket.extensions !== '';
    this.policy = options.slow;
  }

  /** Messages that wait for the socket. */
  get backlog(): number {
    return this.queue?.messages ?? 0;
  }

  /** Bytes that wait for the socket. */
  get backlogBytes(): number {
    return this.queue?.bytes ?? 0;
  }

  /** Writes the messages, or lets them wait as long as the socket or older messages make them. */
  send(slice: SharedSlice): void {
    if (this.webSocket.readyState !== WebSocket.OPEN) return;
    this.noteSent();
    const { whole } = slice;
    if (this.queue !== undefined || this.isFull || whole === undefined) return this.enqueue(slice);
    this.writeGap();
    this.write(whole, slice.count, slice.publishedAt);
  }

  /** Entries that the server could not send: they are counted as dropped, and named in the next gap message. */
  lose(logUrl: string, firstIndex: number, count: number): void {
    if (this.queue?.noteLost([logUrl, firstIndex, count]) !== true) this.addGap(logUrl, firstIndex, count);
    this.stats.dropped += count;
    this.audience.stats.dropped += count;
  }

  /** Writes a frame that is no message of the stream; not to a client that others wait for already. */
  sendAside(frame: Buffer): void {
    if (this.webSocket.readyState !== WebSocket.OPEN || this.queue !== undefined || this.isFull) return;
    this.write(frame, 0, 0);
  }

  /** Hands everything that waits to the socket, whose memory is the bound now: nothing comes behind it. */
  finish(): void {
    if (this.webSocket.readyState === WebSocket.OPEN) {
      while (this.queue !== undefined && this.queue.messages > 0) this.writeOldest(this.queue);
      this.writeGap();
    }
    this.forgetQueue();
  }

  /** From now on messages are dropped when there are too many. */
  stopBlocking(): void {
    this.policy = 'drop';
    const { queue } = this;
    if (queue !== undefined) this.orFail(() => this.shrink(queue, this.audience.limits));
  }

  /**
   * Does what is done with messages that wait. When that throws, nobody is left to catch it and to say what came of them: they
   * are counted as dropped and the connection is cut, so that the client can come again.
   */
  private orFail(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.queue !== undefined) this.countDropped(this.queue.messages);
      this.forgetQueue();
      this.audience.reportError(error);
      this.webSocket.terminate();
    }
  }

  /** The connection has ended: nothing waits for it any more. */
  forgetQueue(): void {
    this.queue = undefined;
    this.gap = undefined;
    this.stopWaiting();
  }

  private stopWaiting(): void {
    stopAwaitingDrain(this);
    this.audience.blocking.release(this);
  }

  /** The socket has taken what it held. */
  drained(): void {
    this.orFail(() => this.resume());
  }

  private resume(): void {
    this.noteSent();
    const { queue } = this;
    if (queue !== undefined) this.writeQueue(queue);
    if (this.queue === undefined && this.unsent === 0) this.stopWaiting();
  }

  /**
   * Answers with a Pong; while one is still unsent, only the newest Ping is (RFC 6455, 5.5.3), so that pings of a
   * client that reads nothing do not pile up.
   */
  answerPing(data: Buffer): void {
    this.unansweredPing = data;
    if (!this.isPongUnsent) this.sendPong();
  }

  private sendPong(): void {
    const data = this.unansweredPing;
    if (data === undefined) return;
    this.unansweredPing = undefined;
    this.isPongUnsent = true;
    this.webSocket.pong(data, false, () => {
      this.isPongUnsent = false;
      this.sendPong();
    });
  }

  /** Whether the socket asks to wait for its `drain`; it also does for a moment after a write that went through at once. */
  private get isFull(): boolean {
    return this.socket.writableNeedDrain && this.socket.writableLength > 0;
  }

  private enqueue(slice: SharedSlice): void {
    const queue = (this.queue ??= new ClientQueue());
    queue.push(slice);
    this.orFail(() => this.settle(queue, slice));
  }

  /** What has come last is waiting. */
  private settle(queue: ClientQueue, slice: SharedSlice): void {
    this.writeQueue(queue);
    if (this.queue === undefined) return;
    awaitDrain(this);
    const { messages, bytes } = this.audience.limits;
    if (this.policy === 'block' && (queue.messages * 2 > messages || queue.bytes * 2 > bytes)) {
      if (!this.audience.blocking.hold(this)) this.policy = 'drop';
    }
    const allowed = {
      messages: messages + Math.min(slice.count, queue.messages),
      bytes: bytes + Math.min(slice.length, queue.bytes),
    };
    if (queue.messages <= allowed.messages && queue.bytes <= allowed.bytes) return;
    if (this.policy === 'close') this.giveUp(queue);
    else this.shrink(queue, allowed);
  }

  private giveUp(queue: ClientQueue): void {
    this.countDropped(queue.messages);
    this.forgetQueue();
    this.audience.closeSlow(this);
  }

  private shrink(queue: ClientQueue, { messages, bytes }: QueueLimits): void {
    const dropped = queue.shrink(messages, bytes, (...run) => this.addGap(...run));
    if (dropped > 0) this.countDropped(dropped);
  }

  private countDropped(count: number): void {
    this.stats.dropped += count;
    this.audience.countDropped(this, count);
  }

  private writeQueue(queue: ClientQueue): void {
    if (this.webSocket.readyState !== WebSocket.OPEN) return this.forgetQueue();
    while (queue.messages > 0) {
      if (this.isFull) return;
      this.writeOldest(queue);
    }
    // Also what a gap stands in front of may have been dropped.
    this.writeGap();
    this.queue = undefined;
    this.audience.blocking.release(this);
  }

  private writeOldest(queue: ClientQueue): void {
    this.writeGap();
    const { bytes, count, publishedAt, lost } = queue.take();
    this.write(bytes, count, publishedAt);
    for (const run of lost) this.addGap(...run);
  }

  private addGap(...run: EntryRun): void {
    if (this.options.events) (this.gap ??= new MessageGap()).add(...run);
  }

  private writeGap(): void {
    if (this.gap === undefined) return;
    const frame = this.gap.toFrame();
    this.gap = undefined;
    this.write(frame, 0, 0);
  }

  private write(bytes: Buffer, count: number, publishedAt: number): void {
    const { socket, stats, audience } = this;
    socket.write(bytes);
    stats.messages += count;
    stats.bytes += bytes.length;
    audience.stats.messages += count;
    audience.stats.bytes += bytes.length;
    if (socket.writableLength === 0) {
      if (count > 0) audience.delays.observe(performance.now() - publishedAt, count);
      return;
    }
    this.unsent += count;
    if (count > 0) this.unsentSince = publishedAt;
    awaitDrain(this);
  }

  private noteSent(): void {
    if (this.unsent === 0 || this.socket.writableLength > 0) return;
    this.audience.delays.observe(performance.now() - this.unsentSince, this.unsent);
    this.unsent = 0;
  }
}
