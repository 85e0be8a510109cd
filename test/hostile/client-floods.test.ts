import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AttackedServer } from '../support/attacked-server.js';
import { Flood, type FloodOptions, type FloodResult } from '../support/flood.js';
import { CAN_METER } from '../support/process-meter.js';
import { RawClient } from '../support/raw-client.js';
import { BINARY, closeFrame, CONTINUATION, frame, PING, PONG, TEXT } from '../support/websocket-frames.js';

const CLIENTS = 20;
const SECONDS = 2;
/**
 * The bound for a busy machine. Without a budget the gaps took 50 s, health pages 170 s, and one client took a whole
 * core.
 */
const LONGEST_SECONDS = 5;
const MOST_CPU_SECONDS = 5;

const UPGRADE = RawClient.upgradeRequest('/');
const COMPRESSED = RawClient.upgradeRequest('/', ['Sec-WebSocket-Extensions: permessage-deflate']);
const CHUNKED = 'POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
const LONG = 'POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n';

type Sent = Pick<FloodOptions, 'unit' | 'lead' | 'request' | 'hurries'>;
const send = (unit: Uint8Array, rest: Partial<Sent> = {}): Sent => ({ request: UPGRADE, unit, ...rest });
const unfinished = (opcode: number) => frame(opcode, '', { fin: false });
const deflated = deflateRawSync('', { finishFlush: 2 }).subarray(0, -4);

let server: AttackedServer;
let slowestPage = 0;

/** Floods the server and requests health pages meanwhile. */
async function attack(sent: Sent): Promise<FloodResult> {
  const flood = await Flood.start({ port: Number(new URL(server.url).port), clients: CLIENTS, ...sent });
  const end = performance.now() + SECONDS * 1000;
  slowestPage = 0;
  while (performance.now() < end) {
    const asked = performance.now();
    expect((await server.get('/healthz')).status).toBe(200);
    slowestPage = Math.max(slowestPage, (performance.now() - asked) / 1000);
    await sleep(100);
  }
  return flood.stop();
}

describe.skipIf(!CAN_METER)('20 clients that send continuously', () => {
  beforeAll(async () => {
    server = await AttackedServer.start({ config: { webserver: { compression_enabled: true } } });
  });
  afterAll(() => server?.close());

  const frames: [string, Sent, number, number?][] = [
    ['empty texts', send(frame(TEXT)), 1008],
    ['pings', send(frame(PING)), 1008],
    ['pongs', send(frame(PONG)), 1008],
    ['fragments', send(unfinished(CONTINUATION), { lead: unfinished(TEXT) }), 1008],
    ['compressed texts', send(frame(TEXT, deflated, { rsv: 4 }), { request: COMPRESSED }), 1008],
    ['messages of 4 KiB', send(frame(BINARY, Buffer.alloc(4096))), 1008],
    ['messages above the limit', send(frame(BINARY, Buffer.alloc(60_000))), 1009],
    ['frames after a reserved bit', send(frame(PING), { lead: frame(TEXT, '', { rsv: 2 }) }), 1002],
    ['frames after a Close', send(frame(PING), { lead: closeFrame(1000) }), 1000, 1008],
  ];
  it.for(frames)(
    '%s → the clients are closed, and others are not affected',
    async ([, sent, ...codes], { task }) => {
      let flood!: FloodResult;
      const measured = await server.during(task, async () => (flood = await attack(sent)));
      task.meta.measured += `; slowest health page ${slowestPage.toFixed(1)} s`;
      expect(flood.heads).toEqual({ 'HTTP/1.1 101': CLIENTS });
      // The code is the answer to a Close frame, or the refusal of the frames in the same read.
      const closed = Object.keys(flood.codes).filter((code) => code !== 'none');
      expect(closed).not.toEqual([]);
      expect(closed.filter((code) => !codes.includes(Number(code)))).toEqual([]);
      expect(measured.longestGapSeconds).toBeLessThan(LONGEST_SECONDS);
      expect(slowestPage).toBeLessThan(LONGEST_SECONDS);
      expect(measured.cpuSeconds).toBeLessThan(MOST_CPU_SECONDS);
    },
  );

  it('pings, and a new connection after each refusal → cost little more than the connections', async ({
    task,
  }) => {
    let flood!: FloodResult;
    const measured = await server.during(task, async () => {
      flood = await attack(send(frame(PING), { hurries: true }));
    });
    task.meta.measured += `; ${flood.connections} connections; slowest health page ${slowestPage.toFixed(1)} s`;
    expect(flood.connections).toBeGreaterThan(CLIENTS);
    expect(measured.cpuSeconds / flood.connections).toBeLessThan(0.05);
    expect(measured.longestGapSeconds).toBeLessThan(LONGEST_SECONDS);
    expect(slowestPage).toBeLessThan(LONGEST_SECONDS);
  });

  const requests: [string, Sent][] = [
    ['bodies in chunks of one octet', send(Buffer.from('1\r\nx\r\n'), { request: CHUNKED })],
    ['bodies of a terabyte', send(Buffer.from('x'), { request: LONG })],
  ];
  it.for(requests)('%s → are not read after the answer', async ([, sent], { task }) => {
    let flood!: FloodResult;
    const measured = await server.during(task, async () => (flood = await attack(sent)));
    expect(flood.heads).toEqual({ 'HTTP/1.1 405': CLIENTS });
    expect(measured.longestGapSeconds).toBeLessThan(LONGEST_SECONDS);
    expect(slowestPage).toBeLessThan(LONGEST_SECONDS);
    expect(measured.cpuSeconds).toBeLessThan(MOST_CPU_SECONDS);
  });

  it('all floods from one address → one log line per limit', () => {
    const lines = server.output.split('\n').filter((line) => line.includes('_per_second_per_client'));
    const first = lines.filter((line) => !line.includes('(again'));
    expect(first.filter((line) => line.includes('frames_per_second_per_client'))).toHaveLength(1);
    expect(first.filter((line) => line.includes('bytes_per_second_per_client'))).toHaveLength(1);
    expect(first[0]).toContain('127.0.0.1');
  });
});
