import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Subscriber } from '../subscription/subscriber.js';
import type { WebSocketConnection } from './websocket-connection.js';
import { KeepAlive } from './keep-alive.js';
import { testClient } from '../../../test/support/stream-clients.js';

const TIMINGS = { pingInterval: 30_000, idleTimeout: 65_000, closeTimeout: 5_000, checkInterval: 3_600_000 };

/** The server's end of a connection, observed by a {@link KeepAlive} with a clock of the test. */
class FakeConnection extends EventEmitter {
  readonly OPEN = WebSocket.OPEN;
  readyState: number = WebSocket.OPEN;
  ping = vi.fn();
  close = vi.fn(() => void (this.readyState = WebSocket.CLOSING));
  terminate = vi.fn();
  readonly socket = { bytesRead: 0, off: vi.fn() };
  readonly connection: WebSocketConnection;
  readonly client: Subscriber;

  constructor() {
    super();
    ({ connection: this.connection, client: this.client } = testClient(
      this as unknown as WebSocket,
      this.socket as unknown as Socket,
    ));
  }
}

function keepAlive() {
  let now = 0;
  const watcher = new KeepAlive(TIMINGS, () => now);
  const advance = (milliseconds: number) => {
    for (const end = now + milliseconds; now < end;) {
      now += 1000;
      watcher.check();
    }
  };
  return { watcher, advance };
}

describe(KeepAlive.name, () => {
  it('pings each client every 30 s, and not all clients at once', () => {
    const { watcher, advance } = keepAlive();
    const connections = Array.from({ length: 30 }, () => new FakeConnection());
    for (const { connection, client } of connections) watcher.watch(connection, client);
    advance(2_000);
    const early = connections.filter(({ ping }) => ping.mock.calls.length > 0);
    expect(early).toHaveLength(2);
    advance(28_000);
    for (const { ping } of connections) expect(ping).toHaveBeenCalledOnce();
    for (const { socket } of connections) socket.bytesRead++;
    advance(30_000);
    for (const { ping } of connections) expect(ping).toHaveBeenCalledTimes(2);
    for (const { client } of connections) watcher.forget(client);
  });

  it('closes a silent client with 1001 and cuts it when it does not answer', () => {
    const { watcher, advance } = keepAlive();
    const { client, close, connection, terminate } = new FakeConnection();
    watcher.watch(connection, client);
    advance(64_000);
    expect(close).not.toHaveBeenCalled();
    advance(1_000);
    expect(close).toHaveBeenCalledExactlyOnceWith(1001, expect.stringContaining('no ping'));
    advance(4_000);
    expect(terminate).not.toHaveBeenCalled();
    advance(1_000);
    expect(terminate).toHaveBeenCalled();
    watcher.forget(client);
  });

  it('discards the waiting messages of a client that is closing, and cuts it in time', () => {
    const { watcher, advance } = keepAlive();
    const fake = new FakeConnection();
    const { client, close, connection, ping, terminate } = fake;
    const forgetQueue = vi.spyOn(client, 'forgetQueue');
    watcher.watch(connection, client);
    advance(1_000);
    expect(forgetQueue).not.toHaveBeenCalled();
    fake.readyState = WebSocket.CLOSING;
    advance(1_000);
    expect(forgetQueue).toHaveBeenCalled();
    advance(4_000);
    expect(terminate).not.toHaveBeenCalled();
    advance(1_000);
    expect(terminate).toHaveBeenCalled();
    expect([close.mock.calls, ping.mock.calls]).toEqual([[], []]);
    watcher.forget(client);
  });

  it('keeps a client that sends anything', () => {
    const { watcher, advance } = keepAlive();
    const { client, close, connection, socket } = new FakeConnection();
    watcher.watch(connection, client);
    for (let i = 0; i < 10; i++) {
      advance(60_000);
      socket.bytesRead += 6;
    }
    expect(close).not.toHaveBeenCalled();
    watcher.forget(client);
  });

  it('does not count a time in which the server was stopped as silence', () => {
    let now = 0;
    const watcher = new KeepAlive({ ...TIMINGS, checkInterval: 1_000 }, () => now);
    const { client, close, connection } = new FakeConnection();
    watcher.watch(connection, client);
    now = 100_000;
    watcher.check();
    expect(close).not.toHaveBeenCalled();
    for (const end = now + 65_000; now < end; now += 1_000) watcher.check();
    expect(close).toHaveBeenCalledOnce();
    watcher.forget(client);
  });

  it('keeps an ordinary client by its pongs, and closes it when it stops answering', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => server.close().closeAllConnections());
    await once(server, 'listening');
    const watcher = new KeepAlive({ pingInterval: 20, idleTimeout: 200, closeTimeout: 20, checkInterval: 5 });
    const upgrades = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) =>
      upgrades.handleUpgrade(request, socket, head, (webSocket) => {
        const { client, connection } = testClient(webSocket, socket as Socket);
        watcher.watch(connection, client);
        webSocket.on('close', () => watcher.forget(client));
      }),
    );
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answering = new WebSocket(url);
    const silent = new WebSocket(url, { autoPong: false });
    const closed = vi.fn();
    answering.on('close', closed);
    const [code] = (await once(silent, 'close')) as [number];
    expect(code).toBe(1001);
    expect(closed).not.toHaveBeenCalled();
    answering.terminate();
  });
});
