import { describe, expect, it } from 'vitest';
import { CertificateBatch } from '../../certificate/certificate-batch.js';
import { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { shapesOf } from '../../certificate/testing/certificate-shapes.js';
import { corpusFolders, readBlobs } from '../../certificate/testing/corpus.js';
import { batchOf } from '../../certificate/testing/log-entries.js';
import { SeededNumbers } from '../../certificate/testing/seeded-numbers.js';
import { factsOfMessage, type EntryFacts } from './entry-facts.js';
import type { EntryFilter } from './entry-filter.js';
import { both } from './filter-changes.js';
import type { FilterHandle } from './filter-handle.js';
import { FilterIndex } from './filter-index.js';
import { filterFromJson } from './filter-input.js';
import { referenceMatches } from './reference-match.js';
import { RandomFilters } from './testing/random-filters.js';

const BOUNDS = { terms: 1000, expressions: 20, bytes: 1e6 };
const corpus = process.env['CT_CORPUS_DIR'];

function factsOf(batch: EntryBatch): EntryFacts[] {
  const rendered = new CertificateBatch(batch, new CertificateRenderer());
  return [...rendered].map((entry) => factsOfMessage(entry.message()));
}

function matchesOf(index: FilterIndex, batch: EntryBatch): Map<string, number[]> {
  const found = new Map<string, number[]>();
  index.match(batch, (handle, positions) => found.set(handle.filter.key, [...positions]));
  return found;
}

function expectedOf(filters: Iterable<EntryFilter>, facts: readonly EntryFacts[]): Map<string, number[]> {
  const expected = new Map<string, number[]>();
  for (const filter of filters) {
    const positions = facts.flatMap((entry, i) => (referenceMatches(filter, entry) ? [i] : []));
    if (positions.length > 0) expected.set(filter.key, positions);
  }
  return expected;
}

describe.skipIf(corpus === undefined)('all entries of the corpus', () => {
  it.each(corpusFolders(corpus))(
    '%s: index and reference agree',
    (folder) => {
      const random = new SeededNumbers(7);
      const blobs = readBlobs(corpus!, folder).filter(({ der }) => der.length < 100_000);
      const entries = blobs.slice(0, 300).flatMap(({ der }) => shapesOf(der));
      const batch = batchOf(entries, {
        name: 'Test log 2026',
        url: 'https://ct.example/2026',
        operator: 'Example',
      });
      const facts = factsOf(batch);
      const filters = new RandomFilters(facts, random);
      const index = new FilterIndex({
        onDefect: (error) => {
          throw error;
        },
      });
      const handles: FilterHandle[] = [];
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 100; i++) {
          let filter = filterFromJson(filters.next(), BOUNDS);
          if (random.below(5) === 0) filter = both(filter, filterFromJson(filters.next(), BOUNDS));
          if (filter !== undefined) handles.push(index.add(filter));
        }
        for (let i = 0; i < 30; i++) index.remove(handles.splice(random.below(handles.length), 1)[0]);
        const byKey = new Map(handles.map(({ filter }) => [filter.key, filter]));
        const found = matchesOf(index, batch);
        const expected = expectedOf(byKey.values(), facts);
        for (const [key, filter] of byKey) {
          const [ours, right] = [found.get(key) ?? [], expected.get(key) ?? []];
          const wrong = facts.findIndex((_, i) => ours.includes(i) !== right.includes(i));
          // The message of a failure shows the entry.
          expect({ wrong: facts[wrong], filter: filter.fields, within: filter.within?.fields }).toEqual({
            wrong: undefined,
            filter: filter.fields,
            within: filter.within?.fields,
          });
        }
        expect(found).toEqual(expected);
      }
    },
    60_000,
  );
});
