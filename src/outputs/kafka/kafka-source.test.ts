import dns from 'node:dns';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import zlib from 'node:zlib';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { outputsSection } from '../../config/sections/outputs/outputs.js';
import { freePort } from '../../testing/free-port.js';
import { createOutput } from '../engine/create-output.js';
import type { EngineOutput } from '../engine/engine-output.js';
import { messagesOf } from '../testing/output-messages.js';

const HAS_ZSTD = 'zstdCompressSync' in zlib;
/** Error code of the protocol of Kafka. */
const UNSUPPORTED_SASL_MECHANISM = 33;
const MESSAGES = messagesOf([['example.com']]);
const { signal } = new AbortController();

/** Creates an output with settings of this type. */
async function output(settings: Record<string, unknown>): Promise<EngineOutput> {
  const [checked] = outputsSection.parse([{ name: 'lake', type: 'kafka', timeout_seconds: 2, ...settings }]);
  const log = { warn: () => undefined, log: () => undefined };
  const created = await createOutput(checked, { journalPath: tmpdir(), uniqueMegabytes: 1, log });
  onTestFinished(() => created.close());
  return created;
}

/** Starts a TCP server that is no broker. Returns its address. */
async function server(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the start of a Kafka output', () => {
  it('fails when no password is set, or its file does not exist', async () => {
    const sasl = { mechanism: 'SCRAM-SHA-512', username: 'certstream' };
    await expect(output({ brokers: ['127.0.0.1'], sasl })).rejects.toMatchObject({
      code: 'OUTPUT_SECRET_MISSING',
      message: expect.stringContaining('set password_file') as string,
    });
    await expect(
      output({ brokers: ['127.0.0.1'], sasl: { ...sasl, password_file: '/nowhere/secret' } }),
    ).rejects.toMatchObject({ code: 'OUTPUT_SECRET_MISSING' });
  });

  it('fails when a file of tls does not exist or is no certificate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'certstream-kafka-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'ca.pem');
    await expect(output({ brokers: ['127.0.0.1'], tls: { ca: file } })).rejects.toMatchObject({
      code: 'OUTPUT_TLS_FILE',
    });
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n');
    await expect(output({ brokers: ['127.0.0.1'], tls: { ca: file } })).rejects.toMatchObject({
      code: 'OUTPUT_TLS_FILE',
    });
  });

  it.skipIf(HAS_ZSTD)('fails with zstd on a Node without it', async () => {
    await expect(output({ brokers: ['127.0.0.1'], compression: 'zstd' })).rejects.toMatchObject({
      code: 'OUTPUT_NODE_VERSION',
      message: expect.stringMatching(/needs Node 22\.15/) as string,
    });
  });
});

describe('a Kafka output without a broker', () => {
  it('names every broker that refuses connections', async () => {
    const brokers = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const lake = await output({ brokers });
    const failed = expect.objectContaining({ code: 'OUTPUT_UNREACHABLE' }) as Error;
    await expect(lake.send(MESSAGES, signal)).rejects.toEqual(failed);
    await expect(lake.send(MESSAGES, signal)).rejects.toThrow(
      new RegExp(
        `^brokers cannot be reached: ${brokers[0]}: .*ECONNREFUSED.*; ${brokers[1]}: .*ECONNREFUSED`,
      ),
    );
  });

  it('says which name does not exist', async () => {
    const lake = await output({ brokers: ['kafka.invalid'] });
    await expect(lake.send(MESSAGES, signal)).rejects.toThrow(/kafka\.invalid:9092: .*(ENOTFOUND|EAI_AGAIN)/);
  });

  it('says which names are not resolved in time, and asks for one at a time, however often it tries', async () => {
    const answers: (() => void)[] = [];
    vi.spyOn(dns, 'lookup').mockImplementation(((
      _name: string,
      _options: object,
      answer: (e: Error) => void,
    ) => answers.push(() => answer(new Error('the test is over')))) as never);
    const lake = await output({ brokers: ['kafka-1.example.com', 'kafka-2.example.com'] });
    for (let time = 0; time < 2; time++)
      await expect(lake.send(MESSAGES, signal)).rejects.toMatchObject({
        code: 'OUTPUT_UNREACHABLE',
        message:
          'brokers cannot be reached: kafka-1.example.com:9092: the name kafka-1.example.com is not resolved in time; ' +
          'kafka-2.example.com:9092: the name kafka-2.example.com is not resolved in time',
      });
    expect(answers).toHaveLength(1);
    while (answers.length > 0) {
      answers.shift()!();
      await nextTurn();
    }
  });

  it('says that nothing answers, and closes the connection', async () => {
    let resolve = (): void => undefined;
    const closed = new Promise<void>((done) => (resolve = done));
    const broker = await server((socket) => socket.on('close', () => resolve()).resume());
    const lake = await output({ brokers: [broker] });
    await expect(lake.send(MESSAGES, signal)).rejects.toThrow(`the brokers at ${broker} do not answer`);
    await closed;
  });

  it.each([
    ['closes the connection', (socket: Socket) => socket.end()],
    ['breaks the connection off', (socket: Socket) => socket.resetAndDestroy()],
    [
      'speaks HTTP',
      (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    ],
    [
      'answers with another correlation',
      (socket: Socket) => socket.once('data', () => socket.write(Buffer.alloc(64, 3).fill(0, 0, 3))),
    ],
  ])('has one line for a server that %s', async (_, onConnection) => {
    const broker = await server(onConnection);
    const lake = await output({ brokers: [broker] });
    for (let time = 0; time < 3; time++)
      await expect(lake.send(MESSAGES, signal)).rejects.toMatchObject({
        code: 'OUTPUT_UNREACHABLE',
        message: expect.stringMatching(/^[^\n]*127\.0\.0\.1[^\n]*$/) as string,
      });
  });

  it('says that a server without TLS refuses the handshake', async () => {
    const broker = await server((socket) => socket.once('data', () => socket.end()));
    const lake = await output({ brokers: [broker], tls: {} });
    await expect(lake.send(MESSAGES, signal)).rejects.toThrow(/^brokers cannot be reached: .*TLS/);
  });

  it('survives a broker that refuses the authentication and then breaks the connection off', async () => {
    let broken = 0;
    const broker = await server((socket) => {
      socket.once('data', (request) => {
        const answer = Buffer.alloc(14);
        answer.writeInt32BE(10, 0);
        request.copy(answer, 4, 8, 12);
        answer.writeInt16BE(UNSUPPORTED_SASL_MECHANISM, 8);
        socket.write(answer);
      });
      socket.on('end', () => {
        broken++;
        socket.resetAndDestroy();
      });
    });
    const sasl = { mechanism: 'SCRAM-SHA-512', username: 'certstream', password: 'secret' };
    const lake = await output({ brokers: [broker], sasl });
    for (let time = 1; time <= 3; time++) {
      await expect(lake.send(MESSAGES, signal)).rejects.toThrow(/do not offer SCRAM-SHA-512/);
      await expect.poll(() => broken).toBe(time);
    }
  });
});
