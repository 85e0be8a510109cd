import { CertificateBatch } from '../../certificate/certificate-batch.js';
import { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { SeededNumbers } from '../../certificate/testing/seeded-numbers.js';
import { type EntryFacts, factsOfMessage } from '../entry-facts.js';
import type { EntryFilter } from '../entry-filter.js';
import { both } from '../filter-changes.js';
import type { FilterHandle } from '../filter-handle.js';
import { FilterIndex } from '../filter-index.js';
import { filterFromJson } from '../filter-input.js';
import { referenceMatches } from '../reference-match.js';
import { RandomFilters } from './random-filters.js';

const BOUNDS = { terms: 1000, expressions: 20, bytes: 1_000_000 };

/** Returns the facts of the lite messages of a batch. */
export function factsOf(batch: EntryBatch): EntryFacts[] {
  const rendered = new CertificateBatch(batch, new CertificateRenderer());
  return [...rendered].map((entry) => factsOfMessage(entry.message()));
}

/** An entry for which the index and the reference have different results. */
export interface Difference {
  readonly fields: unknown;
  readonly within: unknown;
  readonly facts: EntryFacts;
  readonly isFound: boolean;
}

/** Adds random filters to an index, removes some, and compares what it finds with the reference. */
export class IndexComparison {
  readonly index = new FilterIndex({
    onDefect: (error) => {
      throw error;
    },
  });
  private readonly handles: FilterHandle[] = [];
  /** Number of pairs of a filter and an entry that were compared, and of those that match. */
  pairs = 0;
  matches = 0;

  constructor(private readonly random: SeededNumbers) {}

  add(count: number, facts: readonly EntryFacts[]): void {
    const filters = new RandomFilters(facts, this.random);
    for (let i = 0; i < count; i++) {
      let filter = filterFromJson(filters.next(), BOUNDS);
      if (this.random.below(5) === 0) filter = both(filter, filterFromJson(filters.next(), BOUNDS));
      if (filter !== undefined) this.handles.push(this.index.add(filter));
    }
    this.finish();
  }

  remove(count: number): void {
    for (const end = Math.max(0, this.handles.length - count); this.handles.length > end;)
      this.index.remove(this.handles.splice(this.random.below(this.handles.length), 1)[0]);
    this.finish();
  }

  /** Does the work of large filters. */
  private finish(): void {
    while (this.index.isBusy) this.index.step();
  }

  /** Returns the first difference. @throws Error if the positions of a filter are not ascending, or a filter comes twice */
  compare(batch: EntryBatch, facts: readonly EntryFacts[]): Difference | undefined {
    const filters = new Map(this.handles.map(({ filter }) => [filter.key, filter]));
    const found = new Map<string, Set<number>>();
    this.index.match(batch, ({ filter }, positions) => {
      if (found.has(filter.key)) throw new Error('a filter was visited twice');
      if (positions.some((position, i) => i > 0 && position <= positions[i - 1]))
        throw new Error('the positions are not ascending');
      found.set(filter.key, new Set(positions));
    });
    for (const key of found.keys()) if (!filters.has(key)) throw new Error('an absent filter was visited');
    for (const filter of filters.values()) {
      const difference = this.differenceOf(filter, found.get(filter.key) ?? new Set(), facts);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }

  private differenceOf(
    filter: EntryFilter,
    found: ReadonlySet<number>,
    facts: readonly EntryFacts[],
  ): Difference | undefined {
    for (const [i, entry] of facts.entries()) {
      const isFound = found.has(i);
      this.pairs++;
      if (isFound) this.matches++;
      if (referenceMatches(filter, entry) !== isFound)
        return { fields: filter.fields, within: filter.within?.fields, facts: entry, isFound };
    }
    return undefined;
  }
}
