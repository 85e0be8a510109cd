import { afterEach, describe, expect, it } from 'vitest';
import { StreamClients } from '../src/stream/subscription/stream-clients.js';
import { TestSystem, type TestSystemOptions } from '../src/testing/test-system.js';
import { SseReader } from './support/sse-reader.js';

let system: TestSystem;
const readers: SseReader[] = [];
afterEach(async () => {
  for (const { socket } of readers.splice(0)) socket.destroy();
  await system.close();
});

async function start(options: TestSystemOptions = {}): Promise<void> {
  system = await TestSystem.start({ logs: [{ name: 'log' }], ...options });
}

const target = () => ({ port: Number(new URL(system.url).port), host: '127.0.0.1' });

function get(path: string, ...headers: readonly string[]): SseReader {
  const reader = SseReader.get(target(), path, ...headers);
  readers.push(reader);
  return reader;
}

/** Requests a stream and waits until the client has joined it. */
async function open(path = '/sse', ...headers: readonly string[]): Promise<SseReader> {
  const before = clients().count;
  const reader = get(path, ...headers);
  await system.eventually(() => clients().count > before, 'the client');
  await reader.until(() => reader.retry !== undefined, 'start of the stream');
  return reader;
}

const clients = () => system.server.app.get(StreamClients);

function grow(count: number): void {
  system.simulator.log('log').append(count);
  system.simulator.log('log').publish();
}

describe('an event stream', () => {
  it('carries the JSON of the WebSocket streams, one event for each message, with a cursor', async () => {
    await start();
    for (const [name, path] of [
      ['full', '/full-stream'],
      ['lite', '/'],
      ['domains', '/domains-only'],
      ['domains-only', '/domains-only'],
    ] as const) {
      const webSocket = await system.connect(path);
      const reader = await open(`/sse?stream=${name}`);
      grow(20);
      await webSocket.until(({ frames }) => frames.length >= 20);
      await reader.until(() => reader.events.length >= 20, 'twenty events');
      expect(reader.events.map(({ data }) => data)).toEqual(webSocket.frames.map((frame) => frame.trimEnd()));
      expect(new Set(reader.events.map(({ type }) => type))).toEqual(new Set(['message']));
      expect(new Set(reader.events.map(({ id }) => id)).size).toBe(20);
      await webSocket.close();
      await reader.cut();
    }
  });

  it('is answered with headers that keep caches and proxies from holding events back', async () => {
    await start();
    const reader = await open();
    expect(reader.head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (const line of [
      'Content-Type: text/event-stream; charset=utf-8',
      'Cache-Control: no-store, no-transform',
      'X-Accel-Buffering: no',
      'Access-Control-Allow-Origin: *',
      'Connection: close',
    ])
      expect(reader.head).toContain(`${line}\r\n`);
    expect(reader.head).not.toMatch(/transfer-encoding|content-length/i);
    expect(reader.retry).toBe(1000);
  });
});
