import { connect, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Http1Response } from './http1-response.js';
import {
  HttpFormatError,
  HttpTimeoutError,
  type ResponseReceiver,
  type TransportOptions,
} from './http-transport.js';

/** Of a peer that announces how long it keeps connections: so much earlier none is used any more. */
const KEEP_ALIVE_MARGIN_MS = 1000;
const TCP_KEEP_ALIVE_MS = 60_000;

/** Every connection reads into the same memory: what comes is used up before anything else is read. */
const input = Buffer.allocUnsafeSlow(64 * 1024);

/** What ended without a response, or with one that broke off. */
export interface BrokenExchange {
  readonly error: Error;
  /** The peer closed a connection that had been idle before it sent anything: it may not have seen the request. */
  readonly isUnanswered: boolean;
}

export interface ConnectionOwner {
  /** The response is complete; `connection` is idle, or closed. */
  released(connection: Http1Connection): void;
  /** The connection is closed while a response was owed. */
  broke(connection: Http1Connection, broken: BrokenExchange): void;
  /** Called exactly once. */
  closed(connection: Http1Connection): void;
  /** A TLS session to resume the next connection with. */
  session?: Buffer;
}

/** One connection to an origin, for one request at a time. */
export class Http1Connection {
  private readonly socket: Socket;
  private response: Http1Response | undefined;
  private exchanges = 0;
  private hasAnswered = false;
  private isClosed = false;

  constructor(
    url: URL,
    private readonly options: TransportOptions,
    private readonly owner: ConnectionOwner,
  ) {
    this.socket = this.open(url);
    this.socket.on('timeout', () => this.onSilence());
    this.socket.on('error', (error) => this.end(error));
    this.socket.on('end', () => this.onEnd());
    this.socket.on('close', () => this.end(new Error('the connection was closed')));
  }

  /** Whether a request can be sent. */
  get isIdle(): boolean {
    return this.response === undefined && !this.isClosed;
  }

  /** @param head request line and header fields, with the empty line. */
  send(head: string, receiver: ResponseReceiver): void {
    this.response = new Http1Response(receiver);
    this.hasAnswered = false;
    if (this.exchanges++ > 0) {
      this.socket.ref();
      this.socket.setTimeout(0);
    }
    this.socket.write(head, 'latin1');
  }

  /** Nobody is told but that it is closed. */
  destroy(): void {
    this.response?.stop();
    this.response = undefined;
    this.end(new Error('given up'));
  }

  private open(url: URL): Socket {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const isSecure = url.protocol === 'https:';
    const options: TcpNetConnectOpts = {
      host,
      port: Number(url.port) || (isSecure ? 443 : 80),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
      onread: {
        buffer: input,
        callback: (length) => {
          this.onRead(input.subarray(0, length));
          return true;
        },
      },
    };
    if (!isSecure) return connect(options);
    const socket = connectTls({
      ...options,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ['http/1.1'],
      session: this.owner.session,
    });
    return socket.on('session', (session) => {
      this.owner.session = session;
    });
  }

  private onRead(chunk: Buffer): void {
    const { response } = this;
    if (response === undefined) {
      // Nothing was asked.
      this.end(new HttpFormatError('the peer spoke without being asked'));
      return;
    }
    // Before anything is told: what was begun is not sent again, and the next request may go out within this call.
    const isFirst = !this.hasAnswered;
    this.hasAnswered = true;
    let length: number;
    try {
      length = response.read(chunk);
    } catch (error) {
      this.end(error as Error);
      return;
    }
    if (this.response !== response) return;
    if (response.isDone) this.rest(response, length === chunk.length);
    else if (isFirst) this.socket.setTimeout(this.options.bodySilenceMs);
  }

  private onEnd(): void {
    const { response } = this;
    if (response?.close() === true) this.rest(response, false);
    else this.end(new Error('the connection was closed before the end of the response'));
  }

  /** @param isClean whether nothing came after the response. */
  private rest(response: Http1Response, isClean: boolean): void {
    this.response = undefined;
    const { keepAliveMs } = this.options;
    const idleMs = Math.min(keepAliveMs, (response.keepAliveMs ?? Infinity) - KEEP_ALIVE_MARGIN_MS);
    if (!isClean || !response.isPersistent || idleMs <= 0) this.end();
    else {
      this.socket.setTimeout(idleMs);
      this.socket.unref();
    }
    this.owner.released(this);
  }

  private onSilence(): void {
    this.end(new HttpTimeoutError(`nothing came for ${this.socket.timeout} ms`));
  }

  private end(error = new Error('the connection was closed')): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.destroy();
    const { response } = this;
    this.response = undefined;
    this.owner.closed(this);
    if (response === undefined) return;
    this.owner.broke(this, { error, isUnanswered: this.exchanges > 1 && !this.hasAnswered });
  }
}
