import { describe, expect, it } from 'vitest';
import { shapesOf } from '../certificate/testing/certificate-shapes.js';
import { corpusFolders, readBlobs } from '../certificate/testing/corpus.js';
import { batchOf } from '../certificate/testing/log-entries.js';
import { SeededNumbers } from '../certificate/testing/seeded-numbers.js';
import { FilterIndex } from './filter-index.js';
import { factsOf, IndexComparison } from './testing/index-comparison.js';
import { RandomEntries } from './testing/random-entries.js';

const corpus = process.env['CT_CORPUS_DIR'];
if (corpus === undefined) console.warn('filter-index.test.ts: CT_CORPUS_DIR is not set');
const LOG = { name: 'Test log 2026', url: 'https://ct.example/2026', operator: 'Example' };
/** The reference needs a long time for larger certificates. */
const MAX_BYTES = 50_000;

describe(FilterIndex.name, () => {
  it.each([1, 2])('finds what the reference finds, while filters come and go (seed %d)', (seed) => {
    const random = new SeededNumbers(seed);
    const entries = new RandomEntries(random);
    const comparison = new IndexComparison(random);
    for (let round = 0; round < 5; round++) {
      const batch = entries.batch(30);
      const facts = factsOf(batch);
      comparison.add(40, facts);
      expect(comparison.compare(batch, facts)).toBeUndefined();
      comparison.remove(25);
      expect(comparison.compare(batch, facts)).toBeUndefined();
    }
    expect(comparison.matches).toBeGreaterThan(comparison.pairs / 50);
    comparison.remove(Infinity);
    expect(comparison.index).toMatchObject({ size: 0, termCount: 0, bytes: 0 });
  });

  it.skipIf(corpus === undefined).each(corpusFolders(corpus))(
    'finds what the reference finds in the corpus: %s',
    (folder) => {
      const random = new SeededNumbers(1);
      const comparison = new IndexComparison(random);
      const blobs = readBlobs(corpus!, folder).filter(({ der }) => der.length < MAX_BYTES);
      for (let at = 0; at < blobs.length; at += 100) {
        const batch = batchOf(
          blobs.slice(at, at + 100).flatMap(({ der }) => shapesOf(der).slice(0, 2)),
          LOG,
        );
        const facts = factsOf(batch);
        comparison.remove(20);
        comparison.add(30, facts);
        expect(comparison.compare(batch, facts)).toBeUndefined();
      }
    },
  );
});
