import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { StreamClients } from '../src/stream/subscription/stream-clients.js';
import { Admission } from '../src/web/admission.js';
import { PendingConnections } from '../src/web/limits/pending-connections.js';
import { RawClient } from './support/raw-client.js';
import { range } from './support/range.js';
import type { TestSystem } from '../src/testing/test-system.js';
import { WitnessedSystem } from './support/witnessed-system.js';

/** `HOSTILE_CONNECTS=10000 npm run test:hostile` */
const CONNECTS = Number(process.env['HOSTILE_CONNECTS'] ?? 1000);
const AT_A_TIME = 100;
/** Octets of memory, inside and outside the JavaScript heap, that may still be in use shortly after an attack. */
const MEMORY_SLACK = 96 * 1024 * 1024;
const PING = Buffer.from([0x89, 0x84, 0, 0, 0, 0, 0x70, 0x69, 0x6e, 0x67]);

let server: WitnessedSystem;
let system: TestSystem;

const target = () => server.target;
const raw = () => RawClient.connect(target());
const publish = (count: number): void => server.publish(count);
const used = () => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const quit = (clients: readonly RawClient[]) => {
  for (const { socket } of clients) socket.destroy();
};
const many = (count: number, make: () => Promise<RawClient>) => Promise.all(range(0, count).map(make));

beforeAll(async () => {
  server = await WitnessedSystem.start({
    webserver: {
      limits: {
        handshake_timeout_seconds: 1,
        handshakes_per_second: 0,
        handshakes_per_second_per_address: 0,
        // Floods are not limited here; test/hostile/client-floods.test.ts tests the limits.
        frames_per_second_per_client: 0,
        bytes_per_second_per_client: 0,
      },
    },
    general: { buffer_sizes: { websocket: 300 } },
    stream: { slow_client_choices: ['drop', 'close', 'block'], max_block_seconds: 1 },
  });
  ({ system } = server);
});
afterAll(() => system.close());

/**
 * Runs an attack and checks the common promises: other clients received every message, and slots and memory are
 * released.
 */
async function survive(attack: () => Promise<void>): Promise<void> {
  const before = used();
  publish(3);
  await attack();
  publish(3);
  await server.everyMessage();
  const { witness, published } = server;
  expect(witness.frames).toHaveLength(published);
  expect(new Set(witness.indices(system.simulator.log('log').url)).size).toBe(published);
  const { app } = system.server;
  const admission = app.get(Admission);
  const pending = app.get(PendingConnections);
  const { audiences } = app.get(StreamClients);
  const clients = () => Object.values(audiences).reduce((sum, each) => sum + each.clients.size, 0);
  await system.eventually(
    () => admission.connections === 1 && pending.count === 0 && clients() === 1,
    'slots to be released',
  );
  await system.eventually(() => used() - before < MEMORY_SLACK, 'memory to be released');
}

/** Sends one request over a new connection and waits until the server closes it. @returns the status of the answer. */
async function answerTo(request: string): Promise<number> {
  const client = await raw();
  client.send(request);
  await client.closed();
  client.socket.destroy();
  return client.status;
}

