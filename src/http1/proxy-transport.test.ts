import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Dialer } from './dialer.js';
import type { GiveUp, TransportOptions } from './http-transport.js';
import { ProxyTransport } from './proxy-transport.js';

let server: Server;
let sockets: Socket[];
let answer: string | undefined;
let received: string;
let transport: ProxyTransport;

beforeEach(async () => {
  sockets = [];
  answer = undefined;
  received = '';
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => void (received += chunk.toString()));
    socket.on('data', () => (answer === undefined ? undefined : socket.end(answer)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await transport.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

function newTransport(options: Partial<TransportOptions>): ProxyTransport {
  const dialer = new Dialer();
  const limits = { connectMs: 5000, connectionsPerOrigin: 1, keepAliveMs: 1000, bodySilenceMs: 1000 };
  return new ProxyTransport({ dialer, ...limits, ...options });
}

function send(url: string): { readonly end: Promise<unknown>; readonly giveUp: GiveUp } {
  let giveUp!: GiveUp;
  const end = new Promise((resolve) => {
    giveUp = transport.send(
      { url: new URL(url), headers: {}, reuseConnection: true },
      { onHead: resolve, onData: () => undefined, onEnd: () => undefined, onError: resolve },
    );
  });
  return { end, giveUp };
}

describe('ProxyTransport', () => {
  it.each([
    ['a proxy that did not answer', 'log.example'],
    ['a server without proxy that did not shake hands', '127.0.0.1'],
  ])('comes back from %s to those who gave up', async (_what, host) => {
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('https_proxy', `http://127.0.0.1:${port}`);
    vi.stubEnv('no_proxy', '127.0.0.1');
    transport = newTransport({ connectMs: 100 });
    const { giveUp } = send(`https://${host}:${port}/`);
    await vi.waitFor(() => expect(sockets).toHaveLength(1));
    expect(giveUp()).toMatch(/no connection/);
    answer = 'HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n';
    const error = await send(`https://${host}:${port}/`).end;
    expect(error).toBeInstanceOf(Error);
    expect(await send(`https://${host}:${port}/`).end).toBeInstanceOf(Error);
    expect(sockets.length).toBeGreaterThan(1);
  });

  it('says nothing of a connection when a request was sent', async () => {
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('http_proxy', 'http://127.0.0.1:9');
    vi.stubEnv('no_proxy', '127.0.0.1');
    transport = newTransport({});
    const { giveUp } = send(`http://127.0.0.1:${port}/`);
    await vi.waitFor(() => expect(received).toContain('GET / HTTP/1.1'));
    expect(giveUp()).toBeUndefined();
  });
});
