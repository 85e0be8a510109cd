import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { TestSystem } from '../../src/testing/test-system.js';
import { LogIndices } from '../support/log-indices.js';
import { readPositions } from '../support/positions.js';

const LIMIT = 64;
const INITIAL = 5;

let system: TestSystem;
beforeEach(async () => {
  system = await TestSystem.prepare({
    logs: [
      { name: 'rfc', initialEntries: INITIAL },
      { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
    ],
    config: () => ({
      general: { recovery: { enabled: true, ct_index_file: join(system.folder, 'ct_index.json') } },
    }),
  });
});
afterEach(() => system.close());

/** @returns the status of the answer to a handshake. */
async function handshake(): Promise<number> {
  const socket = new WebSocket(system.url.replace('http', 'ws'));
  const refused = once(socket, 'unexpected-response') as Promise<[unknown, { statusCode: number }]>;
  const answer = await Promise.race([refused, once(socket, 'open')]);
  socket.on('error', () => undefined).terminate();
  return answer.length === 2 ? (answer[1] as { statusCode: number }).statusCode : 101;
}

it('with a low limit of open files, the server says what is possible, takes no more clients, and works', async () => {
  const cli = await system.startProcess([], {
    wrapper: ['sh', '-c', `ulimit -n ${LIMIT}; exec "$@"`, 'sh'],
  });
  const [line = '', ...others] = cli.output().match(/.*ulimit -n.*/g) ?? [];
  expect(others).toEqual([]);
  const [, possible] = /at most (\d+) clients/.exec(line)!;
  await system.following();
  const readers: LogIndices[] = [];
  for (let client = 0; client < Number(possible); client++)
    readers.push(new LogIndices(await system.connect('/')));
  expect(await handshake()).toBe(503);
  const { logs } = system.simulator;
  for (const log of logs) {
    log.append(20);
    log.publish();
  }
  for (const reader of readers) await reader.upTo(INITIAL + 20, ...logs);
  cli.signal('SIGTERM');
  expect((await cli.ended).code).toBe(0);
  const positions = readPositions(join(system.folder, 'ct_index.json'));
  expect([...positions.values()]).toEqual([INITIAL + 20, INITIAL + 20]);
  expect(cli.output()).not.toContain('EMFILE');
});
