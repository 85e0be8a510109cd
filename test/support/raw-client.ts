import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** Sec-WebSocket-Key of RFC 6455, 1.3. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A client that sends raw bytes and keeps those that it receives. */
export class RawClient {
  received = Buffer.alloc(0);
  private ended = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (data) => (this.received = Buffer.concat([this.received, data])));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.ended = true));
  }

  static async connect(target: NetConnectOpts): Promise<RawClient> {
    const client = new RawClient(connect({ allowHalfOpen: true, ...target } as NetConnectOpts));
    await once(client.socket, 'connect');
    return client;
  }

  /** Returns the text of an upgrade request. */
  static upgradeRequest(path = '/', headers: readonly string[] = []): string {
    const all = [
      `GET ${path} HTTP/1.1`,
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${KEY}`,
      ...headers,
    ];
    return `${all.join('\r\n')}\r\n\r\n`;
  }

  /** Connects a client and completes its handshake. */
  static async upgraded(
    target: NetConnectOpts,
    path = '/',
    headers: readonly string[] = [],
  ): Promise<RawClient> {
    const client = await RawClient.connect(target);
    client.send(RawClient.upgradeRequest(path, headers));
    await client.until(() => client.text.includes('\r\n\r\n'), 'the answer to the handshake');
    if (client.status !== 101) throw new Error(`handshake answered ${client.text}`);
    client.received = client.received.subarray(client.received.indexOf('\r\n\r\n') + 4);
    return client;
  }

  get isClosed(): boolean {
    return this.ended;
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  /** Status of the first answer; 0 before it arrives. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.text)?.[1] ?? 0);
  }

  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Resolves when `predicate` holds. It is checked after each event of the socket. */
  async until(predicate: () => boolean, what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const give = (done: () => void) => {
        clearTimeout(deadline);
        for (const name of ['data', 'close', 'end'] as const) this.socket.off(name, check);
        done();
      };
      const check = (): void => {
        if (predicate()) give(resolve);
        else if (this.ended) give(() => reject(new Error(`closed before ${what}: ${this.text}`)));
      };
      const deadline = setTimeout(() => give(() => reject(new Error(`no ${what}: ${this.text}`))), 100_000);
      for (const name of ['data', 'close', 'end'] as const) this.socket.on(name, check);
      check();
    });
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    this.socket.once('end', () => this.socket.end());
    if (!this.ended) await this.until(() => this.ended || this.socket.readableEnded, 'the end');
  }
}
