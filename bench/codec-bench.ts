/**
 * Measures the cost of encoding entries as a frame and decoding them, in batches of the sizes that the journal receives. It
 * compares this with a plain copy of the same frames in the same rounds, which is the lower bound of any codec.
 *
 *   CT_CORPUS_DIR=... npm run bench:codec -- --rounds 25 --pages 16
 */
import { sliceEntryBatch } from '../src/certificate/entry-batch-builder.js';
import { decodeEntryBatch, encodeEntryBatch } from '../src/certificate/entry-batch-codec.js';
import { MAX_RECORD_BYTES, recordsOf } from '../src/certificate/entry-batch-records.js';
import type { EntryBatch } from '../src/certificate/entry-batch.js';
import { leafHashes } from '../src/ct-log/client/merkle/leaf-hashes.js';
import { readArguments } from './support/arguments.js';
import { PAGE_ENTRIES, readBenchInput } from './support/bench-input.js';
import { CertificateStages } from './support/certificate-stages.js';
import {
  measureInterleaved,
  ratioByRounds,
  type Stage,
  type StageResult,
} from './support/interleaved-rounds.js';

const TARGET_MICROSECONDS = 1.5;
const SIZES = [64, 256] as const;
/** Entries per stage and round. Shorter rounds would be below the resolution of the clock. */
const ROUND_ENTRIES = 65_536;

const options = readArguments({ rounds: 25, pages: 16, 'warm-up': 5 });

async function main(): Promise<void> {
  const input = await readBenchInput(process.env['CT_CORPUS_DIR'], options.pages);
  console.log(`Node ${process.version}; ${input.origin}`);
  const stages = new CertificateStages(input);
  const sources = {
    page: input.pages.map((body) => stages.decodePage(body)),
    tile: input.tiles.map((tile) => stages.decodeTile(tile)),
  };
  const cases = Object.entries(sources).flatMap(([kind, batches]) =>
    SIZES.map((size) => ({ name: `${kind}, ${size} entries`, batches: cut(batches, size) })),
  );
  for (const { batches } of cases) checkRoundTrip(batches);
  // Pages in larger memory, which forces recordsOf to add up their entries.
  const spacious = sources.page.map((page) => ({ ...page, bytes: Buffer.alloc(2 * MAX_RECORD_BYTES) }));
  const results = measureInterleaved(
    [
      ...cases.flatMap(({ name, batches }) => stagesOf(name, batches)),
      perBatch('records of pages', spacious, (page) => recordsOf(page)),
    ],
    options.rounds,
    options['warm-up'],
  );
  const of = (name: string): StageResult => results.find((result) => result.name === name)!;
  console.log(
    ['CPU µs per entry'.padEnd(20), 'octets', 'encode', 'decode', 'both', 'copy', 'both / copy'].join('  '),
  );
  let worst = 0;
  for (const { name, batches } of cases) {
    const both = of(`both, ${name}`);
    const copy = of(`copy, ${name}`);
    worst = Math.max(worst, both.median);
    const ratio = ratioByRounds(both, copy);
    const numbers = [of(`encode, ${name}`), of(`decode, ${name}`), both, copy].map(({ median }) =>
      median.toFixed(2).padStart(6),
    );
    console.log([name.padEnd(20), octetsPerEntry(batches), ...numbers, ratio.median.toFixed(1)].join('  '));
  }
  console.log(`records of pages: ${(of('records of pages').median * 1000).toFixed(0)} ns per entry`);
  const verdict = worst <= TARGET_MICROSECONDS ? 'reached' : 'missed (or the machine is busy)';
  console.log(
    `\nencode and decode: ${worst.toFixed(2)} µs per entry, target ${TARGET_MICROSECONDS}: ${verdict}`,
  );
}

function stagesOf(name: string, batches: readonly EntryBatch[]): Stage[] {
  const frames = batches.map((batch) => encodeEntryBatch(batch));
  return [
    perBatch(`encode, ${name}`, batches, (batch) => encodeEntryBatch(batch)),
    perBatch(`decode, ${name}`, batches, (_batch, i) => decodeEntryBatch(frames[i])),
    perBatch(`both, ${name}`, batches, (batch) => decodeEntryBatch(encodeEntryBatch(batch))),
    perBatch(`copy, ${name}`, batches, (_batch, i) => {
      const copy = Buffer.allocUnsafeSlow(frames[i].length);
      frames[i].copy(copy);
    }),
  ];
}

function cut(batches: readonly EntryBatch[], size: number): EntryBatch[] {
  return batches.flatMap((batch) =>
    Array.from({ length: PAGE_ENTRIES / size }, (_, i) => sliceEntryBatch(batch, i * size, (i + 1) * size)),
  );
}

function checkRoundTrip(batches: readonly EntryBatch[]): void {
  for (const batch of batches) {
    const decoded = decodeEntryBatch(encodeEntryBatch(batch));
    if (!leafHashes(decoded).equals(leafHashes(batch))) throw new Error('a frame has other leaves');
  }
}

function octetsPerEntry(batches: readonly EntryBatch[]): string {
  const octets = batches.reduce((sum, batch) => sum + encodeEntryBatch(batch).length, 0);
  const entries = batches.reduce((sum, { count }) => sum + count, 0);
  return Math.round(octets / entries)
    .toString()
    .padStart(6);
}

function perBatch(
  name: string,
  batches: readonly EntryBatch[],
  work: (batch: EntryBatch, i: number) => unknown,
): Stage {
  const entries = batches.reduce((sum, { count }) => sum + count, 0);
  const times = Math.ceil(ROUND_ENTRIES / entries);
  return {
    name,
    run: () => {
      for (let time = 0; time < times; time++) batches.forEach(work);
      return times * entries;
    },
  };
}

await main();
