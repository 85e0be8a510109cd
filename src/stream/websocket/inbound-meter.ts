import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { Allowance } from '../../web/limits/allowance.js';
import type { RefusalReason } from '../../web/refusal.js';
import { FrameCounter } from './frame-counter.js';

/** Close code "policy violation" (RFC 6455, 7.4.1). */
const POLICY_VIOLATION = 1008;
/** Octets that a read counts for at least: with one octet in each, reads are what costs. */
const LEAST_PER_READ = 256;
/** Octets of the longest frame header of a client (RFC 6455, 5.2). */
const MAX_HEADER = 14;
/** Milliseconds for the Close frame to arrive before the connection is cut. */
const CLOSE_LINGER = 2000;

type Parse = (chunk: Buffer) => void;
type Limits = Pick<
  CertstreamConfig['webserver']['limits'],
  'frames_per_second_per_client' | 'bytes_per_second_per_client' | 'max_message_bytes'
>;

/** Called once, with the limit that a client exceeded, before its connection is closed. */
export type OnExceeded = (reason: Extract<RefusalReason, 'client_frames' | 'client_bytes'>) => void;

/**
 * Stands between the socket of one client and `ws`, which handles every frame of a read at once, thousands of small
 * ones. Of each socket one read is handled per turn of the event loop, and a client that sends more than its allowance
 * is closed with 1008: nothing of the read that exceeds it is parsed, and nothing more is read.
 */
export class InboundMeter {
  private readonly counter = new FrameCounter();
  private readonly frames: Allowance;
  private readonly octets: Allowance;
  private isOver = false;

  /**
   * To be called when `ws` has taken over the socket, before anything is read.
   * @param webSocket of the server's side.
   * @param socket of the upgrade request, plain or TLS.
   */
  static attach(webSocket: WebSocket, socket: Socket, limits: Limits, onExceeded: OnExceeded): void {
    const [parse] = socket.listeners('data') as Parse[];
    socket.off('data', parse);
    const meter = new InboundMeter(webSocket, socket, limits, onExceeded);
    // ws takes its listener off when it wants no more, by identity; as with `once` that finds this one.
    const marker = Object.assign(() => undefined, { listener: parse });
    const isParsed = () => socket.listeners('data').includes(parse);
    socket.on('data', marker);
    socket.on('data', (chunk: Buffer) => meter.take(chunk, isParsed() ? parse : undefined));
    // ws would parse in one go what was left unread.
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
    // A message of the permitted size always passes, with its header.
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
    // ws waits until it has inflated something, and resumes by itself.
    if (socket.isPaused()) return;
    socket.pause();
    setImmediate(this.resume);
  }

  private charge(chunk: Buffer): void {
    const now = performance.now();
    const frames = this.counter.count(chunk, this.frames.most + 1);
    if (!this.frames.take(frames, now)) this.exceed('client_frames');
    else if (!this.octets.take(Math.max(chunk.length, LEAST_PER_READ), now)) this.exceed('client_bytes');
  }

  private readonly resume = (): void => {
    if (!this.isOver && !this.webSocket.isPaused) this.socket.resume();
  };

  /** Does not wait for the client's answer to the Close frame, which would come after everything else that it has sent. */
  private exceed(reason: Parameters<OnExceeded>[0]): void {
    this.isOver = true;
    this.onExceeded(reason);
    this.webSocket.close(POLICY_VIOLATION, 'too many frames or octets');
    setTimeout(() => this.webSocket.terminate(), CLOSE_LINGER).unref();
  }
}
