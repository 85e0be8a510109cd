/**
 * What an entry costs from the bytes of a page or tile to all three texts, and how that compares to other parsers
 * in the same run. The outputs are checked first.
 *
 *   CT_CORPUS_DIR=... npm run bench:certificate -- --rounds 15 --pages 16
 *
 * --stages-only leaves out the other parsers and the memory, for profiles.
 */
import { readArguments } from './support/arguments.js';
import { PAGE_ENTRIES, readBenchInput, type BenchInput } from './support/bench-input.js';
import { CertificateStages } from './support/certificate-stages.js';
import { checkAgainstNode, checkGolden } from './support/check-outputs.js';
import { measureInterleaved, type StageResult } from './support/interleaved-rounds.js';
import { allocationPerItem, retainedBytes } from './support/memory-use.js';
import { nodeStages, peculiarStage } from './support/other-parsers.js';

/** What the ratios have to reach at least. */
const NODE_TARGETS = { 'node:crypto, getters': 12, 'node:crypto, every getter': 12 };
const PECULIAR_TARGETS = { '@peculiar/x509': 60 };
const WHOLES = ['page to all three', 'tile to all three'];
const TARGET_MICROSECONDS = 20;
const RETAINED_BATCHES = 400;
const BATCH_ENTRIES = 1000;

const options = readArguments({ rounds: 15, pages: 16, 'warm-up': 3, 'stages-only': 0 });

async function main(): Promise<void> {
  const input = await readBenchInput(process.env['CT_CORPUS_DIR'], options.pages);
  console.log(`Node ${process.version}; ${input.origin}`);
  const stages = new CertificateStages(input);
  checkOutputs(input, stages);
  const ours = [...stages.pageStages(), ...stages.tileStages()];
  const alone = options['stages-only'] === 1;
  const located = input.pages.map((page) => stages.decodePage(page));
  const others = alone ? [] : nodeStages(located);
  const results = measureInterleaved([...ours, ...others], options.rounds, options['warm-up']);
  printStages(results);
  if (alone) return;
  printRatios(results, NODE_TARGETS);
  printMemory(input, stages);
  const wholes = ours.filter(({ name }) => WHOLES.includes(name));
  const peculiar = await peculiarStage(located);
  console.log('\nwith @peculiar/x509 loaded:');
  const compared = measureInterleaved([...wholes, peculiar], options.rounds, options['warm-up']);
  printStages(compared);
  printRatios(compared, PECULIAR_TARGETS);
}

function checkOutputs(input: BenchInput, stages: CertificateStages): void {
  const golden = checkGolden(stages, process.env['CT_CORPUS_DIR']);
  for (const page of input.pages.slice(0, 2)) checkAgainstNode(stages.decodePage(page), stages);
  checkAgainstNode(stages.decodeTile(input.tiles[0]), stages);
  const compared = golden === 0 ? 'no golden texts at hand' : `${golden} golden entries equal byte for byte`;
  console.log(`outputs are right: ${compared}, ${3 * PAGE_ENTRIES} entries agree with node:crypto\n`);
}

function printStages(results: readonly StageResult[]): void {
  console.log('CPU µs per entry             median   lowest   spread   entries/s');
  for (const { name, median, lowest, spread } of results) {
    const columns = [median.toFixed(2), lowest.toFixed(2), `±${(spread * 100).toFixed(0)} %`];
    const perSecond = (1e6 / median).toFixed(0).padStart(12);
    console.log(name.padEnd(26) + columns.map((column) => column.padStart(9)).join('') + perSecond);
  }
}

function printRatios(results: readonly StageResult[], targets: Record<string, number>): void {
  const of = (name: string): number => results.find((result) => result.name === name)!.median;
  console.log();
  for (const whole of WHOLES) {
    const verdict = of(whole) <= TARGET_MICROSECONDS ? 'reached' : 'missed (or the machine is busy)';
    console.log(
      `${whole}: ${of(whole).toFixed(1)} µs, target ${TARGET_MICROSECONDS} on a quiet machine: ${verdict}`,
    );
    for (const [name, target] of Object.entries(targets)) {
      const ratio = of(name) / of(whole);
      const reached = ratio >= target ? 'reached' : 'missed';
      console.log(
        `  ${ratio.toFixed(1)} times faster than ${name} for the leaf alone, target ${target}: ${reached}`,
      );
    }
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
    `KiB of heap and buffers left after collection, by batches of ${BATCH_ENTRIES} entries done: ${retained.join(', ')}`,
  );
}

function describe({ heap, buffers }: { heap: number; buffers: number }): string {
  return `${heap.toFixed(0)} on the heap, ${buffers.toFixed(0)} in buffers`;
}

await main();
