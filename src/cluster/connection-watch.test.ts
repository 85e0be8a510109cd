import { setImmediate } from 'node:timers/promises';
import type { NatsConnection, Status } from '@nats-io/transport-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ProblemLog } from '../logging/problem-log.js';
import { ConnectionWatch } from './connection-watch.js';

/** Watches a connection to a server of a version, whose client says these things and fails to connect again. */
async function watch(version: string, replicas: number, ...said: object[]) {
  const lines: string[] = [];
  let reconnects = 0;
  async function* status(): AsyncGenerator<Status> {
    for (const one of said) yield one as Status;
    await new Promise(() => undefined);
  }
  const nats = {
    status,
    reconnect: () => {
      reconnects++;
      return Promise.reject(new Error('CONNECTION_CLOSED'));
    },
    info: { version },
    getServer: () => '127.0.0.1:4222',
  } as unknown as NatsConnection;
  const note = (line: string): void => void lines.push(line);
  const problems = new ProblemLog({ log: note, warn: note });
  const options = { servers: ['127.0.0.1'], replicas, problems, refresh: () => Promise.resolve() };
  const watched = new ConnectionWatch(nats, options);
  for (let turns = 0; turns < 10; turns++) await setImmediate();
  return { isConnected: watched.isConnected, lines, reconnects };
}

describe(ConnectionWatch.name, () => {
  const [LOST, BACK] = [{ type: 'disconnect' }, { type: 'reconnect' }];

  it('knows whether there is a connection', async () => {
    expect(await watch('2.12.0', 3, LOST)).toMatchObject({ isConnected: false });
    expect(await watch('2.12.0', 3, LOST, BACK)).toMatchObject({ isConnected: true, reconnects: 0 });
    expect(await watch('2.9.10', 1, LOST, BACK)).toMatchObject({ isConnected: true, reconnects: 0 });
  });

  it('leaves a server that is too old for replicas, although the client fails to', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const { isConnected, lines, reconnects } = await watch('2.9.10', 3, LOST, BACK);
    expect({ isConnected, reconnects, unhandled }).toEqual({
      isConnected: false,
      reconnects: 1,
      unhandled: [],
    });
    expect(lines.at(-1)).toMatch(/127\.0\.0\.1:4222 has version 2\.9\.10, and replicas above 1 need 2\.12/);
  });
});
