import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A load balancer as simple as one can be: it passes TCP connections to the servers in turn, and tries the next server when one refuses.
 * It asks no server for its health.
 */
export class TcpBalancer {
  private next = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly ports: readonly number[],
  ) {
    server.on('connection', (client) => this.pass(client, this.ports.length));
  }

  /** @param ports of the servers, on this machine. */
  static async start(ports: readonly number[]): Promise<TcpBalancer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const balancer = new TcpBalancer(server, ports);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private pass(client: Socket, tries: number): void {
    this.keep(client);
    const port = this.ports[this.next++ % this.ports.length];
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.keep(upstream);
    const refused = (): void => {
      if (tries > 1 && !client.destroyed) this.pass(client, tries - 1);
      else client.destroy();
    };
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      client.pipe(upstream);
      upstream.pipe(client);
      client.once('close', () => upstream.destroy());
      upstream.once('close', () => client.destroy());
    });
  }

  private keep(socket: Socket): void {
    if (this.sockets.has(socket)) return;
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
  }
}
