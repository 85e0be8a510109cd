import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { AttackedServer } from '../support/attacked-server.js';
import { CAN_METER } from '../support/process-meter.js';

const CLIENTS = 20;
/** Each answer has the filter, so 20 clients could make the server hold 200 MiB more in each second. */
const MOST_MB = 600;
const LONGEST_SECONDS = 5;

let server: AttackedServer;

describe.skipIf(!CAN_METER)('20 clients that ask for large answers', () => {
  beforeAll(async () => {
    server = await AttackedServer.start();
  });
  afterAll(() => server?.close());

  it('and do not read them → are closed, and others are not affected', async ({ task }) => {
    const domain = Array.from({ length: 60_000 }, (_, i) => `${i}.example`);
    const subscribe = JSON.stringify({ op: 'subscribe', filter: { domain } });
    const measured = await server.during(task, async () => {
      const sockets = Array.from(
        { length: CLIENTS },
        () => new WebSocket(`${server.url.replace('http', 'ws')}/?events=1`),
      );
      for (const socket of sockets) socket.on('error', () => undefined);
      await Promise.all(sockets.map((socket) => once(socket, 'open')));
      for (const socket of sockets) {
        socket.send(subscribe);
        await once(socket, 'message');
        socket.pause();
      }
      for (let i = 0; i < 100; i++) {
        for (const socket of sockets) socket.send('{"op":"status"}');
        await sleep(20);
      }
      for (const socket of sockets) socket.terminate();
    });
    expect(measured.grownMb).toBeLessThan(MOST_MB);
    expect(measured.longestGapSeconds).toBeLessThan(LONGEST_SECONDS);
  });
});
