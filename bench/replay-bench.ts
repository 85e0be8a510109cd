/**
 * Measures replays beside the live stream: clients read the whole journal while another client receives new entries. It prints the
 * delay of the live client from the arrival of a page to its messages, the replayed messages per second of all clients together, and
 * the resident memory of the server.
 *
 *   npm run bench:replay -- --clients 50 --entries 20000 --rate 1000 [--seconds 120]
 *
 * The journal is on disk and is filled in advance. Logs, server and replaying clients are processes of their own.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { BackPressure } from '../src/feed/back-pressure.js';
import { DiskJournal } from '../src/feed/journal/disk/disk-journal.js';
import { ENTRY_BATCH_CODEC } from '../src/feed/journal/disk/journal-codec.js';
import { readArguments } from './support/arguments.js';
import { readBenchInput } from './support/bench-input.js';
import { CertificateStages } from './support/certificate-stages.js';
import { percentile } from './support/percentiles.js';
import { RawReaders } from './support/raw-readers.js';
import { prepareServer } from './support/server-files.js';
import { ServerProcess, THIS_SERVER } from './support/server-process.js';
import { SimulatedLogs } from './support/simulated-logs.js';

const TARGET_MS = 200;
const TARGET_PER_SECOND = 20_000;
const LOGS = 6;
const WARM_UP_MS = 5000;
const SAMPLE_MS = 500;

const options = readArguments({ clients: 50, entries: 20_000, rate: 1000, seconds: 120, profile: 0 });

/** Fills the journal of a server that does not run. @returns the number of entries. */
async function fill(folder: string): Promise<number> {
  const input = await readBenchInput(process.env['CT_CORPUS_DIR'], 16);
  const stages = new CertificateStages(input);
  const journal = await DiskJournal.open(
    { folder, maxBytes: 2 ** 34, maxAgeMs: 3_600_000, onFull: 'wait' },
    ENTRY_BATCH_CODEC,
    new BackPressure(),
    { log: console.log, warn: console.log },
  );
  let entries = 0;
  for (let i = 0; entries < options.entries; i++) {
    const batch = stages.decodePage(input.pages[i % input.pages.length]);
    journal.append(batch, 'again');
    entries += batch.count;
    if (i % 8 === 7) await journal.durable();
  }
  await journal.close();
  return entries;
}

/** A client of the live stream that notes the delay of each message: now minus `seen`, milliseconds. */
class LiveClient {
  delays: number[] = [];
  private readonly socket: WebSocket;

  constructor(url: string) {
    this.socket = new WebSocket(url.replace('http', 'ws'));
    this.socket.on('message', (text: Buffer) => {
      const at = text.lastIndexOf('"seen":') + 7;
      this.delays.push(Date.now() - Number.parseFloat(text.toString('latin1', at, at + 18)) * 1000);
    });
  }

  /** Returns the delays since the last call as a text. */
  take(): string {
    const sorted = this.delays.sort((a, b) => a - b);
    this.delays = [];
    const of = (share: number): string => percentile(sorted, share).toFixed(0);
    return `p50 ${of(0.5)} ms, p99 ${of(0.99)} ms, highest ${of(1)} ms (${sorted.length} messages)`;
  }

  p99(): number {
    return percentile(
      [...this.delays].sort((a, b) => a - b),
      0.99,
    );
  }

  close(): void {
    this.socket.terminate();
  }
}

const logs = await SimulatedLogs.start({
  logs: LOGS,
  staticCtLogs: LOGS / 2,
  gzip: false,
  corpus: process.env['CT_CORPUS_DIR'],
});
const files = await prepareServer({ ...logs.ready, logListUrl: logs.ready.listUrl }, 'replay-bench', {
  journal: { store: 'disk' },
  ct_log: { poll_interval_seconds: 1 },
});
const kept = await fill(join(files.folder, 'journal'));
const server = await ServerProcess.start(files.configFile, files.port, files.logFile, {
  ...THIS_SERVER,
  ...(options.profile > 0 && { nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${files.folder}`] }),
});
try {
  await server.follows(LOGS);
  const live = new LiveClient(server.url);
  await logs.grow(options.rate, 1000);
  await delay(WARM_UP_MS);
  live.take();
  await delay(WARM_UP_MS);
  console.log(
    `Node ${process.version}; ${options.clients} clients replay ${kept} entries; ${options.rate} live entries/s`,
  );
  console.log('| | live delay | replayed messages/s | resident MB |');
  console.log('| --- | --- | --- | --- |');
  console.log(`| without replays | ${live.take()} | - | ${server.usage().residentMb.toFixed(0)} |`);
  const readers = await RawReaders.start({ clients: options.clients, url: `${server.url}/?since=-1h` });
  const startedAt = performance.now();
  const first = (await readers.counts()).messages;
  const before = server.usage().cpuSeconds;
  const memory: number[] = [];
  let replayed = 0;
  let seconds = 0;
  while (seconds < options.seconds && replayed < options.clients * kept) {
    await delay(SAMPLE_MS);
    const { messages } = await readers.counts();
    memory.push(server.usage().residentMb);
    replayed = messages;
    seconds = (performance.now() - startedAt) / 1000;
  }
  const p99 = live.p99();
  const perSecond = (replayed - first) / seconds;
  const cpu = ((server.usage().cpuSeconds - before) / seconds) * 100;
  const [third, last] = [memory[Math.floor(memory.length / 3)], memory.at(-1)!];
  console.log(
    `| replays for ${seconds.toFixed(0)} s | ${live.take()} | ${perSecond.toFixed(0)} | ${Math.max(...memory).toFixed(0)} at most, ${third.toFixed(0)} after a third, ${last.toFixed(0)} at the end |`,
  );
  console.log(`the server used ${cpu.toFixed(0)} % of a core`);
  console.log(`p99 below ${TARGET_MS} ms: ${p99 < TARGET_MS ? 'reached' : 'missed'}`);
  console.log(`${TARGET_PER_SECOND} messages/s: ${perSecond >= TARGET_PER_SECOND ? 'reached' : 'missed'}`);
  live.close();
  await readers.stop();
} finally {
  await server.stop();
  await logs.stop();
  if (options.profile === 0) rmSync(files.folder, { recursive: true, force: true });
  else console.log(`the profile is in ${files.folder}`);
}
