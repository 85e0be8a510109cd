import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { StoredMessage, TestBroker } from './test-broker.js';

/** A server in the process of the test that stands in for a broker. */
export abstract class StandIn implements TestBroker {
  abstract readonly settings: Readonly<Record<string, unknown>>;
  protected readonly messages: StoredMessage[] = [];
  protected readonly sockets = new Set<Socket>();
  protected port = 0;
  /** Resolves when the server may answer again; undefined when it answers. */
  protected paused: Promise<void> | undefined;
  private server: Server | undefined;
  resume = (): void => undefined;

  /** Number of open connections. */
  get connections(): number {
    return this.sockets.size;
  }

  async restart(): Promise<void> {
    this.server = this.createServer();
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async kill(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    this.closeConnections();
    await closed;
  }

  closeConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  pause(): void {
    this.paused ??= new Promise((resolve) => {
      this.resume = () => {
        this.paused = undefined;
        resolve();
      };
    });
  }

  stored(): Promise<readonly StoredMessage[]> {
    return Promise.resolve([...this.messages]);
  }

  async stop(): Promise<void> {
    this.resume();
    await this.kill();
  }

  protected abstract createServer(): Server;
}
