import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { Allowance, LEAST_PER_READ } from '../../web/limits/allowance.js';
import type { RefusalReason } from '../../web/refusal.js';
import { FrameCounter } from './frame-counter.js';

/** Close code "policy violation" (RFC 6455, 7.4.1). */
const POLICY_VIOLATION = 1008;
/** Length of the longest frame header of a client (RFC 6455, 5.2). */
const MAX_HEADER = 14;
/** Milliseconds between the Close frame and the cut of the connection. */
const CLOSE_LINGER = 2000;
/** Milliseconds in which a message must arrive. `ws` keeps each piece of it, and a piece takes more memory than its octets. */
const MESSAGE_MS = 60_000;

type Parse = (chunk: Buffer) => void;
type Limits = Pick<
  CertstreamConfig['webserver']['limits'],
  'frames_per_second_per_client' | 'bytes_per_second_per_client' | 'max_message_bytes'
>;

/** Is called once with the limit that a client exceeded, before its connection is closed. */
export type OnExceeded = (reason: Extract<RefusalReason, 'client_frames' | 'client_bytes'>) => void;

/**
 * Sits between the socket of one client and `ws`. A single read may contain thousands of small frames, and `ws`
 * handles all of them at once. The meter handles one read per socket and turn of the event loop. When a client sends
 * more than its allowance, the meter closes the connection with 1008. It does not parse any part of the read that
 * exceeds the allowance, and reads nothing after it.
 */
export class InboundMeter {
  private readonly counter = new FrameCounter();
  private readonly frames: Allowance;
  private readonly octets: Allowance;
  /** When the message began that has not arrived completely. */
  private messageSince: number | undefined;
  private isOver = false;

  /**
   * Inserts a meter. Call it after `ws` has taken over the socket and before anything is read.
   * @param webSocket the server's side of the connection.
   * @param socket the socket of the upgrade request, plain or TLS.
   */
  static attach(webSocket: WebSocket, socket: Socket, limits: Limits, onExceeded: OnExceeded): void {
    const [parse] = socket.listeners('data') as Parse[];
    socket.off('data', parse);
    const meter = new InboundMeter(webSocket, socket, limits, onExceeded);
    // ws removes its listener by identity when it stops reading. The emitter finds this marker by its `listener`
    // property, like a `once` wrapper.
    const marker = Object.assign(() => undefined, { listener: parse });
    const isParsed = () => socket.listeners('data').includes(parse);
    socket.on('data', marker);
    socket.on('data', (chunk: Buffer) => meter.take(chunk, isParsed() ? parse : undefined));
    // Otherwise ws would parse all unread octets in one go.
    socket.prependListener('close', () => socket.read());
  }

  private constructor(
    private readonly webSocket: WebSocket,
    private readonly socket: Socket,
    limits: Limits,
    private readonly onExceeded: OnExceeded,
  ) {
    const now = performance.now();
    this.frames = new Allowance(limits.frames_per_second_per_client, 0, now);
    // A message of the permitted size with its header always passes.
    const largest = Math.max(LEAST_PER_READ, limits.max_message_bytes + MAX_HEADER);
    this.octets = new Allowance(limits.bytes_per_second_per_client, largest, now);
  }

  private take(chunk: Buffer, parse: Parse | undefined): void {
    const { socket } = this;
    if (!this.isOver) this.charge(chunk);
    if (this.isOver) {
      socket.pause();
      return;
    }
    parse?.call(socket, chunk);
    // ws has paused the socket until a message is inflated, and resumes it.
    if (socket.isPaused()) return;
    socket.pause();
    setImmediate(this.resume);
  }

  private charge(chunk: Buffer): void {
    const now = performance.now();
    const frames = this.counter.count(chunk, this.frames.most + 1);
    if (!this.frames.take(frames, now)) this.exceed('client_frames');
    else if (!this.octets.take(Math.max(chunk.length, LEAST_PER_READ), now)) this.exceed('client_bytes');
    if (!this.counter.isMidMessage) this.messageSince = undefined;
    else if (now - (this.messageSince ??= now) > MESSAGE_MS && !this.isOver) this.exceed('client_bytes');
  }

  private readonly resume = (): void => {
    if (!this.isOver && !this.webSocket.isPaused) this.socket.resume();
  };

  /**
   * Closes the connection without waiting for the client's Close frame, which would come after everything else that
   * the client has sent.
   */
  private exceed(reason: Parameters<OnExceeded>[0]): void {
    this.isOver = true;
    this.onExceeded(reason);
    this.webSocket.close(POLICY_VIOLATION, 'too many frames or octets');
    setTimeout(() => this.webSocket.terminate(), CLOSE_LINGER).unref();
  }
}
