import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The network between one member of a cluster and a nats-server: TCP connections pass through it. While it is cut, nothing passes in either
 * direction and no connection is refused or closed, as in a partition of a network. Afterwards what was sent arrives.
 */
export class NatsLink {
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  private constructor(
    private readonly server: Server,
    private readonly host: string,
    private readonly port: number,
  ) {
    server.on('connection', (client) => this.pass(client));
    // The process may end while members are connected.
    server.unref();
  }

  /** @param address of the nats-server, `host:port`. */
  static async start(address: string): Promise<NatsLink> {
    const { hostname, port } = new URL(`tcp://${address}`);
    const server = createServer({ pauseOnConnect: true, noDelay: true });
    const link = new NatsLink(server, hostname, Number(port));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return link;
  }

  /** `host:port` */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Cuts the link, and mends it after some milliseconds. */
  async cut(ms: number): Promise<void> {
    this.isCut = true;
    for (const socket of this.sockets) socket.pause();
    await delay(ms);
    this.isCut = false;
    for (const socket of this.sockets) socket.resume();
  }

  private pass(client: Socket): void {
    const upstream = connect({ port: this.port, host: this.host, noDelay: true });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ]) {
      this.sockets.add(from);
      from.unref();
      from.on('data', (octets) => void to.write(octets));
      from.on('error', () => from.destroy());
      from.once('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.isCut) from.pause();
      else from.resume();
    }
  }
}
