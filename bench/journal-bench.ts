/**
 * Measures the cost of the journal on disk at the rate of a server: the CPU time of all threads of the process per entry that is
 * appended and made durable. It compares this with the same loop without a journal; both alternate in every round.
 *
 *   CT_CORPUS_DIR=... npm run bench:journal -- --rounds 5 --seconds 20 --rate 3000
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sliceEntryBatch } from '../src/certificate/entry-batch-builder.js';
import type { EntryBatch } from '../src/certificate/entry-batch.js';
import { BackPressure } from '../src/feed/back-pressure.js';
import { DiskJournal } from '../src/feed/journal/disk/disk-journal.js';
import { ENTRY_BATCH_CODEC } from '../src/feed/journal/disk/journal-codec.js';
import { readArguments } from './support/arguments.js';
import { readBenchInput } from './support/bench-input.js';
import { CertificateStages } from './support/certificate-stages.js';
import { usageOf } from './support/process-usage.js';

const TARGET_MICROSECONDS = 3;
/** Numbers of entries in slices that a server publishes if its logs grow by 3,000 entries per second. */
const SLICES = [47, 256, 64, 128, 96, 200];

const options = readArguments({ rounds: 5, seconds: 20, rate: 3000, pages: 16 });

interface Cost {
  readonly microseconds: number;
  readonly residentMb: number;
}

async function main(): Promise<void> {
  const input = await readBenchInput(process.env['CT_CORPUS_DIR'], options.pages);
  const stages = new CertificateStages(input);
  console.log(`Node ${process.version}; ${input.origin}; ${options.rate} entries/s`);
  // The folder for temporary files may be in memory, so the journal is in the working directory.
  const folder = await mkdtemp(join(process.cwd(), 'journal-bench-'));
  const log = { log: console.log, warn: console.log };
  const journal = await DiskJournal.open(
    { folder, maxBytes: 2 ** 28, maxAgeMs: 3_600_000, onFull: 'wait' },
    ENTRY_BATCH_CODEC,
    new BackPressure(),
    log,
  );
  const page = (i: number): EntryBatch => stages.decodePage(input.pages[i % input.pages.length]);
  const differences: number[] = [];
  try {
    await run(page, undefined);
    for (let round = 0; round < options.rounds; round++) {
      const without = await run(page, undefined);
      const withJournal = await run(page, journal);
      differences.push(withJournal.microseconds - without.microseconds);
      console.log(`without ${describe(without)}; with the journal ${describe(withJournal)}`);
    }
    const { records, entries, bytesWritten, syncs, failures } = journal.stats;
    const median = [...differences].sort((a, b) => a - b)[Math.floor(differences.length / 2)];
    console.log(
      `${(bytesWritten / entries).toFixed(0)} octets per entry, ${records} records, ${syncs} syncs, ${failures} failures\n` +
        `the journal costs ${median.toFixed(2)} µs per entry, target ${TARGET_MICROSECONDS}: ` +
        (median <= TARGET_MICROSECONDS ? 'reached' : 'missed'),
    );
  } finally {
    await journal.close();
    await rm(folder, { recursive: true });
  }
}

/** Decodes pages at the given rate like a server, and appends slices of them if there is a journal. */
async function run(page: (i: number) => EntryBatch, journal: DiskJournal | undefined): Promise<Cost> {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let residentMb = 0;
  let entries = 0;
  for (let i = 0; entries < options.seconds * options.rate; i++) {
    const slice = sliceEntryBatch(page(i), 0, SLICES[i % SLICES.length]);
    entries += slice.count;
    journal?.append({ ...slice, firstIndex: 0 }, 'late');
    journal?.durable().catch(() => undefined);
    residentMb = Math.max(residentMb, usageOf(process.pid).residentMb);
    await delay(Math.max(0, begin + (entries / options.rate) * 1000 - performance.now()));
  }
  await journal?.durable();
  const { user, system } = process.cpuUsage(cpu);
  return { microseconds: (user + system) / entries, residentMb };
}

function describe({ microseconds, residentMb }: Cost): string {
  return `${microseconds.toFixed(2)} µs per entry, ${residentMb.toFixed(0)} MB`;
}

await main();
