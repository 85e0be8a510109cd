/**
 * Passes mutated certificates, alone and inside pages and data tiles, through the decoders and renders every text of both
 * dialects. It checks that only errors of the decoders are thrown, that every text is JSON and UTF-8, that the CPU time is
 * bounded, and that time grows at most linearly.
 *
 *   CT_CORPUS_DIR=... npm run fuzz -- --minutes 5 --seed 1
 *
 * Before that it mutates frames of the codec of entries (`--frames 1000000`; 0 skips this part). The decoder must throw an
 * EntryBatchFormatError or return a batch whose texts can be rendered.
 *
 * With `--filters 20000` it compares the index of filters with its reference for that number of generated filters.
 *
 * With `--http` it sends generated and mutated responses over real sockets to the HTTP client and to `node:http`. Node's parser
 * must accept every response that the client accepts, and both must read the same status and body.
 *
 *   npm run fuzz -- --http --minutes 5
 *
 * The same seed produces the same inputs. A failing input is printed in base64.
 */
import { corpusFolders, readBlobs } from '../src/certificate/testing/corpus.js';
import { multiplyElement } from '../src/certificate/testing/der-mutator.js';
import { SeededNumbers } from '../src/certificate/testing/seeded-numbers.js';
import {
  BUILT_CERTIFICATES,
  mutatedInput,
  type FuzzInput,
} from '../src/ct-log/client/testing/fuzz-inputs.js';
import { FUZZ_SHAPES, runFuzzTarget } from '../src/ct-log/client/testing/fuzz-target.js';
import { ResponseComparison } from '../src/http1/testing/response-comparison.js';
import { randomResponse } from '../src/http1/testing/response-inputs.js';
import { readArguments } from './support/arguments.js';
import { fuzzFilters } from './support/fuzz-filters.js';
import { fuzzFrames } from './support/fuzz-frames.js';

/** Time limit for rendering and parsing all texts of both dialects: 100 times the time of an ordinary input. */
const MAX_INPUT_MS = 2000;
const GROWTH_EVERY = 200;
const GROWTH = [1000, 4000] as const;
/** Shorter times are too imprecise to compare. */
const GROWTH_MIN_MS = 20;
/** Largest allowed ratio of the growth of time to the growth of size. */
const GROWTH_TOLERANCE = 3;

const options = readArguments({
  minutes: 5,
  seed: Math.floor(Date.now() / 1000) % 1_000_000,
  inputs: 0,
  http: 0,
  frames: 1_000_000,
  filters: 0,
});

function main(): void {
  if (options.frames > 0) fuzzFrames(options.frames, options.seed);
  const seeds = readSeeds();
  const random = new SeededNumbers(options.seed);
  const counts = Object.fromEntries(FUZZ_SHAPES.map((shape) => [shape, { inputs: 0, messages: 0 }]));
  const end = Date.now() + options.minutes * 60_000;
  let slowest = 0;
  let steepest = 0;
  let i = 0;
  for (; options.inputs > 0 ? i < options.inputs : Date.now() < end; i++) {
    const input = mutatedInput(seeds, random);
    const { messages, milliseconds } = run(input, i);
    counts[input.shape].inputs++;
    counts[input.shape].messages += messages;
    slowest = Math.max(slowest, milliseconds);
    if (milliseconds > MAX_INPUT_MS) fail(i, input, `took ${milliseconds.toFixed(0)} ms of CPU`);
    if (i % GROWTH_EVERY === 0) steepest = Math.max(steepest, growth(random.pick(seeds), random, i));
  }
  console.log(`${i} inputs, seed ${options.seed}: no defects found`);
  console.table(counts);
  console.log(`slowest input: ${slowest.toFixed(0)} ms of CPU`);
  console.log(`steepest growth: time grew ${steepest.toFixed(2)} times as much as size`);
}

async function compareResponses(): Promise<void> {
  const comparison = await ResponseComparison.start();
  const random = new SeededNumbers(options.seed);
  const counts = { 'accepted by both': 0, 'refused by both': 0, 'refused by ours alone': 0 };
  const end = Date.now() + options.minutes * 60_000;
  let i = 0;
  for (; options.inputs > 0 ? i < options.inputs : Date.now() < end; i++) {
    const pieces = randomResponse(random);
    const { ours, node, mistake } = await comparison.run(pieces);
    if (mistake !== undefined) {
      console.error(`response ${i} of seed ${options.seed} is accepted: ${mistake}`);
      console.error(Buffer.concat(pieces).toString('base64'));
      process.exit(1);
    }
    if (ours !== undefined) counts['accepted by both']++;
    else if (node === undefined) counts['refused by both']++;
    else counts['refused by ours alone']++;
  }
  comparison.stop();
  console.log(
    `${i} responses, seed ${options.seed}: the client accepts no response that node:http refuses or reads differently`,
  );
  console.table(counts);
}

function readSeeds(): Buffer[] {
  const corpus = process.env['CT_CORPUS_DIR'];
  if (corpus === undefined) console.log('CT_CORPUS_DIR is not set: starting from three built certificates');
  const blobs = corpusFolders(corpus).flatMap((folder) => readBlobs(corpus!, folder));
  console.log(`seed ${options.seed}, ${BUILT_CERTIFICATES.length + blobs.length} certificates to start from`);
  return [...BUILT_CERTIFICATES, ...blobs.map(({ der }) => der)];
}

function run(input: FuzzInput, i: number): { messages: number; milliseconds: number } {
  const before = process.cpuUsage();
  try {
    const messages = runFuzzTarget(input.shape, input.bytes);
    const { user, system } = process.cpuUsage(before);
    return { messages, milliseconds: (user + system) / 1000 };
  } catch (error) {
    return fail(i, input, error);
  }
}

/** Returns how much faster time grows than size if one element is repeated many times; 0 if the time is too short to compare. */
function growth(der: Buffer, random: SeededNumbers, i: number): number {
  const seed = random.below(2 ** 31);
  const [small, large] = GROWTH.map((times) => {
    const bytes = multiplyElement(der, times, new SeededNumbers(seed));
    const samples = [0, 1, 2].map(() => run({ shape: 'certificate', bytes }, i).milliseconds);
    return { bytes, milliseconds: Math.min(...samples) };
  });
  if (large.milliseconds < GROWTH_MIN_MS) return 0;
  const steepness = (large.milliseconds / small.milliseconds) * (small.bytes.length / large.bytes.length);
  if (steepness > GROWTH_TOLERANCE) {
    fail(
      i,
      { shape: 'certificate', bytes: large.bytes },
      `time grew ${steepness.toFixed(1)} times as much as size`,
    );
  }
  return steepness;
}

function fail(i: number, { shape, bytes }: FuzzInput, reason: unknown): never {
  console.error(`input ${i} of seed ${options.seed}, ${shape}:`, reason);
  console.error(bytes.toString('base64'));
  process.exit(1);
}

if (options.http > 0) await compareResponses();
else if (options.filters > 0) fuzzFilters(options.filters, options.seed);
else main();
