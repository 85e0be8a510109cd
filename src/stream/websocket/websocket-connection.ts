import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { deflateEncoding } from '../encoding/deflate-encoding.js';
import type { FrameEncoding } from '../encoding/frame-encoding.js';
import { RawDeflate } from '../encoding/raw-deflate.js';
import { sharedDeflateEncoding } from '../encoding/shared-deflate.js';
import { webSocketEncoding } from '../encoding/websocket-encoding.js';
import { keepsServerContext } from './compression-offer.js';
import type { Connection, DrainListener } from '../subscription/connection.js';

/**
 * The listeners of the sockets that wait for a drain. All sockets share the `drain` function {@link onDrain}, so no
 * closure per socket is needed.
 */
const drainListeners = new WeakMap<Socket, DrainListener>();

function onDrain(this: Socket): void {
  drainListeners.get(this)?.drained();
}

/** permessage-deflate is the only extension of this server. */
function encodingFor(extensions: string): FrameEncoding {
  if (extensions === '') return webSocketEncoding;
  return keepsServerContext(extensions) && RawDeflate.isAvailable ? sharedDeflateEncoding : deflateEncoding;
}

/**
 * A client's WebSocket. Frames are written straight to its socket, between the control frames of `ws`. Both `ws` and
 * this class write only complete frames, each in one piece, so neither cuts a frame of the other.
 */
export class WebSocketConnection implements Connection {
  readonly encoding: FrameEncoding;
  private isPongUnsent = false;
  private unansweredPing: Buffer | undefined;

  /**
   * @param socket the socket of the upgrade request, plain or TLS.
   * @param extensions Sec-WebSocket-Extensions of the answer to the client.
   */
  constructor(
    readonly webSocket: WebSocket,
    readonly socket: Socket,
    extensions: string,
  ) {
    this.encoding = encodingFor(extensions);
    webSocket.on('ping', (data) => this.answerPing(data));
  }

  get isOpen(): boolean {
    return this.webSocket.readyState === WebSocket.OPEN;
  }

  /** A socket also needs a drain for a moment after a write that went through at once. This does not count as full. */
  get isFull(): boolean {
    return this.socket.writableNeedDrain && this.socket.writableLength > 0;
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  /** Octets received from the client so far. */
  get bytesRead(): number {
    return this.socket.bytesRead;
  }

  write(octets: Buffer): void {
    this.socket.write(octets);
  }

  awaitDrain(listener: DrainListener): void {
    if (drainListeners.has(this.socket)) return;
    drainListeners.set(this.socket, listener);
    this.socket.on('drain', onDrain);
  }

  stopAwaitingDrain(): void {
    drainListeners.delete(this.socket);
    this.socket.off('drain', onDrain);
  }

  ping(): void {
    this.webSocket.ping();
  }

  close(code: number, reason: string): void {
    this.webSocket.close(code, reason);
  }

  terminate(): void {
    this.webSocket.terminate();
  }

  /**
   * Answers a Ping with a Pong. While a Pong is unsent, only the newest Ping is answered after it (RFC 6455, 5.5.3),
   * so pongs to a client that does not read cannot pile up.
   */
  private answerPing(data: Buffer): void {
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
}
