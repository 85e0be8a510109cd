import { afterEach, expect } from 'vitest';
import type { Subscriber } from '../../src/stream/subscription/subscriber.js';
import { StreamClients } from '../../src/stream/subscription/stream-clients.js';
import { TestSystem, type TestSystemOptions } from '../../src/testing/test-system.js';
import { SseReader } from './sse-reader.js';

/** Returns functions for tests of event streams with one server each, which is closed after each test. */
export function sseSystem() {
  let current: TestSystem;
  const readers: SseReader[] = [];
  afterEach(async () => {
    for (const { socket } of readers.splice(0)) socket.destroy();
    await current.close();
  });
  const system = (): TestSystem => current;
  const target = () => ({ port: Number(new URL(current.url).port), host: '127.0.0.1' });
  const clients = () => current.server.app.get(StreamClients);
  /** Number of clients ever. */
  const joined = () =>
    Object.values(clients().audiences).reduce((sum, { stats }) => sum + stats.connections, 0);
  /** Cuts the connection of the reader after the test. */
  const track = (reader: SseReader): SseReader => {
    readers.push(reader);
    return reader;
  };
  const get = (path: string, ...headers: readonly string[]): SseReader =>
    track(SseReader.get(target(), path, ...headers));

  const start = async (options: TestSystemOptions = {}): Promise<void> => {
    current = await TestSystem.start({ logs: [{ name: 'log' }], ...options });
  };
  /** Requests a stream and waits until the client has joined it. */
  const open = async (path = '/sse', ...headers: readonly string[]): Promise<SseReader> => {
    const before = joined();
    const reader = get(path, ...headers);
    await current.eventually(() => joined() > before, 'the client');
    await reader.until(() => reader.retry !== undefined, 'start of the stream');
    return reader;
  };
  /** Returns the server's side of the only client. */
  const onlyClient = (): Subscriber => {
    const all = Object.values(clients().audiences).flatMap((audience) => [...audience.clients]);
    expect(all).toHaveLength(1);
    return all[0];
  };
  const grow = (count: number): void => {
    current.simulator.log('log').append(count);
    current.simulator.log('log').publish();
  };
  return { system, target, clients, track, get, start, open, onlyClient, grow };
}
