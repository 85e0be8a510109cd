import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import { certificate, name, text } from '../../src/certificate/testing/der-builder.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { AttackedServer } from '../support/attacked-server.js';
import {
  type EntryParts,
  extraData,
  leafIndexExtension,
  leafInput,
  tileLeaf,
  u,
} from '../support/ct-log-bytes.js';
import { CAN_METER } from '../support/process-meter.js';
import { RawClient } from '../support/raw-client.js';
import { range } from '../support/range.js';

const KB = 1024;
const MB = 1024 * KB;
/**
 * MiB of memory that one attack may cost. Data in flight is bounded by 64 MiB; texts are bounded per message and
 * slice.
 */
const MEMORY_LIMIT = 500;
/** Seconds, on a busy machine. */
const GAP_LIMIT = 20;
const CPU_LIMIT = 40;
/** Number of messages that a client parses. Parsing all of them would make the client the slow part. */
const LOOKED_AT = 5;

const controls = (size: number): Buffer => text(Buffer.alloc(size, 1), 0x16);
/** Makes a certificate of which each octet becomes 18 octets of text. */
const amplifier = (size: number): Buffer => certificate({ subject: name(['email', controls(size)]) });
const large = (size: number): Buffer => certificate({ subject: name(['O', text('x'.repeat(size))]) });

let server: AttackedServer;
const clients: WebSocket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await server.close();
});

function appendEntry(log: SimulatedLog, parts: EntryParts): void {
  log.appendRaw({ leafInput: leafInput(parts), extraData: extraData(parts) });
}

/** Appends a tile entry whose issuers `/issuer/` serves. Its get-entries form has no chain. */
function appendToTile(log: SimulatedLog, der: Buffer, issuers: readonly Buffer[]): void {
  const index = log.size;
  const parts = { certificate: der, extensions: leafIndexExtension(index) };
  log.appendRaw({
    leafInput: leafInput(parts),
    extraData: u(3, 0),
    tileLeaf: tileLeaf(index, { ...parts, chain: issuers }),
  });
}

