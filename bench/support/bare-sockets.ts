import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

const ACCEPT = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

/** Treats every connection as a WebSocket client and only writes to all of them. This is the lower bound of the cost of sending. */
export class BareSockets {
  private readonly open = new Set<Socket>();
  private readonly server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(ACCEPT);
      this.open.add(socket);
    });
    socket.on('error', () => undefined).on('close', () => this.open.delete(socket));
  });

  /** @returns the URL for clients with the scheme http. */
  async listen(): Promise<string> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  write(frames: Buffer): void {
    for (const socket of this.open) socket.write(frames);
  }

  get isIdle(): boolean {
    for (const { writableLength } of this.open) if (writableLength > 0) return false;
    return true;
  }
}
