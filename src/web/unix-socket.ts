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

/** The UNIX socket of the web listener, for plain HTTP; beside TCP, or in its place. */
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
   * Begins to listen, if that is configured. What connects is handed to the HTTP server.
   * @throws WebError `WEB_SOCKET_IN_USE`, `WEB_SOCKET_TAKEN` or `WEB_LISTEN_FAILED`.
   */
  async open(http: HttpServer): Promise<void> {
    const { listen_socket: path, listen_tcp: hasTcp } = this.config;
    if (path === '') return;
    await removeDeadSocket(path);
    if (!hasTcp) http.on('connection', markUnixPeer);
    const server = hasTcp ? createServer((socket) => this.handOver(socket, http)) : http;
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error) => reject(socketError(path, cause));
      server.once('error', fail);
      server.listen(path, () => {
        server.off('error', fail);
        resolve();
      });
    });
    if (hasTcp) this.server = server;
    await chmod(path, Number.parseInt(this.config.listen_socket_mode, 8));
  }

  /** Nobody new comes in while those who are there are sent off. */
  beforeApplicationShutdown(): void {
    this.server?.close();
  }

  onApplicationShutdown(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private handOver(socket: Socket, http: HttpServer): void {
    markUnixPeer(socket);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    if (!(http instanceof TlsServer)) return void http.emit('connection', socket);
    this.pending.open(socket);
    // What an HTTPS server does with a connection once it is decrypted.
    if (!socket.destroyed) http.emit('secureConnection', socket);
  }
}

/** The file of a server that is gone is removed; that of one that lives, and any other file, is left alone. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw socketError(path, 'TAKEN');
  if (await isSocketAlive(path)) throw socketError(path, 'IN_USE');
  await unlink(path).catch((cause: unknown) => {
    throw socketError(path, cause);
  });
}
