import { once } from 'node:events';
import { type AddressInfo, createServer, type LookupFunction } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { messagesOf } from '../../../test/support/output-messages.js';
import { BatchSender } from '../engine/batch-sender.js';
import { MessagesRefusedError } from '../engine/output-engine.js';
import type { OutputMessage } from '../messages/output-message.js';
import { NsqTcpEngine } from './nsq-tcp-engine.js';

const ANSWER = Buffer.concat([Buffer.from([0, 0, 0, 6, 0, 0, 0, 0]), Buffer.from('{}')]);
const SIGNAL = new AbortController().signal;
/** More than the buffers of a connection hold. */
const LARGE = 'x'.repeat(24 * 1024 * 1024);

/** An nsqd that resets the connection in the middle of each body, so that its refusal is lost. */
async function startNsqd(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (octets) => {
      if (octets.includes('IDENTIFY')) socket.write(ANSWER);
      else socket.resetAndDestroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

it('refuses a message alone that nsqd cuts off five times', async () => {
  const port = await startNsqd();
  const lookup: LookupFunction = () => undefined;
  const sender = new BatchSender({
    messages: 100,
    bytes: Infinity,
    head: 0,
    sizeOf: ({ text }) => text.length,
  });
  const cutOffs = new WeakMap<OutputMessage, number>();
  const messages = messagesOf([LARGE]);
  const failures: unknown[] = [];
  for (let i = 0; i < 5; i++) {
    const engine = new NsqTcpEngine(
      { host: '127.0.0.1', port, lookup, tls: undefined },
      'ct',
      sender,
      cutOffs,
    );
    await engine.send(messages, SIGNAL).catch((error: unknown) => failures.push(error));
    await engine.close();
  }
  expect(failures.slice(0, 4).map((error) => (error as { code?: string }).code)).toEqual(
    Array.from({ length: 4 }, () => 'OUTPUT_UNREACHABLE'),
  );
  expect(failures[4]).toBeInstanceOf(MessagesRefusedError);
});
