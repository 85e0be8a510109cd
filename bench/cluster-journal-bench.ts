/**
 * Measures the journal of a cluster on a real nats-server at the rate of a server: the CPU time of all threads of the process per entry
 * that is published, and per entry that another member reads and decodes. The cost of the loop that makes the entries is subtracted. Then
 * it measures the time from an entry at its publisher to the entry at another member, which is the delay that a cluster adds.
 *
 *   CT_CORPUS_DIR=... npm run bench:cluster-journal -- --seconds 20 --rate 3000 --logs 70
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { sliceEntryBatch } from '../src/certificate/entry-batch-builder.js';
import type { EntryBatch } from '../src/certificate/entry-batch.js';
import { BackPressure } from '../src/feed/back-pressure.js';
import { JetStreamJournal } from '../src/feed/journal/jetstream/jetstream-journal.js';
import { findNatsServer, NATS_SERVER_MISSING, NatsServer } from '../test/support/brokers/nats-server.js';
import { readArguments } from './support/arguments.js';
import { readBenchInput } from './support/bench-input.js';
import { CertificateStages } from './support/certificate-stages.js';
import { percentile } from './support/percentiles.js';

const PUBLISH_TARGET = 16;
const READ_TARGET = 10;
/** Milliseconds. */
const DELAY_TARGETS = { p50: 250, p99: 1000 };

const options = readArguments({ seconds: 20, rate: 3000, logs: 70, pages: 16, slice: 64 });

interface Member {
  readonly journal: JetStreamJournal;
  readonly close: () => Promise<void>;
}

async function open(server: NatsServer): Promise<Member> {
  const nats = await connect({ servers: server.address, noAsyncTraces: true });
  const connection = {
    nats,
    jetstream: jetstream(nats),
    manager: await jetstreamManager(nats, { checkAPI: false }),
  };
  const settings = {
    prefix: 'ct',
    replicas: 1,
    maxBytes: 2 ** 30,
    maxAgeMs: 3_600_000,
    inboxPrefix: '_INBOX',
  };
  const log = { log: console.log, warn: console.log };
  const owner = randomBytes(6).toString('hex');
  const journal = await JetStreamJournal.open(connection, { ...settings, owner }, new BackPressure(), log);
  const close = async (): Promise<void> => {
    await journal.close();
    await nats.close();
  };
  return { journal, close };
}

interface Run {
  readonly journal?: JetStreamJournal;
  /** Of the names of the logs: each run has logs of its own. */
  readonly suffix?: string;
  readonly onAppend?: (url: string, firstIndex: number) => void;
}

/** Appends slices of pages to all logs in turn at the given rate. @returns the CPU time per entry, microseconds. */
async function run(
  page: (i: number) => EntryBatch,
  { journal, suffix = 'cost', onAppend }: Run,
): Promise<number> {
  const next = new Map<number, number>();
  const urls = Array.from({ length: options.logs }, (_, i) => `https://log${i}.${suffix}.example`);
  for (const url of urls) await journal?.open({ url, key: url }, 0);
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let entries = 0;
  for (let i = 0; entries < options.seconds * options.rate; i++) {
    const log = i % options.logs;
    const firstIndex = next.get(log) ?? 0;
    const slice = sliceEntryBatch(page(i), 0, options.slice);
    const source = { ...slice.source, url: urls[log] };
    next.set(log, firstIndex + slice.count);
    entries += slice.count;
    onAppend?.(urls[log], firstIndex);
    journal?.append({ ...slice, source, firstIndex }, 'next');
    await delay(Math.max(0, begin + (entries / options.rate) * 1000 - performance.now()));
  }
  await journal?.durable();
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / entries;
}

/** Reads everything that the stream holds as a live reader does. @returns the CPU time per entry, microseconds. */
async function readAll(reader: Member, goal: number): Promise<number> {
  const cpu = process.cpuUsage();
  let entries = 0;
  await new Promise<void>((resolve) => {
    reader.journal.live({
      record: ({ batch }) => {
        entries += batch.count;
        if (entries >= goal) resolve();
      },
      unavailable: () => undefined,
      gap: () => undefined,
      replaced: () => undefined,
    });
  });
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / entries;
}

/** Publishes while another member reads. @returns the delays of the first entries of all records, milliseconds, sorted. */
async function delays(
  page: (i: number) => EntryBatch,
  publisher: Member,
  reader: Member,
): Promise<readonly number[]> {
  const appended = new Map<string, number>();
  const found: number[] = [];
  reader.journal.live({
    record: ({ batch }) => {
      const at = appended.get(`${batch.source.url} ${batch.firstIndex}`);
      if (at !== undefined) found.push(performance.now() - at);
    },
    unavailable: () => undefined,
    gap: () => undefined,
    replaced: () => undefined,
  });
  const onAppend = (url: string, firstIndex: number): void =>
    void appended.set(`${url} ${firstIndex}`, performance.now());
  await run(page, { journal: publisher.journal, suffix: 'delay', onAppend });
  await delay(2000);
  return found.sort((a, b) => a - b);
}

function report(what: string, microseconds: number, target: number): void {
  const verdict = microseconds <= target ? 'reached' : 'missed';
  console.log(`${what} costs ${microseconds.toFixed(1)} µs per entry, target ${target}: ${verdict}`);
}

async function main(): Promise<void> {
  const command = findNatsServer();
  if (command === undefined) return console.log(NATS_SERVER_MISSING);
  const input = await readBenchInput(process.env['CT_CORPUS_DIR'], options.pages);
  const stages = new CertificateStages(input);
  const page = (i: number): EntryBatch => stages.decodePage(input.pages[i % input.pages.length]);
  const { rate, logs, slice } = options;
  console.log(
    `Node ${process.version}; ${input.origin}; ${rate} entries/s of ${logs} logs, ${slice} at a time`,
  );
  const server = await NatsServer.start(command);
  try {
    await run(page, {});
    const without = await run(page, {});
    // They begin to read at the end of the stream as it is now.
    const reader = await open(server);
    const publisher = await open(server);
    const cost = await run(page, { journal: publisher.journal });
    const { publishedEntries, publishedRecords, publishedBytes } = publisher.journal.stats;
    console.log(
      `${(publishedEntries / publishedRecords).toFixed(0)} entries and ${(publishedBytes / publishedRecords / 1024).toFixed(0)} KiB a record`,
    );
    report('publishing', cost - without, PUBLISH_TARGET);
    report('reading', await readAll(reader, publishedEntries), READ_TARGET);
    await reader.close();
    const other = await open(server);
    const sorted = await delays(page, publisher, other);
    const [p50, p99] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
    const isReached = p50 <= DELAY_TARGETS.p50 && p99 <= DELAY_TARGETS.p99;
    console.log(
      `from publisher to member: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms in ${sorted.length} records, ` +
        `targets ${DELAY_TARGETS.p50} and ${DELAY_TARGETS.p99}: ${isReached ? 'reached' : 'missed'}`,
    );
    await publisher.close();
    await other.close();
  } finally {
    await server.stop();
  }
}

await main();
