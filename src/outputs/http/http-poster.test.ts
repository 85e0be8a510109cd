import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hostLookup } from './host-lookup.js';
import { HttpPoster } from './http-poster.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Starts a server that treats its connections in turn, the last way for all further ones. */
async function start(...connections: readonly ((socket: Socket) => void)[]) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
    connections[Math.min(sockets.length, connections.length) - 1](socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`);
  const poster = new HttpPoster({ url, lookup: hostLookup(), secrets: ['secret-token'] });
  onTestFinished(() => {
    poster.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { signal } = new AbortController();
  return { sockets, post: (body = 'body') => poster.post(Buffer.from(body), {}, signal) };
}

const answering =
  (...answers: readonly string[]) =>
  (socket: Socket): void => {
    let next = 0;
    socket.on('data', () => socket.write(answers[Math.min(next++, answers.length - 1)]));
  };

describe(HttpPoster, () => {
  it('keeps a connection', async () => {
    const { sockets, post } = await start(answering(OK));
    for (let i = 0; i < 3; i++) expect(await post()).toMatchObject({ status: 200, excerpt: 'ok' });
    expect(sockets).toHaveLength(1);
  });

  it('repeats a request over a new connection if a kept one is closed without an answer', async () => {
    const { sockets, post } = await start((socket) => {
      socket.once('data', () => {
        socket.write(OK);
        socket.once('data', () => socket.resetAndDestroy());
      });
    }, answering(OK));
    await post();
    expect(await post()).toMatchObject({ status: 200 });
    expect(sockets).toHaveLength(2);
  });

  it('does not repeat a request over a second new connection', async () => {
    const { sockets, post } = await start((socket) => socket.on('data', () => socket.resetAndDestroy()));
    await expect(post()).rejects.toMatchObject({ code: 'OUTPUT_UNREACHABLE' });
    expect(sockets).toHaveLength(1);
  });

  it('reads an answer that comes before the whole body is sent', async () => {
    const { post } = await start((socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      });
    }, answering(OK));
    expect(await post('x'.repeat(20_000_000))).toMatchObject({ status: 413 });
    expect(await post()).toMatchObject({ status: 200 });
  });

  it('shows the beginning of an answer on one line, without control characters and secrets', async () => {
    const text = `<p>\r\n\u001b[31mred\u202e \0 secret-token ${'x'.repeat(1000)}`;
    const { post } = await start(
      answering(`HTTP/1.1 500 Oops\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`),
    );
    const { excerpt } = await post();
    expect(excerpt).toMatch(/^<p> \[31mred \*\*\* x+$/);
    expect(excerpt).toHaveLength(200);
  });

  it.each([
    ['headers without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ])('fails for %s', async (_name, answer) => {
    const { post } = await start(answering(answer));
    await expect(post()).rejects.toMatchObject({ code: 'OUTPUT_UNREACHABLE' });
  });
});
