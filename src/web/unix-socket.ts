import { chmod, lstat, unlink } from 'node:fs/promises';
import { type Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { webserverConfig } from '../config/config-namespace.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { isSocketAlive } from '../kernel/socket-alive.js';
import { PendingConnections } from './limits/pending-connections.js';
import { markUnixPeer } from './unix-peers.js';
import { socketError } from './web-error.js';

/** The UNIX socket of the web listener. It serves plain HTTP, in addition to TCP or instead of TCP. */
@Injectable()
export class UnixSocket implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly config: CertstreamConfig['webserver'];
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;

  constructor(
    @Inject(webserverConfig.KEY) webserver: ConfigType<typeof webserverConfig>,
    private readonly pending: PendingConnections,
  ) {
    this.config = webserver;
  }

  /**
   * Listens, if a path is configured, and passes each connection to the HTTP server.
   * @throws WebError `WEB_SOCKET_IN_USE`, `WEB_SOCKET_TAKEN` or `WEB_LISTEN_FAILED`.
   */
  async open(http: HttpServer): Promise<void> {
    const { listen_socket: path, listen_tcp: hasTcp } = this.config;
    if (path === '') return;
    await removeDeadSocket(path);
    if (!hasTcp) http.on('connection', markUnixPeer);
    const server = hasTcp ? createServer((socket) => this.passTo(http, socket)) : http;
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error) => reject(socketError(path, cause));
      server.once('error', fail);
      server.listen({ path, exclusive: true }, () => {
        server.off('error', fail);
        resolve();
      });
    });
    if (hasTcp) this.server = server;
    await chmod(path, Number.parseInt(this.config.listen_socket_mode, 8));
  }

  /** Accepts no new connections while the open ones are closed. */
  beforeApplicationShutdown(): void {
    this.server?.close();
  }

  onApplicationShutdown(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private passTo(http: HttpServer, socket: Socket): void {
    markUnixPeer(socket);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    if (!(http instanceof TlsServer)) return void http.emit('connection', socket);
    this.pending.open(socket);
    // An HTTPS server emits this event for a connection after its TLS handshake. So it serves the socket as plain HTTP.
    if (!socket.destroyed) http.emit('secureConnection', socket);
  }
}

/** Removes the socket file of a server that has ended. Throws if a server listens on it, or if it is not a socket. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw socketError(path, 'TAKEN');
  if (await isSocketAlive(path)) throw socketError(path, 'IN_USE');
  await unlink(path).catch((cause: unknown) => {
    throw socketError(path, cause);
  });
}
