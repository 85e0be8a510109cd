import { encodeEntryBatch } from '../../src/certificate/entry-batch-codec.js';
import {
  mutateFrame,
  resealed,
  runFrameTarget,
  SAMPLE_BATCHES,
} from '../../src/certificate/testing/frame-fuzz.js';
import { SeededNumbers } from '../../src/certificate/testing/seeded-numbers.js';

/** One of so many mutations gets a right checksum and length: these reach what is checked afterwards, and the texts. */
const RESEALED_EVERY = 4;
/** Of one mutation. All texts of four entries take a thousandth of it. */
const MAX_MS = 2000;
const MAX_GROWTH_BYTES = 512 * 1024 * 1024;

/**
 * Mutates frames of entries. One whose checksum is not mended must be refused unless it is unchanged; one whose checksum is
 * mended must be refused or give a batch whose texts can be written and that can be encoded. Ends the process at anything else.
 */
export function fuzzFrames(count: number, seed: number): void {
  const frames = Object.values(SAMPLE_BATCHES).map((batch) => encodeEntryBatch(batch));
  const random = new SeededNumbers(seed);
  const outcomes = { unchanged: 0, refused: 0, 'checksum mended, refused': 0, 'checksum mended, sound': 0 };
  const memory = process.memoryUsage.rss();
  let slowest = 0;
  for (let i = 0; i < count; i++) {
    const frame = random.pick(frames);
    const mutated = mutateFrame(frame, random);
    const isMended = i % RESEALED_EVERY === 0;
    const input = isMended ? resealed(mutated) : mutated;
    const startedAt = performance.now();
    const isRefused = outcomeOf(input, i, seed) === undefined;
    slowest = Math.max(slowest, performance.now() - startedAt);
    const isChanged = !input.equals(frame);
    if (!isMended && isRefused !== isChanged) fail(input, i, seed, isChanged ? 'was taken' : 'was refused');
    if (slowest > MAX_MS) fail(input, i, seed, `took ${slowest.toFixed(0)} ms`);
    if (!isChanged) outcomes.unchanged++;
    else if (isMended) outcomes[`checksum mended, ${isRefused ? 'refused' : 'sound'}`]++;
    else outcomes.refused++;
  }
  const growth = process.memoryUsage.rss() - memory;
  if (growth > MAX_GROWTH_BYTES) {
    console.error(`memory grew by ${growth >> 20} MiB`);
    process.exit(1);
  }
  console.log(`${count} mutated frames, seed ${seed}: nothing escaped; slowest: ${slowest.toFixed(0)} ms`);
  console.table(outcomes);
}

function outcomeOf(input: Buffer, i: number, seed: number): Buffer | undefined {
  try {
    return runFrameTarget(input);
  } catch (error) {
    return fail(input, i, seed, error);
  }
}

function fail(input: Buffer, i: number, seed: number, reason: unknown): never {
  console.error(`mutation ${i} of seed ${seed}:`, reason);
  console.error(input.toString('base64'));
  process.exit(1);
}
