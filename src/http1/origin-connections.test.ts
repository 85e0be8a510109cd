import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionLimit } from './connection-limit.js';
import { Dialer } from './dialer.js';
import type { GiveUp } from './http-messages.js';
import { NameResolver } from './name-resolver.js';
import { OriginConnections } from './origin-connections.js';
import { Route } from './route.js';

let server: Server;
let sockets: Socket[];
/** Number of sockets that have sent something. */
let heard: number;
const opened: OriginConnections[] = [];

beforeEach(async () => {
  sockets = [];
  heard = 0;
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).once('data', () => heard++);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const connections of opened.splice(0)) connections.close(new Error('over'));
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** Returns a function that sends requests over one connection. Only names of this machine can be resolved. */
function sending(scheme: string, host: string): () => GiveUp {
  const lookup = (): Promise<string[]> => new Promise(() => undefined);
  const dialer = new Dialer(new NameResolver({ lookup, query: () => Promise.resolve([]) }));
  const url = new URL(`${scheme}://${host}:${(server.address() as AddressInfo).port}/`);
  const limits = { connectionsPerOrigin: 1, keepAliveMs: 300_000, bodySilenceMs: 300_000 };
  const all = new ConnectionLimit(Infinity, () => []);
  const connections = new OriginConnections(new Route(url, undefined), { dialer, ...limits }, all);
  opened.push(connections);
  const ignore = (): void => undefined;
  const receiver = { onHead: ignore, onData: ignore, onEnd: ignore, onError: ignore };
  return () => connections.send({ url, headers: {}, reuseConnection: true }, receiver);
}

describe('a request that is given up', () => {
  it('reports that it waited for the answer or for a connection', async () => {
    const send = sending('http', '127.0.0.1');
    const [first, second] = [send(), send()];
    await vi.waitFor(() => expect(heard).toBe(1));
    expect(second()).toBe('every connection to the host is in use (1)');
    expect(first()).toBeUndefined();
  });

  it('reports that it waited for the address of a name', () => {
    expect(sending('http', 'log.example')()()).toBe('the name log.example is still being looked up');
  });

  it('reports that it waited for TLS', async () => {
    const giveUp = sending('https', 'localhost')();
    await vi.waitFor(() => expect(heard).toBe(1));
    expect(giveUp()).toBe('the TLS handshake with 127.0.0.1 has not completed');
  });
});
