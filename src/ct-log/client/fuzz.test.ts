import { describe, expect, it } from 'vitest';
import { SeededNumbers } from '../../certificate/testing/seeded-numbers.js';
import { BUILT_CERTIFICATES, mutatedInput } from './testing/fuzz-inputs.js';
import { FUZZ_SHAPES, runFuzzTarget } from './testing/fuzz-target.js';

/** `npm run fuzz` does the same for minutes, with the corpus as seeds. */
const INPUTS = 700;

describe('mutated pages, tiles and certificates', () => {
  it.each([1, 2, 3])(
    'seed %d: every message is JSON and UTF-8, and only CertstreamErrors are thrown',
    (seed) => {
      const random = new SeededNumbers(seed);
      const messages = Object.fromEntries(FUZZ_SHAPES.map((shape) => [shape, 0]));
      for (let i = 0; i < INPUTS; i++) {
        const { shape, bytes } = mutatedInput(BUILT_CERTIFICATES, random);
        try {
          messages[shape] += runFuzzTarget(shape, bytes);
        } catch (error) {
          throw new Error(`input ${i}, ${shape}: ${bytes.toString('base64')}`, { cause: error });
        }
      }
      for (const shape of FUZZ_SHAPES) expect(messages[shape], shape).toBeGreaterThan(INPUTS / 6);
    },
  );
});
