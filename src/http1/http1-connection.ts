import type { Socket } from 'node:net';
import type { Dialer } from './dialer.js';
import { HttpFormatError, HttpTimeoutError, ProxyError } from './http-errors.js';
import type { ResponseReceiver } from './http-messages.js';
import { Http1Response } from './http1-response.js';
import type { Route, SocketOptions } from './route.js';
import { Tunnel } from './tunnel.js';

/** If a peer announces how long it keeps idle connections, they are closed this much earlier. */
const KEEP_ALIVE_MARGIN_MS = 1000;
const PROXY_AUTHENTICATION_REQUIRED = 407;

/** All connections read into the same memory: each chunk is processed before the next read. */
const input = Buffer.allocUnsafeSlow(64 * 1024);

export interface ConnectionOptions {
  readonly dialer: Dialer;
  readonly keepAliveMs: number;
  /** Longest silence within a response. The caller limits the time until the response begins. */
  readonly bodySilenceMs: number;
}

/** An exchange that ended without a complete response. */
export interface BrokenExchange {
  readonly error: Error;
  /** Whether a reused connection was closed before the peer sent anything. The peer may not have seen the request. */
  readonly isUnanswered: boolean;
}

export interface ConnectionOwner {
  /** Called when the response is complete. `connection` is then idle or closed. */
  released(connection: Http1Connection): void;
  /** Called when the connection is closed before the response is complete. */
  broke(connection: Http1Connection, broken: BrokenExchange): void;
  /** Called exactly once, when the connection is closed. */
  closed(connection: Http1Connection): void;
  /** TLS session for the next connection. */
  session?: Buffer;
}

/** One connection to an origin, for one request at a time. */
export class Http1Connection {
  /** The pending attempt to connect. */
  private readonly making: Pick<Tunnel, 'describe' | 'cancel'>;
  private socket: Socket | undefined;
  private address = '';
  /** The head of a request that waits for the socket. */
  private unsent = '';
  private response: Http1Response | undefined;
  private exchanges = 0;
  private hasAnswered = false;
  private isClosed = false;

  constructor(
    private readonly route: Route,
    private readonly options: ConnectionOptions,
    private readonly owner: ConnectionOwner,
  ) {
    const { dialer } = options;
    const onError = (error: Error): void => this.end(error);
    this.making = route.isTunnel
      ? new Tunnel(route, dialer, { onConnect: (socket) => this.onTunnel(socket), onError })
      : dialer.dial({
          host: route.peerHost,
          open: (address) => this.remembering(route.open(address, this.socketOptions)),
          onConnect: (socket, address) => this.onConnect(socket, address),
          onError,
        });
  }

  /** Whether a request can be sent. */
  get isIdle(): boolean {
    return this.response === undefined && !this.isClosed;
  }

  /** Describes why the request cannot be sent yet. */
  get obstacle(): string | undefined {
    if (this.socket === undefined) return this.making.describe();
    return this.isHandshaking ? `the TLS handshake with ${this.address} has not completed` : undefined;
  }

  private get isHandshaking(): boolean {
    return (this.socket as { secureConnecting?: boolean }).secureConnecting === true;
  }

  /** @param head request line and header fields, with the empty line. */
  send(head: string, receiver: ResponseReceiver): void {
    const { proxy, isForwarded } = this.route;
    this.response = new Http1Response(
      isForwarded && proxy ? behindProxy(proxy.url.host, receiver) : receiver,
    );
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

  /** Closes the connection. The owner gets no other call than `closed`. */
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

  /** Starts TLS with the origin through the tunnel. An error of the tunnel ends both. */
  private onTunnel(tunnel: Socket): void {
    const { origin, peer } = this.route;
    tunnel.on('error', (error) => this.end(error));
    const socket = this.remembering(this.route.secure(tunnel, this.owner.session));
    // TLS over another socket uses its own read buffer.
    socket.on('data', (chunk: Buffer) => this.onRead(chunk));
    this.onConnect(socket, `${origin.host} through the proxy ${peer.host}`);
  }

  private get socketOptions(): SocketOptions {
    const callback = (length: number): boolean => {
      this.onRead(input.subarray(0, length));
      return true;
    };
    return { onread: { buffer: input, callback }, session: this.owner.session };
  }

  private remembering(socket: Socket): Socket {
    return socket.on('session', (session: Buffer) => {
      this.owner.session = session;
    });
  }

  private onRead(chunk: Buffer): void {
    const { response } = this;
    if (response === undefined) {
      this.end(new HttpFormatError('the peer sent data without a request'));
      return;
    }
    // Set before the receiver is called: a request is not repeated once its response has begun, and the next request may be
    // sent during this call.
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

  /** @param isClean whether no data followed the response. */
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
    this.end(new HttpTimeoutError(`the peer sent nothing for ${this.socket?.timeout} ms`, false));
  }

  private end(error = new Error('the connection was closed')): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.socket === undefined) this.making.cancel();
    else {
      // The session may be the reason why the handshake failed.
      if (this.isHandshaking) this.owner.session = undefined;
      this.socket.destroy();
      if (this.exchanges === 1 && !this.hasAnswered && !this.route.isTunnel)
        this.options.dialer.failed(this.route.peerHost, this.address);
    }
    const { response } = this;
    this.response = undefined;
    this.owner.closed(this);
    if (response === undefined) return;
    this.owner.broke(this, { error, isUnanswered: this.exchanges > 1 && !this.hasAnswered });
  }
}

/** Wraps a receiver so that status 407, which comes from the proxy and not from the origin, becomes a ProxyError. */
function behindProxy(proxy: string, receiver: ResponseReceiver): ResponseReceiver {
  return {
    onHead: (status, fields) => {
      if (status === PROXY_AUTHENTICATION_REQUIRED)
        throw new ProxyError(`the proxy ${proxy} answered with status ${status}`, status);
      receiver.onHead(status, fields);
    },
    onData: (chunk) => receiver.onData(chunk),
    onEnd: () => receiver.onEnd(),
    onError: (error) => receiver.onError(error),
  };
}
