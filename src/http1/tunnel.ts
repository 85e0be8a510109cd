import type { Socket } from 'node:net';
import type { Dial, Dialer } from './dialer.js';
import { ProxyError } from './http-errors.js';
import { Http1Response } from './http1-response.js';
import type { Route } from './route.js';

export interface TunnelOwner {
  /** Called when the tunnel is ready: data that is sent over the socket then reaches the origin. */
  onConnect(socket: Socket, address: string): void;
  /** @param error a ProxyError, HttpFormatError, DialError, NameResolutionError, or the error of the socket. */
  onError(error: Error): void;
}

/** Opens a tunnel through a proxy: it connects to the proxy and sends CONNECT. It calls back once, after the constructor. */
export class Tunnel {
  private readonly dial: Dial;
  private socket: Socket | undefined;
  private address = '';
  private status = 0;
  private hasAnswered = false;
  private isOver = false;
  private readonly response = new Http1Response(
    {
      onHead: (status) => (this.status = status),
      onData: () => undefined,
      onEnd: () => undefined,
      onError: (error) => this.end(error),
    },
    'connect',
  );

  constructor(
    private readonly route: Route,
    private readonly dialer: Dialer,
    private readonly owner: TunnelOwner,
  ) {
    this.dial = dialer.dial({
      host: route.peerHost,
      open: (address) => route.open(address, {}),
      onConnect: (socket, address) => this.onConnect(socket, address),
      onError: (error) => this.end(error),
    });
  }

  /** Describes what the tunnel waits for. */
  describe(): string {
    if (this.socket === undefined) return this.dial.describe();
    return `no connection through the proxy ${this.route.peer.host}: it has not answered CONNECT`;
  }

  /** Closes the tunnel. No callback follows. */
  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.dial.cancel();
    this.abandon();
  }

  private onConnect(socket: Socket, address: string): void {
    this.socket = socket;
    this.address = address;
    socket.on('error', this.onError);
    socket.on('data', this.onData);
    socket.on('close', this.onClose);
    socket.write(this.route.connectHead(), 'latin1');
  }

  private readonly onError = (error: Error): void => this.end(error);

  private readonly onClose = (): void =>
    this.end(
      new ProxyError(`the proxy ${this.route.peer.host} closed the connection without answering CONNECT`),
    );

  private readonly onData = (chunk: Buffer): void => {
    if (this.isOver) return;
    this.hasAnswered = true;
    const { response, socket, route } = this;
    const proxy = `the proxy ${route.peer.host}`;
    let length: number;
    try {
      length = response.read(chunk);
    } catch (error) {
      this.end(new ProxyError(`${proxy} answered CONNECT, and ${(error as Error).message}`));
      return;
    }
    if (!response.isDone || socket === undefined) return;
    if (this.status < 200 || this.status > 299)
      this.end(new ProxyError(`${proxy} answered CONNECT with status ${this.status}`, this.status));
    else if (length < chunk.length) this.end(new ProxyError(`${proxy} sent more than its answer to CONNECT`));
    else {
      this.isOver = true;
      socket.off('error', this.onError).off('data', this.onData).off('close', this.onClose);
      this.owner.onConnect(socket, this.address);
    }
  };

  private end(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.abandon();
    this.owner.onError(error);
  }

  private abandon(): void {
    if (this.socket === undefined) return;
    this.socket.destroy();
    if (!this.hasAnswered) this.dialer.failed(this.route.peerHost, this.address);
  }
}
