import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** Certificate and key of a TLS server, PEM. */
export interface TlsCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface ListenerOptions {
  /** 0 selects a free port. */
  readonly port: number;
  readonly host: string;
  /** Absent: plain HTTP. */
  readonly tls?: TlsCertificate;
}

type Handler = (message: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The HTTP or HTTPS server of a simulator. It can stop and start again at the same address. */
export class LogListener {
  private readonly server: Server | HttpsServer;
  private address: AddressInfo | undefined;
  /** The TCP connections, also those in a handshake, which the HTTP server does not know yet. */
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly options: ListenerOptions,
    handler: Handler,
  ) {
    const { tls } = options;
    const serve = (message: IncomingMessage, response: ServerResponse): void => {
      handler(message, response).catch((error: unknown) => response.destroy(error as Error));
    };
    this.server = tls
      ? createHttpsServer({ cert: tls.certPem, key: tls.keyPem }, serve)
      : createHttpServer(serve);
    this.server.keepAliveTimeout = 60_000;
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Base URL without trailing slash. @throws Error before {@link listen}. */
  get url(): string {
    if (!this.address) throw new Error('not listening yet');
    const { address, port, family } = this.address;
    return `${this.options.tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Starts to listen; after {@link close} at the same port as before. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.address?.port ?? this.options.port, this.options.host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    this.address = this.server.address() as AddressInfo;
  }

  /** Refuses new connections and ends the open ones. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.endConnections();
    await closed;
  }

  /** Sets the certificate for new connections and ends the open ones. @throws TypeError for plain HTTP. */
  setCertificate({ certPem, keyPem }: TlsCertificate): void {
    if (!('setSecureContext' in this.server)) throw new TypeError('this simulator speaks plain HTTP');
    this.server.setSecureContext({ cert: certPem, key: keyPem });
    this.endConnections();
  }

  private endConnections(): void {
    this.server.closeAllConnections();
    for (const socket of this.sockets) socket.destroy();
  }
}