describe('the server survives', () => {
  it('slow readers', () =>
    survive(async () => {
      const wishes = ['', '?slow=drop&events=1', '?slow=close', '?slow=block'];
      const each = (wish: string) => many(5, () => RawClient.upgraded(target(), `/full-stream${wish}`));
      const slow = (await Promise.all(wishes.map(each))).flat();
      for (const { socket } of slow) socket.pause();
      publish(500);
      await server.everyMessage();
      quit(slow);
    }));

  it('slow handshakes: headers that never end', () =>
    survive(async () => {
      const slow = await many(200, raw);
      const drip = setInterval(() => slow.forEach((each) => each.isClosed || each.send('X: y\r\n')), 100);
      for (const client of slow) client.send('GET / HTTP/1.1\r\nHost: localhost\r\n');
      await Promise.all(slow.map((client) => client.closed()));
      clearInterval(drip);
      expect(slow.every(({ status }) => status === 408)).toBe(true);
      quit(slow);
    }));

  it('silent and half-open connections', () =>
    survive(async () => {
      const silent = await many(200, raw);
      const halfOpen = await many(50, () => RawClient.upgraded(target()));
      for (const { socket } of halfOpen) socket.end();
      await Promise.all([...silent, ...halfOpen].map((client) => client.closed()));
      quit([...silent, ...halfOpen]);
    }));

  it('floods of pings from clients that read nothing', () =>
    survive(async () => {
      const flood = await many(10, () => RawClient.upgraded(target()));
      for (const { socket } of flood) socket.pause();
      const pings = Buffer.alloc(PING.length * 10_000, PING);
      const before = used();
      for (const client of flood) for (let i = 0; i < 5; i++) client.send(pings);
      await system.eventually(() => flood.every(({ socket }) => socket.writableLength === 0), 'all pings');
      expect(used() - before).toBeLessThan(MEMORY_SLACK);
      quit(flood);
    }));

  it('random bytes instead of a handshake, and after one', () =>
    survive(async () => {
      for (let i = 0; i < 50; i++) {
        const client = await raw();
        client.socket.end(randomBytes(500));
        await client.closed();
        quit([client]);
      }
      for (let i = 0; i < 50; i++) {
        const client = await RawClient.upgraded(target());
        client.socket.end(randomBytes(500));
        await client.closed();
        quit([client]);
      }
    }));

  it('compression bombs', () =>
    survive(async () => {
      const { deflateRawSync } = await import('node:zlib');
      const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024), { finishFlush: 2 }).subarray(0, -4);
      const head = Buffer.alloc(14);
      head[0] = 0xc1;
      head[1] = 0xff;
      head.writeBigUInt64BE(BigInt(bomb.length), 2);
      const offer = ['Sec-WebSocket-Extensions: permessage-deflate'];
      const bombers = await many(10, () => RawClient.upgraded(target(), '/', offer));
      for (const client of bombers) client.send(Buffer.concat([head, bomb]));
      await Promise.all(bombers.map((client) => client.closed()));
      quit(bombers);
    }));

  it(`${CONNECTS} connects and disconnects in a burst, polite and not`, () =>
    survive(async () => {
      const one = async (i: number): Promise<void> => {
        const client = await raw();
        if (i % 4 !== 0) client.send(RawClient.upgradeRequest(i % 2 === 0 ? '/' : '/full-stream'));
        if (i % 4 === 1) await client.until(() => client.status === 101, 'the handshake');
        if (i % 4 === 2) client.socket.resetAndDestroy();
        else client.socket.destroy();
      };
      for (let i = 0; i < CONNECTS; i += AT_A_TIME)
        await Promise.all(range(i, Math.min(i + AT_A_TIME, CONNECTS)).map(one));
    }));

  it('pipelined upgrades, and upgrades after requests', () =>
    survive(async () => {
      const upgrade = RawClient.upgradeRequest();
      const twice = await raw();
      twice.send(upgrade + upgrade);
      // The second upgrade is not a frame: its first octet has reserved bits.
      await twice.closed();
      expect(twice.text.match(/HTTP\/1\.1 101/g)).toHaveLength(1);
      const behind = await raw();
      behind.send(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${upgrade}`);
      await behind.closed();
      expect(behind.text).not.toContain(' 101 ');
      quit([twice, behind]);
    }));
});

describe('no request is smuggled:', () => {
  const host = 'Host: localhost\r\n';
  it.each<[string, string, readonly number[]]>([
    [
      'two Content-Lengths',
      `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
      [400],
    ],
    [
      'Content-Length and Transfer-Encoding',
      `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      [400],
    ],
    [
      'Transfer-Encoding that is not chunked',
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      [400, 405],
    ],
    ['folded lines', `GET / HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`, [400]],
    ['a NUL', `GET / HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`, [400]],
    ['a bare LF in headers', `GET / HTTP/1.1\n${host}\n\n`, [400]],
    ['a bare CR', `GET / HTTP/1.1\r\n${host}X: a\rY: b\r\n\r\n`, [400]],
    ['a space before the colon', `GET / HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n`, [400]],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', [400]],
    ['a malformed request line', 'GET  / HTTP/1.1\r\n\r\n', [400]],
    ['an unknown method', `HACK / HTTP/1.1\r\n${host}\r\n`, [400]],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 0]],
    ['headers without end', `GET / HTTP/1.1\r\n${host}X: ${'a'.repeat(20_000)}`, [431]],
    ['thousands of headers', `GET / HTTP/1.1\r\n${host}${'a: b\r\n'.repeat(10_000)}\r\n`, [431]],
  ])('%s', (_name, request, statuses) =>
    survive(async () => {
      expect(statuses).toContain(await answerTo(request));
    }),
  );

  it('a spoofed X-Forwarded-For has no effect on the address of a client', () =>
    survive(async () => {
      const { audiences } = system.server.app.get(StreamClients);
      const socket = new WebSocket(system.server.url.replace('http', 'ws') + '/full-stream', {
        headers: { 'X-Forwarded-For': '192.0.2.1', 'X-Real-IP': '192.0.2.1', Forwarded: 'for=192.0.2.1' },
      });
      await once(socket, 'open');
      await system.eventually(() => audiences.full.clients.size === 1, 'the client');
      expect([...audiences.full.clients][0].address).toMatch(/^127\.0\.0\.1:\d+$/);
      socket.terminate();
    }));
});
