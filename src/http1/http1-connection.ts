import { connect, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Dial } from './dialer.js';
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
  private readonly host: string;
  private readonly dial: Dial;
  private socket: Socket | undefined;
  private address = '';
  /** The head of a request that came before the socket. */
  private unsent = '';
  private response: Http1Response | undefined;
  private exchanges = 0;
  private hasAnswered = false;
  private isClosed = false;

  constructor(
    private readonly url: URL,
    private readonly options: TransportOptions,
    private readonly owner: ConnectionOwner,
  ) {
    this.host = url.hostname.replace(/^\[|\]$/g, '');
    this.dial = options.dialer.dial({
      host: this.host,
      open: (address) => this.open(address),
      onConnect: (socket, address) => this.onConnect(socket, address),
      onError: (error) => this.end(error),
    });
  }

  /** Whether a request can be sent. */
  get isIdle(): boolean {
    return this.response === undefined && !this.isClosed;
  }

  /** What the response waits for that is not the peer's business, for people. */
  get obstacle(): string | undefined {
    if (this.socket === undefined) return this.dial.describe();
    return this.isHandshaking ? `the TLS handshake with ${this.address} does not end` : undefined;
  }

  private get isHandshaking(): boolean {
    return (this.socket as { secureConnecting?: boolean }).secureConnecting === true;
  }

  /** @param head request line and header fields, with the empty line. */
  send(head: string, receiver: ResponseReceiver): void {
    this.response = new Http1Response(receiver);
    this.hasAnswered = false;
    this.exchanges++;
    if (this.socket === undefined) {
      this.unsent = head;
      return;
    }
    this.socket.ref();
    this.socket.setTimeout(0);
    this.socket.write(head, 'latin1');
  }

  /** Nobody is told but that it is closed. */
  destroy(): void {
    this.response?.stop();
    this.response = undefined;
    this.end(new Error('given up'));
  }

  private onConnect(socket: Socket, address: string): void {
    this.socket = socket;
    this.address = address;
    socket.on('timeout', () => this.onSilence());
    socket.on('error', (error) => this.end(error));
    socket.on('end', () => this.onEnd());
    socket.on('close', () => this.end(new Error('the connection was closed')));
    socket.write(this.unsent, 'latin1');
    this.unsent = '';
  }

  private open(address: string): Socket {
    const { host, url } = this;
    const isSecure = url.protocol === 'https:';
    const options: TcpNetConnectOpts = {
      host: address,
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
    else if (isFirst) this.socket?.setTimeout(this.options.bodySilenceMs);
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
      this.socket?.setTimeout(idleMs);
      this.socket?.unref();
    }
    this.owner.released(this);
  }

  private onSilence(): void {
    this.end(new HttpTimeoutError(`nothing came for ${this.socket?.timeout} ms`));
  }

  private end(error = new Error('the connection was closed')): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.socket === undefined) this.dial.cancel();
    else {
      // A session may be why the handshake failed.
      if (this.isHandshaking) this.owner.session = undefined;
      this.socket.destroy();
      if (this.exchanges === 1 && !this.hasAnswered) this.options.dialer.failed(this.host, this.address);
    }
    const { response } = this;
    this.response = undefined;
    this.owner.closed(this);
    if (response === undefined) return;
    this.owner.broke(this, { error, isUnanswered: this.exchanges > 1 && !this.hasAnswered });
  }
}
