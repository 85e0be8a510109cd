/**
 * Measures the cost of an entry from the bytes of a page or tile to all three texts, and compares it with other parsers in the
 * same run. It checks the outputs first.
 *
 *   CT_CORPUS_DIR=... npm run bench:certificate -- --rounds 15 --pages 16
 *   CT_CORPUS_DIR=... npm run bench:certificate -- --minutes 10 --rate 3000     (memory over time)
 *
 * With --wholes-only it measures only the two complete paths, for profiling.
 */
import { readArguments } from './support/arguments.js';
import { PAGE_ENTRIES, readBenchInput, type BenchInput } from './support/bench-input.js';
import { CertificateStages } from './support/certificate-stages.js';
import { checkAgainstNode, checkGolden } from './support/check-outputs.js';
import {
  measureInterleaved,
  ratioByRounds,
  type Stage,
  type StageResult,
} from './support/interleaved-rounds.js';
import { allocationPerItem, retainedBytes } from './support/memory-use.js';
import { nodeStages, peculiarStage } from './support/other-parsers.js';

/** How many times faster than other parsers the complete path must be. */
const TARGETS: Record<string, number> = {
  'node:crypto, getters': 12,
  'node:crypto, every getter': 12,
  '@peculiar/x509': 60,
};
const TARGET_MICROSECONDS = 20;
const RETAINED_BATCHES = 400;
const BATCH_ENTRIES = 1000;

const options = readArguments({
  rounds: 15,
  pages: 16,
  'warm-up': 3,
  'wholes-only': 0,
  minutes: 0,
  rate: 3000,
});

async function main(): Promise<void> {
  const input = await readBenchInput(process.env['CT_CORPUS_DIR'], options.pages);
  console.log(`Node ${process.version}; ${input.origin}`);
  const stages = new CertificateStages(input);
  checkOutputs(input, stages);
  if (options.minutes > 0) return runSteadily(input, stages);
  const wholes = stages.wholes();
  if (options['wholes-only'] === 1) return compare('the complete paths', wholes, []);
  const located = input.pages.map((page) => stages.decodePage(page));
  compare('compared with node:crypto', wholes, nodeStages(located));
  printMemory(input, stages);
  compare('individual steps', stages.steps(), []);
  compare('compared with @peculiar/x509', wholes, [await peculiarStage(located)]);
}

async function runSteadily(input: BenchInput, stages: CertificateStages): Promise<void> {
  const { feedSteadily } = await import('./support/sustained-feed.js');
  await feedSteadily(input, stages, options.minutes, options.rate);
}

/** Measures stages in rounds of their own, because stages in the same rounds share caches and heap. */
function compare(title: string, ours: readonly Stage[], others: readonly Stage[]): void {
  const results = measureInterleaved([...ours, ...others], options.rounds, options['warm-up']);
  console.log(`\n${title}`);
  printStages(results);
  const other = results.slice(ours.length);
  for (const whole of results.slice(0, ours.length)) if (other.length > 0) printRatios(whole, other);
}

function checkOutputs(input: BenchInput, stages: CertificateStages): void {
  const golden = checkGolden(stages, process.env['CT_CORPUS_DIR']);
  for (const page of input.pages.slice(0, 2)) checkAgainstNode(stages.decodePage(page), stages);
  checkAgainstNode(stages.decodeTile(input.tiles[0]), stages);
  const compared =
    golden === 0 ? 'no golden texts available' : `${golden} golden entries equal byte for byte`;
  console.log(`outputs are correct: ${compared}, ${3 * PAGE_ENTRIES} entries agree with node:crypto\n`);
}

function printStages(results: readonly StageResult[]): void {
  console.log('CPU µs per entry             median   lowest   spread   entries/s');
  for (const { name, median, lowest, spread } of results) {
    const columns = [median.toFixed(2), lowest.toFixed(2), `±${(spread * 100).toFixed(0)} %`];
    const perSecond = (1e6 / median).toFixed(0).padStart(12);
    console.log(name.padEnd(26) + columns.map((column) => column.padStart(9)).join('') + perSecond);
  }
}

function printRatios(whole: StageResult, others: readonly StageResult[]): void {
  const verdict = whole.median <= TARGET_MICROSECONDS ? 'reached' : 'missed (or the machine is busy)';
  console.log(
    `${whole.name}: ${whole.median.toFixed(1)} µs, target ${TARGET_MICROSECONDS} on a quiet machine: ${verdict}`,
  );
  for (const other of others) {
    const { median, quartiles } = ratioByRounds(other, whole);
    const target = TARGETS[other.name];
    const range = quartiles.map((ratio) => ratio.toFixed(1)).join(' to ');
    console.log(
      `  ${median.toFixed(1)} times faster than ${other.name}, which reads only the leaf (half of the rounds: ${range}), ` +
        `target ${target}: ${median >= target ? 'reached' : 'missed'}`,
    );
  }
}

function printMemory(input: BenchInput, stages: CertificateStages): void {
  let next = 0;
  const page = (): Buffer => input.pages[next++ % input.pages.length];
  const whole = allocationPerItem(200, PAGE_ENTRIES, () => stages.allTexts(stages.decodePage(page())));
  const decoding = allocationPerItem(200, PAGE_ENTRIES, () => stages.decodePage(page()));
  console.log(
    `\nbytes allocated per entry: decode ${describe(decoding)}; page to all three ${describe(whole)}`,
  );
  const large = Buffer.from(
    `{"entries":[${input.pages
      .flatMap((body) =>
        body
          .toString('latin1')
          .slice(12, -2)
          .split(/,(?=\{)/),
      )
      .slice(0, BATCH_ENTRIES)
      .join(',')}]}`,
    'latin1',
  );
  const retained: string[] = [];
  for (let batch = 0; batch <= RETAINED_BATCHES; batch++) {
    stages.allTexts(stages.decodePage(large));
    if (batch % (RETAINED_BATCHES / 4) === 0)
      retained.push(`${batch}: ${(retainedBytes() / 1024).toFixed(0)}`);
  }
  console.log(
    `KiB of heap and buffers after garbage collection, by number of batches of ${BATCH_ENTRIES} entries: ${retained.join(', ')}`,
  );
}

function describe({ heap, buffers }: { heap: number; buffers: number }): string {
  return `${heap.toFixed(0)} on the heap, ${buffers.toFixed(0)} in buffers`;
}

await main();
