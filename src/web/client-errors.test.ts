import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from 'vitest';
import { answerClientErrors } from './client-errors.js';

const HEADERS_TIMEOUT_MS = 200;

describe(answerClientErrors, () => {
  let server: Server;
  let reasons: string[];

  beforeEach(async () => {
    reasons = [];
    server = createServer({ connectionsCheckingInterval: 20 }, (_request, response) => {
      response.setHeader('Connection', 'close').end('answer');
    });
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    answerClientErrors(server, { count: (reason) => reasons.push(reason) });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return () => server.close();
  });

  /** Resolves when the server has accepted the connection. */
  async function open(): Promise<Socket> {
    const accepted = once(server, 'connection');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await Promise.all([accepted, once(socket, 'connect')]);
    return socket;
  }

  it('serves a request that has arrived while the process was stalled', async () => {
    const socket = await open();
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    // Nothing else of the process runs meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * HEADERS_TIMEOUT_MS);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*answer/);
    expect(reasons).toEqual([]);
  });

  it('answers 408 to a request that does not arrive as a whole', async () => {
    const socket = await open();
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^]*"code"/);
    expect(reasons).toEqual(['timeout']);
  });

  it('closes a silent connection without an answer, so that an EventSource connects again', async () => {
    expect(await text(await open())).toBe('');
    expect(reasons).toEqual(['timeout']);
  });

  it('answers 400 to what is not HTTP', async () => {
    const socket = await open();
    socket.write('hello\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(reasons).toEqual(['malformed_request']);
  });
});