/** Connects a client of the full stream that counts messages and collects their `parse_error`. */
async function fullClient(): Promise<{ count: number; parseErrors: Set<string>; longest: number }> {
  const seen = { count: 0, parseErrors: new Set<string>(), longest: 0 };
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/full-stream`, { maxPayload: 0 });
  clients.push(socket);
  socket.on('message', (data: Buffer) => {
    seen.longest = Math.max(seen.longest, data.length);
    if (!data.includes('/big"')) return;
    if (seen.count++ >= LOOKED_AT) return;
    const { parse_error: parseError } = (JSON.parse(data.toString()) as CertificateUpdate).data;
    if (parseError !== undefined) seen.parseErrors.add(parseError);
  });
  await new Promise((resolve) => socket.once('open', resolve));
  return seen;
}

describe.skipIf(!CAN_METER)('large entries', () => {
  it('a certificate of 1.1 MB of control characters → every entry of other logs arrives, and the message says what it omits', async ({
    task,
  }) => {
    server = await AttackedServer.start({
      logs: [
        { name: 'big', operator: 'Big' },
        { name: 'ordinary', operator: 'Ordinary', pageSize: 250 },
      ],
    });
    const [big, ordinary] = [server.log('big'), server.log('ordinary')];
    const seen = await fullClient();
    const measured = await server.during(task, async () => {
      for (let round = 0; round < 3; round++) {
        appendEntry(big, { certificate: amplifier(1.1 * MB) });
        big.publish();
        await server.until(
          () => server.of(big).length === round + 1 && seen.count === round + 1,
          'the big entry',
        );
        ordinary.append(250);
        ordinary.publish();
        await server.until(
          () => server.of(ordinary).length === 250 * (round + 1),
          'the entries of the ordinary log',
        );
      }
    });
    expect(server.of(ordinary)).toEqual(range(0, 750));
    expect([...seen.parseErrors]).toEqual(['oversized_certificate']);
    expect(seen.longest).toBeLessThan(4 * MB);
    expect(await server.report(ordinary)).toMatchObject({ verification: { state: 'verified' } });
    expect(measured.grownMb).toBeLessThan(MEMORY_LIMIT);
    expect(measured.longestGapSeconds).toBeLessThan(GAP_LIMIT);
  });

  it.for([
    ['100 issuers of 64 KB', large],
    ['100 issuers of 64 KB of control characters', amplifier],
  ] as const)(
    'a tile of 256 entries that share %s → bounded texts, and other logs continue',
    async ([_what, make], { task }) => {
      server = await AttackedServer.start({
        logs: [{ name: 'big', operator: 'Big', protocol: 'static-ct' }],
        config: { stream: { max_buffered_bytes: 64 * MB }, ct_log: { verification: 'off' } },
      });
      const big = server.log('big');
      const issuers = range(0, 100).map((i) => Buffer.concat([make(63 * KB), Buffer.from([i])]));
      for (const issuer of issuers) big.addIssuer(issuer);
      const seen = await fullClient();
      const measured = await server.during(task, async () => {
        for (let i = 0; i < 256; i++) appendToTile(big, certificate(), issuers);
        big.publish();
        await server.until(() => server.of(big).length === 256, 'the tile at the witness');
        await server.until(() => seen.count > 0, 'a message at the client of the full stream');
      });
      expect(server.of(big)).toEqual(range(0, 256));
      expect([...seen.parseErrors]).toEqual(['oversized_chain']);
      expect(seen.longest).toBeLessThan(2 * MB);
      expect(measured.grownMb).toBeLessThan(MEMORY_LIMIT);
      expect(measured.cpuSeconds).toBeLessThan(CPU_LIMIT);
      expect(measured.longestGapSeconds).toBeLessThan(GAP_LIMIT);
    },
  );

  it('a page full of certificates that become 18 times as much text → bounded texts, and other logs continue', async ({
    task,
  }) => {
    server = await AttackedServer.start({ logs: [{ name: 'big', operator: 'Big', pageSize: 1000 }] });
    const big = server.log('big');
    await fullClient();
    const measured = await server.during(task, async () => {
      const der = amplifier(28 * KB);
      for (let i = 0; i < 600; i++) appendEntry(big, { certificate: der });
      big.publish();
      await server.until(() => server.of(big).length === 600, 'the page');
    });
    expect(server.of(big)).toEqual(range(0, 600));
    expect(measured.grownMb).toBeLessThan(MEMORY_LIMIT);
    expect(measured.cpuSeconds).toBeLessThan(CPU_LIMIT);
    expect(measured.longestGapSeconds).toBeLessThan(GAP_LIMIT);
  });

  it('entries with chains of 6 MB and no client → no memory is held afterwards', async ({ task }) => {
    server = await AttackedServer.start({ logs: [{ name: 'big', operator: 'Big', pageSize: 1 }] });
    const big = server.log('big');
    const chain = range(0, 90).map(() => large(63 * KB));
    const before = server.residentMb;
    await server.during(task, async () => {
      for (let i = 0; i < 30; i++) appendEntry(big, { certificate: certificate(), chain });
      big.publish();
      await server.until(() => server.of(big).length === 30, 'the entries');
    });
    await server.until(() => server.residentMb - before < 100, 'the memory to be released');
  });

  it('latest.json after 25 entries of 1.1 MB, requested and not read → one small answer for all requests', async ({
    task,
  }) => {
    server = await AttackedServer.start({ logs: [{ name: 'big', operator: 'Big', pageSize: 4 }] });
    const big = server.log('big');
    for (let i = 0; i < 25; i++) appendEntry(big, { certificate: large(1.1 * MB) });
    big.publish();
    await server.until(() => server.of(big).length === 25, 'the entries');
    server.simulator.stopGrowth();
    const { hostname: host, port } = new URL(server.url);
    const measured = await server.during(task, async () => {
      const unread: RawClient[] = [];
      for (let i = 0; i < 40; i++) {
        const client = await RawClient.connect({ host, port: Number(port) });
        client.socket.pause();
        client.send('GET /latest.json HTTP/1.1\r\nHost: localhost\r\n\r\n');
        unread.push(client);
      }
      const answer = await server.get('/latest.json');
      const body = await answer.text();
      expect(body.length).toBeLessThan(16 * MB);
      expect((JSON.parse(body) as { messages: unknown[] }).messages.length).toBeGreaterThan(0);
      for (const { socket } of unread) socket.destroy();
    });
    expect(measured.grownMb).toBeLessThan(MEMORY_LIMIT / 2);
  });
});
