import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { RawClient } from '../../../test/support/raw-client.js';
import { leaveBodiesUnread } from './unread-bodies.js';

async function connectTo(handle: RequestListener): Promise<RawClient> {
  const server = createServer(handle);
  leaveBodiesUnread(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = await RawClient.connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  onTestFinished(() => {
    client.socket.destroy();
    server.close().closeAllConnections();
  });
  return client;
}

const post = (length: number, body: string) =>
  `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${body}`;
const answers = ({ text }: RawClient) => text.split('HTTP/1.1 200').length - 1;

it('keeps a connection whose request has arrived completely, whether or not its body was read', async () => {
  const ignored = await connectTo((_request, response) => response.end());
  const read = await connectTo((request, response) => request.resume().once('end', () => response.end()));
  for (const client of [ignored, read]) {
    for (let sent = 1; sent <= 3; sent++) {
      client.send(post(5, 'hello'));
      await client.until(() => answers(client) === sent, 'an answer');
    }
  }
  read.send(post(10, 'hello'));
  read.send('hello');
  await read.until(() => answers(read) === 4, 'the answer to a body in two pieces');
});

it('closes a connection whose request was answered before its whole body arrived', async () => {
  const client = await connectTo((_request, response) => response.end('no'));
  client.send(post(1_000_000, 'hello'));
  await client.closed();
  expect(answers(client)).toBe(1);
});
