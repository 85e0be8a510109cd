import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Connection, TRY_AGAIN_LATER } from '../subscription/connection.js';
import { SocketConnection } from '../subscription/socket-connection.js';
import { comment, type EventEncoding, retryEvent } from './event-stream-encoding.js';

/** Milliseconds after which a client reconnects. */
const RETRY_MS = 1000;
/** Milliseconds after which a client reconnects that the server cannot serve now. */
const RETRY_LATER_MS = 30_000;
/** Milliseconds for a client to read the end of its response; after that the connection is cut. */
const CLOSE_TIMEOUT_MS = 5000;

/** `no-transform` also keeps compression middleware of a host application away. */
const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  // nginx passes each event on at once.
  'X-Accel-Buffering': 'no',
  Connection: 'close',
};

/** Starts the answer to a request for an event stream. The end of the connection ends the body (RFC 9112, 6.3), also for HTTP/1.0. */
export function writeEventStreamHead(response: ServerResponse, { contentEncoding }: EventEncoding): void {
  response.removeHeader('Transfer-Encoding');
  if (contentEncoding !== undefined) response.setHeader('Content-Encoding', contentEncoding);
  response.writeHead(200, HEADERS).flushHeaders();
}

/**
 * The connection of a client of Server-Sent Events. After the headers, events are written straight to the socket: the response is only
 * needed to end it.
 */
export class SseConnection extends SocketConnection implements Connection {
  readonly transport = 'sse';
  private isClosing = false;

  /** Starts the answer. @param socket the socket of the request, plain or TLS. */
  constructor(
    private readonly response: ServerResponse,
    socket: Socket,
    readonly encoding: EventEncoding,
  ) {
    super(socket);
    writeEventStreamHead(response, encoding);
    this.write(encoding.start);
    this.writeText(retryEvent(RETRY_MS));
  }

  get isOpen(): boolean {
    return !this.isClosing && this.socket.writable;
  }

  writeText(text: string): void {
    this.write(this.encoding.encodeText(text));
  }

  /** Ends the response with the reason as a comment and the time after which the client reconnects. */
  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.writeText(comment(reason) + retryEvent(code === TRY_AGAIN_LATER ? RETRY_LATER_MS : RETRY_MS));
    this.isClosing = true;
    this.response.end();
    setTimeout(() => this.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  terminate(): void {
    this.socket.destroy();
  }
}
