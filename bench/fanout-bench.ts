/**
 * Measures the cost of sending one message to one client, compared with `client.send()` of `ws` in the same process.
 *
 *   npm run bench:fanout                       all scenarios
 *   npm run bench:fanout -- --rounds 3 --seconds 3 --memory 0
 *   npm run bench:fanout -- --to 0 --memory 0 --minutes 10      2,000 clients that read and 200 that do not
 *
 * CPU time is that of the sending process; the receiving processes count the messages. A loop that only writes the same bytes
 * to the sockets, as often as this server does, shows the lower bound.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { readArguments } from './support/arguments.js';
import { FanoutSender, type SenderKind, type SenderReport } from './support/fanout-sender.js';
import { median } from './support/percentiles.js';
import { RawReaders } from './support/raw-readers.js';

interface Scenario {
  readonly name: string;
  readonly clients: number;
  /** Messages per second by sender. `ws` gets as many as it can send. Senders without a rate are not measured. */
  readonly rates: Readonly<Record<SenderKind, number | undefined>>;
  readonly compression: boolean;
  /** How many times less CPU per delivery than `ws` this server must need. */
  readonly target: number;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: '100 clients',
    clients: 100,
    rates: { plain: 1000, shared: 1000, bare: 1000 },
    compression: false,
    target: 10,
  },
  {
    name: '1,000 clients',
    clients: 1000,
    rates: { plain: 25, shared: 1000, bare: 1000 },
    compression: false,
    target: 15,
  },
  {
    name: '1,000 clients, compressed',
    clients: 1000,
    rates: { plain: 5, shared: 1000, bare: undefined },
    compression: true,
    target: 30,
  },
];
const KINDS: readonly SenderKind[] = ['plain', 'shared', 'bare'];
const STALLED = 200;
/** Number of messages that fill the socket buffers of sender and receiver. */
const FLOOD = 8000;
const MAX_MEMORY_MB = 300;
const FAST = 2000;
const SAMPLE_SECONDS = 30;
const options = readArguments({
  rounds: 5,
  seconds: 4,
  memory: 10_000,
  from: 0,
  to: SCENARIOS.length,
  minutes: 0,
  rate: 100,
});

async function main(): Promise<void> {
  for (const scenario of SCENARIOS.slice(options.from, options.to)) await measure(scenario);
  if (options.memory > 0) await measureMemory(options.memory);
  if (options.minutes > 0) await runBesideStalled(options.minutes, options.rate);
}

async function measure({ name, clients, rates, compression, target }: Scenario): Promise<void> {
  const sender = await FanoutSender.start({ compression });
  const kinds = KINDS.filter((kind) => rates[kind] !== undefined);
  const readers = await Promise.all(
    kinds.map((kind) =>
      RawReaders.start({ url: `${sender.ready.urls[kind]}/`, clients, deflate: compression }),
    ),
  );
  const perDelivery: Record<SenderKind, number[]> = { plain: [], shared: [], bare: [] };
  const coreShare: number[] = [];
  let bytes = 0;
  let rate = 0;
  for (let round = -1; round < options.rounds; round++) {
    for (const [i, by] of kinds.entries()) {
      const before = await readers[i].counts();
      const seconds = round < 0 ? 1 : options.seconds;
      const report = await sender.ask({ kind: 'send', by, rate: rates[by] ?? 0, seconds });
      const after = await settled(readers[i]);
      if (round < 0) continue;
      const deliveries = after.messages - before.messages;
      perDelivery[by].push((report.cpuMs * 1000) / deliveries);
      if (by !== 'shared') continue;
      coreShare.push(report.cpuMs / report.wallMs);
      rate = (deliveries / clients / report.wallMs) * 1000;
      bytes = (after.bytes - before.bytes) / deliveries;
      if (report.dropped > 0)
        console.log(`  ${report.dropped} messages were dropped because the receivers are too slow`);
    }
  }
  const [plain, shared, bare] = KINDS.map((kind) => median(perDelivery[kind]));
  const ratios = perDelivery.plain.map((value, i) => value / perDelivery.shared[i]);
  const least = rates.bare === undefined ? '' : `, a loop of socket.write() ${bare.toFixed(2)} µs`;
  console.log(
    `${name}: client.send() ${plain.toFixed(2)} µs at ${rates.plain}/s, this server ${shared.toFixed(2)} µs at ${rate.toFixed(0)}/s${least} ` +
      `(${bytes.toFixed(0)} bytes per message, ${(median(coreShare) * 100).toFixed(0)} % of a core): ` +
      `${(plain / shared).toFixed(1)} times less, rounds ${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)}; ` +
      `target ${target}: ${plain / shared >= target ? 'reached' : 'NOT reached'}`,
  );
  await Promise.all([sender.stop(), ...readers.map((reader) => reader.stop())]);
}

