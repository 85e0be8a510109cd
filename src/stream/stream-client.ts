import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { FrameBatch } from './frame-batch.js';

/** What one client was sent and what it missed. */
export interface StreamClientStats {
  messages: number;
  bytes: number;
  /** Messages left out because the client had too many unsent ones. */
  dropped: number;
}

/** One write that the operating system has not taken completely. */
interface PendingSlice {
  readonly count: number;
  readonly bytes: number;
}

/**
 * One connected client: writes whole frames straight to its socket, beside the control frames of `ws`, and
 * bounds what waits there. Only complete frames are written, each in one piece, so neither side cuts the
 * other's.
 */
export class StreamClient {
  readonly stats: StreamClientStats = { messages: 0, bytes: 0, dropped: 0 };
  private pending: PendingSlice[] = [];
  private pendingMessages = 0;
  private pendingBytes = 0;
  private isPongUnsent = false;
  private unansweredPing: Buffer | undefined;

  /**
   * @param socket the one the upgrade request came on, plain or TLS.
   * @param address `ip:port` for log lines and metrics.
   * @param limit messages that may wait before a batch is dropped.
   * @param compressed whether permessage-deflate was negotiated.
   */
  constructor(
    readonly webSocket: WebSocket,
    readonly socket: Socket,
    readonly address: string,
    private readonly limit: number,
    readonly compressed: boolean = false,
  ) {}

  /** Messages written but not yet taken by the operating system; a batch counts until its last byte is taken. */
  get backlog(): number {
    this.forgetFlushed();
    return this.pendingMessages;
  }

  /**
   * Writes the batch if fewer messages than the limit wait, else drops and counts it. A batch is taken whole, so
   * that the pages of a busy log do not punish a client that is one page behind: at most the limit and one batch wait.
   * @returns number of messages written.
   */
  send(frames: FrameBatch): number {
    if (frames.count === 0 || this.webSocket.readyState !== WebSocket.OPEN) return 0;
    if (this.backlog >= this.limit) {
      this.stats.dropped += frames.count;
      return 0;
    }
    this.write(frames);
    return frames.count;
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

  private write({ buffer, count, frameStart }: FrameBatch): void {
    const bytes = frameStart[count] - frameStart[0];
    this.socket.write(buffer.subarray(frameStart[0], frameStart[count]));
    this.stats.messages += count;
    this.stats.bytes += bytes;
    if (this.socket.writableLength === 0) return;
    this.pending.push({ count, bytes });
    this.pendingMessages += count;
    this.pendingBytes += bytes;
  }

  /**
   * A slice is gone once the slices behind it are all that the socket still holds. Control frames of `ws`
   * count into `writableLength` as well: with one waiting, a slice is forgotten later, never too early.
   */
  private forgetFlushed(): void {
    const unsent = this.socket.writableLength;
    if (unsent === 0) {
      if (this.pendingMessages === 0) return;
      this.pending = [];
      this.pendingMessages = 0;
      this.pendingBytes = 0;
      return;
    }
    while (this.pending.length > 0 && this.pendingBytes - this.pending[0].bytes >= unsent) {
      const { count, bytes } = this.pending.shift()!;
      this.pendingMessages -= count;
      this.pendingBytes -= bytes;
    }
  }
}
