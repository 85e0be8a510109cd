import { encodeEntryBatch } from '../../src/certificate/entry-batch-codec.js';
import {
  mutateFrame,
  resealed,
  runFrameTarget,
  SAMPLE_BATCHES,
} from '../../src/certificate/testing/frame-fuzz.js';
import { SeededNumbers } from '../../src/certificate/testing/seeded-numbers.js';

/** Every n-th mutation gets a correct checksum and length, so that it reaches the later checks and the texts. */
const RESEALED_EVERY = 4;
/** Time limit of one mutation. Rendering all texts of four entries takes a thousandth of it. */
const MAX_MS = 2000;
const MAX_GROWTH_BYTES = 512 * 1024 * 1024;

/**
 * Mutates frames of entries. A changed frame must be refused unless its checksum was corrected. A frame with a corrected
 * checksum must be refused or yield a batch whose texts can be rendered and that can be encoded. Otherwise the process ends.
 */
export function fuzzFrames(count: number, seed: number): void {
  const frames = Object.values(SAMPLE_BATCHES).map((batch) => encodeEntryBatch(batch));
  const random = new SeededNumbers(seed);
  const outcomes = {
    unchanged: 0,
    refused: 0,
    'checksum corrected, refused': 0,
    'checksum corrected, valid': 0,
  };
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
    if (!isMended && isRefused !== isChanged)
      fail(input, i, seed, isChanged ? 'was accepted' : 'was refused');
    if (slowest > MAX_MS) fail(input, i, seed, `took ${slowest.toFixed(0)} ms`);
    if (!isChanged) outcomes.unchanged++;
    else if (isMended) outcomes[`checksum corrected, ${isRefused ? 'refused' : 'valid'}`]++;
    else outcomes.refused++;
  }
  const growth = process.memoryUsage.rss() - memory;
  if (growth > MAX_GROWTH_BYTES) {
    console.error(`memory grew by ${growth >> 20} MiB`);
    process.exit(1);
  }
  console.log(`${count} mutated frames, seed ${seed}: no defects found; slowest: ${slowest.toFixed(0)} ms`);
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
