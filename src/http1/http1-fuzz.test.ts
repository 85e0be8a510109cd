import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SeededNumbers } from '../certificate/testing/seeded-numbers.js';
import { ResponseComparison } from './testing/response-comparison.js';
import { randomResponse } from './testing/response-inputs.js';

/** `npm run fuzz -- --http` does the same for minutes. */
const INPUTS = 400;
let comparison: ResponseComparison;

beforeAll(async () => {
  comparison = await ResponseComparison.start();
});
afterAll(() => comparison.stop());

describe('generated and mutated responses', () => {
  it.each([1, 2])(
    'seed %d: node:http accepts every response that the client accepts, and reads it in the same way',
    async (seed) => {
      const random = new SeededNumbers(seed);
      let accepted = 0;
      let refused = 0;
      for (let i = 0; i < INPUTS; i++) {
        const pieces = randomResponse(random);
        const { ours, node, mistake } = await comparison.run(pieces);
        expect(mistake, JSON.stringify(Buffer.concat(pieces).toString('latin1'))).toBeUndefined();
        if (ours !== undefined) accepted++;
        else if (node === undefined) refused++;
      }
      expect(accepted).toBeGreaterThan(INPUTS / 4);
      expect(refused).toBeGreaterThan(INPUTS / 10);
    },
  );
});
