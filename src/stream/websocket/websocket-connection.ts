import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { deflateEncoding } from '../encoding/deflate-encoding.js';
import type { FrameEncoding } from '../encoding/frame-encoding.js';
import { RawDeflate } from '../encoding/raw-deflate.js';
import { sharedDeflateEncoding } from '../encoding/shared-deflate.js';
import { webSocketEncoding } from '../encoding/websocket-encoding.js';
import type { Connection } from '../subscription/connection.js';
import { SocketConnection } from '../subscription/socket-connection.js';
import { keepsServerContext } from './compression-offer.js';

/** permessage-deflate is the only extension of this server. */
function encodingFor(extensions: string): FrameEncoding {
  if (extensions === '') return webSocketEncoding;
  return keepsServerContext(extensions) && RawDeflate.isAvailable ? sharedDeflateEncoding : deflateEncoding;
}

/**
 * A client's WebSocket. Frames are written straight to its socket, between the control frames of `ws`. Both `ws` and
 * this class write only complete frames, each in one piece, so neither cuts a frame of the other.
 */
export class WebSocketConnection extends SocketConnection implements Connection {
  readonly transport = 'websocket';
  readonly encoding: FrameEncoding;
  private isPongUnsent = false;
  private unansweredPing: Buffer | undefined;

  /**
   * @param socket the socket of the upgrade request, plain or TLS.
   * @param extensions Sec-WebSocket-Extensions of the answer to the client.
   */
  constructor(
    readonly webSocket: WebSocket,
    socket: Socket,
    extensions: string,
  ) {
    super(socket);
    this.encoding = encodingFor(extensions);
    webSocket.on('ping', (data) => this.answerPing(data));
  }

  get isOpen(): boolean {
    return this.webSocket.readyState === WebSocket.OPEN;
  }

  /** Octets received from the client so far. */
  get bytesRead(): number {
    return this.socket.bytesRead;
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
