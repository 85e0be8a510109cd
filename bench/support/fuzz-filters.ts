import { SeededNumbers } from '../../src/certificate/testing/seeded-numbers.js';
import { factsOf, IndexComparison } from '../../src/filter/testing/index-comparison.js';
import { RandomEntries } from '../../src/filter/testing/random-entries.js';

/** Number of filters that are in the index at the same time. */
const FILTERS = 500;
const ENTRIES = 100;

/**
 * Compares the index of filters with its reference on generated entries, while filters are added and removed.
 * @throws Error for the first difference
 */
export function fuzzFilters(filters: number, seed: number): void {
  const random = new SeededNumbers(seed);
  const entries = new RandomEntries(random);
  const comparison = new IndexComparison(random);
  for (let added = 0; added < filters; added += FILTERS) {
    const batch = entries.batch(ENTRIES);
    const facts = factsOf(batch);
    comparison.add(FILTERS, facts);
    const difference = comparison.compare(batch, facts);
    if (difference !== undefined)
      throw new Error(`index and reference differ for seed ${seed}: ${JSON.stringify(difference)}`);
    comparison.remove(random.below(FILTERS) + FILTERS / 2);
  }
  console.log(
    `${filters} filters, ${comparison.pairs} pairs of a filter and an entry, ${comparison.matches} matches: index and reference agree`,
  );
}
