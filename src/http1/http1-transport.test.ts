import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Dialer } from './dialer.js';
import { HttpFormatError, HttpTimeoutError } from './http-errors.js';
import { Http1Transport } from './http1-transport.js';

const HELLO = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello';
const EMPTY = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** Answers request number `n` of a connection, counted from 0. */
type Script = (socket: Socket, head: string, n: number) => void;

let server: Server;
let transport: Http1Transport;
let script: Script;
let connections: Socket[];
let heads: string[];

beforeEach(async () => {
  connections = [];
  heads = [];
  script = (socket) => socket.write(HELLO);
  server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
    let n = 0;
    socket.on('data', (data) => {
      const head = data.toString('latin1');
      heads.push(head);
      script(socket, head, n++);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  transport = newTransport();
});
afterEach(async () => {
  transport.close();
  for (const socket of connections) socket.destroy();
  server.close();
});

function newTransport(options = {}): Http1Transport {
  return new Http1Transport({
    dialer: new Dialer(),
    proxies: { proxyFor: () => undefined },
    connectionsPerOrigin: 2,
    keepAliveMs: 300_000,
    bodySilenceMs: 300_000,
    ...options,
  });
}

interface Sent {
  readonly body: Promise<string>;
  readonly cancel: () => void;
  /** Calls of the receiver. */
  readonly calls: string[];
}

function send(path = '/', { reuse = true, onData = (): void => undefined } = {}): Sent {
  const calls: string[] = [];
  let cancel!: () => void;
  const body = new Promise<string>((resolve, reject) => {
    let text = '';
    const url = new URL(path, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    cancel = transport.send(
      { url, headers: { 'user-agent': 'test/1' }, reuseConnection: reuse },
      {
        onHead: (status) => void calls.push(`head ${status}`),
        onData: (chunk) => {
          calls.push('data');
          text += chunk.toString('latin1');
          onData();
        },
        onEnd: () => {
          calls.push('end');
          resolve(text);
        },
        onError: (error) => {
          calls.push('error');
          reject(error);
        },
      },
    );
  });
  body.catch(() => undefined);
  return { body, cancel, calls };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Http1Transport', () => {
  it('sends a request with a Host field, and reuses its connection', async () => {
    for (const path of ['/a?b=c', '/ä b']) {
      expect(await send(path).body).toBe('hello');
      await turn();
    }
    const { port } = server.address() as AddressInfo;
    expect(heads).toEqual(
      ['/a?b=c', '/%C3%A4%20b'].map(
        (path) => `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nuser-agent: test/1\r\n\r\n`,
      ),
    );
    expect(connections).toHaveLength(1);
  });

  it('opens no more connections than the limit; further requests wait in turn', async () => {
    const held: Socket[] = [];
    script = (socket) => void held.push(socket);
    const sent = ['/1', '/2', '/3', '/4'].map((path) => send(path));
    await vi.waitFor(() => expect(held).toHaveLength(2));
    expect(connections).toHaveLength(2);
    script = (socket) => socket.write(HELLO);
    for (const socket of held) socket.write(HELLO);
    await Promise.all(sent.map(({ body }) => body));
    expect(heads.map((head) => head.split(' ')[1])).toEqual(['/1', '/2', '/3', '/4']);
    expect(connections).toHaveLength(2);
  });

  it('opens a new connection on request, even when others are idle', async () => {
    await Promise.all([send('/1').body, send('/2').body]);
    await turn();
    const closed = once(connections[0], 'close');
    expect(await send('/own', { reuse: false }).body).toBe('hello');
    await closed;
    expect(connections).toHaveLength(3);
    expect(heads[2]).toContain('connection: close\r\n');
    if (!connections[2].readableEnded) await once(connections[2], 'end');
  });

  it.each<[string, string]>([
    ['announces that it closes it', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello'],
    [
      'keeps it for too short a time',
      'HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 5\r\n\r\nhello',
    ],
    ['sends more than the response', `${HELLO}more`],
  ])('does not reuse a connection whose peer %s', async (_what, response) => {
    script = (socket) => socket.write(response);
    expect(await send().body).toBe('hello');
    await turn();
    expect(await send().body).toBe('hello');
    expect(connections).toHaveLength(2);
  });

  it('repeats a request over a new connection when the peer closes the reused one without an answer', async () => {
    script = (socket, _head, n) => (n === 0 ? socket.write(HELLO) : socket.destroy());
    expect(await send('/1').body).toBe('hello');
    await turn();
    expect(await send('/2').body).toBe('hello');
    expect(heads).toHaveLength(3);
    expect(connections).toHaveLength(2);
  });

  it('does not repeat a request of a new connection, nor after a part of the response has arrived', async () => {
    script = (socket) => socket.destroy();
    await expect(send().body).rejects.toThrow();
    expect(heads).toHaveLength(1);
    script = (socket, _head, n) => (n === 0 ? socket.write(HELLO) : socket.end('HTTP/1.1 2'));
    await send().body;
    await turn();
    await expect(send().body).rejects.toThrow('before the end of the response');
    expect(heads).toHaveLength(3);
  });

  it('does not repeat a request when the response on a reused connection is malformed', async () => {
    const broken = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\nno size\r\n';
    script = (socket, _head, n) => socket.write(n === 0 ? HELLO : broken);
    await send().body;
    await turn();
    const { body, calls } = send();
    await expect(body).rejects.toBeInstanceOf(HttpFormatError);
    expect(calls).toEqual(['head 200', 'data', 'error']);
    expect(heads).toHaveLength(2);
  });

  it('applies the same rules to a request that waited for its connection', async () => {
    transport.close();
    transport = newTransport({ connectionsPerOrigin: 1, bodySilenceMs: 20 });
    script = (socket, _head, n) => (n === 0 ? socket.write(HELLO) : socket.destroy());
    expect(await Promise.all([send('/1'), send('/2')].map(({ body }) => body))).toEqual(['hello', 'hello']);
    expect(heads.map((head) => head.split(' ')[1])).toEqual(['/1', '/2', '/2']);
    script = (socket, _head, n) => socket.write(n === 0 ? HELLO : HELLO.slice(0, -1));
    transport.close();
    transport = newTransport({ connectionsPerOrigin: 1, bodySilenceMs: 20 });
    const [first, second] = [send('/1'), send('/2')];
    expect(await first.body).toBe('hello');
    await expect(second.body).rejects.toBeInstanceOf(HttpTimeoutError);
  });

  it('closes an idle connection when it receives data', async () => {
    await send().body;
    await turn();
    const closed = once(connections[0], 'close');
    connections[0].write(HELLO);
    await closed;
    expect(await send().body).toBe('hello');
    expect(connections).toHaveLength(2);
  });

  it('closes idle connections after a time, and when the peer closes them', async () => {
    transport.close();
    transport = newTransport({ keepAliveMs: 20 });
    await send().body;
    await once(connections[0], 'close');
    await send().body;
    connections[1].end();
    await once(connections[1], 'close');
    expect(await send().body).toBe('hello');
  });

  it('gives up a request in the queue, before and within its response, and continues with the others', async () => {
    transport.close();
    transport = newTransport({ connectionsPerOrigin: 1 });
    const held: Socket[] = [];
    script = (socket, head) => (head.includes('/held') ? void held.push(socket) : socket.write(HELLO));
    const first = send('/held');
    const queued = send('/queued');
    const last = send('/last');
    queued.cancel();
    await vi.waitFor(() => expect(held).toHaveLength(1));
    first.cancel();
    expect(await last.body).toBe('hello');
    script = (socket) => socket.write(HELLO.replace('5', '500'));
    const within: Sent = send('/within', { onData: () => within.cancel() });
    await once(connections[connections.length - 1], 'close');
    expect([first.calls, queued.calls, within.calls]).toEqual([[], [], ['head 200', 'data']]);
    expect(heads.some((head) => head.includes('/queued'))).toBe(false);
  });

  it('refuses a response that is not HTTP', async () => {
    script = (socket) => socket.write('* OK IMAP4rev1 ready\r\n\r\n');
    await expect(send().body).rejects.toBeInstanceOf(HttpFormatError);
  });

  it('does not wait forever for the rest of a body', async () => {
    transport.close();
    transport = newTransport({ bodySilenceMs: 20 });
    script = (socket) => socket.write(HELLO.slice(0, -1));
    await expect(send().body).rejects.toBeInstanceOf(HttpTimeoutError);
  });

  it('reads a body without length until the connection ends', async () => {
    script = (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it');
    expect(await send().body).toBe('all of it');
    expect(await send().body).toBe('all of it');
    expect(connections).toHaveLength(2);
  });

  it('ends all requests when it is closed, and refuses new ones', async () => {
    script = () => undefined;
    const sent = ['/1', '/2', '/3'].map((path) => send(path));
    transport.close();
    for (const { body } of sent) await expect(body).rejects.toThrow('closed');
    expect(() => send()).not.toThrow();
    await expect(send().body).rejects.toThrow('closed');
  });

  it('does not mix up the bodies of interleaved responses', async () => {
    script = (socket, head) => {
      const body = head.split(' ')[1].repeat(20_000);
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.write(body);
    };
    const bodies = await Promise.all(['/a', '/b', '/c', '/d'].map((path) => send(path).body));
    expect(bodies).toEqual(['/a', '/b', '/c', '/d'].map((path) => path.repeat(20_000)));
    script = (socket) => socket.write(EMPTY);
    expect(await send().body).toBe('');
  });
});