async function settled(readers: RawReaders): ReturnType<RawReaders['counts']> {
  for (let last = await readers.counts(); ;) {
    await sleep(100);
    const now = await readers.counts();
    if (now.bytes === last.bytes) return now;
    last = now;
  }
}

async function measureMemory(clients: number): Promise<void> {
  const files = Number(execFileSync('sh', ['-c', 'ulimit -n']).toString().replace('unlimited', 'Infinity'));
  if (files < clients + 100) {
    console.log(
      `memory: ${clients} clients need as many open files, but the limit is ${files}; run \`ulimit -n ${clients + 100}\` first`,
    );
    process.exitCode = 1;
    return;
  }
  const sender = await FanoutSender.start({ compression: false });
  const before = await sender.ask({ kind: 'memory' });
  const idle = await RawReaders.start({ url: `${sender.ready.urls.shared}/`, clients: clients - STALLED });
  const stalled = await RawReaders.start({
    url: `${sender.ready.urls.shared}/full-stream`,
    clients: STALLED,
    stalled: true,
  });
  await sleep(1000);
  const connected = await sender.ask({ kind: 'memory' });
  const flooded = await sender.ask({ kind: 'flood', messages: FLOOD });
  await sender.ask({ kind: 'send', by: 'shared', rate: 100, seconds: 5 });
  const after = await sender.ask({ kind: 'memory' });
  printMemory(before, connected, flooded, after);
  await Promise.all([sender.stop(), idle.stop(), stalled.stop()]);
}

function printMemory(
  before: SenderReport,
  connected: SenderReport,
  flooded: SenderReport,
  after: SenderReport,
): void {
  const { lite, full } = connected.clients;
  const perClient = ((connected.residentMb - before.residentMb) * 1024) / (lite + full);
  const highest = Math.max(connected.residentMb, flooded.residentMb, after.residentMb);
  console.log(
    `memory: ${before.residentMb.toFixed(0)} MB without clients, ${connected.residentMb.toFixed(0)} MB with ${lite + full} ` +
      `(${perClient.toFixed(1)} KB each), ${flooded.residentMb.toFixed(0)} MB when ${full} of them stalled ` +
      `(${flooded.queuedMessages} messages wait, ${flooded.dropped} dropped), ${after.residentMb.toFixed(0)} MB after 100 messages/s to the ` +
      `others; target ${MAX_MEMORY_MB}: ${highest <= MAX_MEMORY_MB ? 'reached' : 'NOT reached'}`,
  );
}

/** Checks that clients that read receive all messages, and shows the memory, while other clients do not read. */
async function runBesideStalled(minutes: number, rate: number): Promise<void> {
  const sender = await FanoutSender.start({ compression: false });
  const url = `${sender.ready.urls.shared}/`;
  const fast = await RawReaders.start({ url, clients: FAST });
  const stalled = await RawReaders.start({ url, clients: STALLED, stalled: true });
  let published = 0;
  for (let at = SAMPLE_SECONDS; at <= minutes * 60; at += SAMPLE_SECONDS) {
    const report = await sender.ask({ kind: 'send', by: 'shared', rate, seconds: SAMPLE_SECONDS });
    published += report.published;
    console.log(
      `${at} s: ${report.residentMb.toFixed(0)} MB, ${((report.cpuMs / report.wallMs) * 100).toFixed(0)} % of a core, ` +
        `${report.clients.lite} clients, ${report.queuedMessages} messages wait, ${report.dropped} dropped`,
    );
  }
  const { messages } = await settled(fast);
  const missing = published * FAST - messages;
  console.log(
    `${published} messages to ${FAST} clients that read: ${missing === 0 ? 'all of them arrived' : `${missing} are MISSING`}; ` +
      `${(await stalled.counts()).closed} of ${STALLED} stalled clients were closed`,
  );
  await Promise.all([sender.stop(), fast.stop(), stalled.stop()]);
  if (missing !== 0) process.exitCode = 1;
}

await main();
process.exit();
