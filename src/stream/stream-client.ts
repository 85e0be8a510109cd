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

/** Messages of one write that the operating system has not taken yet. */
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

  /**
   * @param socket the one the upgrade request came on, plain or TLS.
   * @param address `ip:port` for log lines and metrics.
   * @param limit messages that may wait.
   * @param compressed whether permessage-deflate was negotiated.
   */
  constructor(
    readonly webSocket: WebSocket,
    readonly socket: Socket,
    readonly address: string,
    private readonly limit: number,
    readonly compressed: boolean = false,
  ) {}

  /** Messages written but not yet taken by the operating system. */
  get backlog(): number {
    this.forgetFlushed();
    return this.pendingMessages;
  }

  /**
   * Writes as many frames, from the first, as there is room for; the others are dropped and counted. A
   * client that waits for nothing gets the whole batch, however large.
   * @returns number of frames written.
   */
  send(frames: FrameBatch): number {
    if (frames.count === 0 || this.webSocket.readyState !== WebSocket.OPEN) return 0;
    const backlog = this.backlog;
    const room = backlog === 0 ? frames.count : Math.min(frames.count, Math.max(0, this.limit - backlog));
    this.stats.dropped += frames.count - room;
    if (room > 0) this.write(frames, room);
    return room;
  }

  private write({ buffer, frameStart }: FrameBatch, count: number): void {
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
