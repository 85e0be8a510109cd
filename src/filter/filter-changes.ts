import { mergedOnce, type Steps } from './bounded-steps.js';
import { EntryFilter } from './entry-filter.js';
import { FilterError } from './filter-error.js';
import { boundedFilterSteps, type FilterBounds } from './filter-input.js';
import { FILTER_FIELDS, type FilterField, NAME_FIELDS } from './filter-terms.js';

/**
 * Returns the filter that an entry matches when it matches both. Each filter is applied by itself, so a client with a filter of
 * its own cannot leave that of its token.
 */
export function both(inner: EntryFilter, outer: EntryFilter): EntryFilter;
export function both(inner: EntryFilter | undefined, outer: EntryFilter | undefined): EntryFilter | undefined;
export function both(
  inner: EntryFilter | undefined,
  outer: EntryFilter | undefined,
): EntryFilter | undefined {
  if (inner === undefined || outer === undefined) return inner ?? outer;
  if (inner.key === outer.key) return inner;
  return EntryFilter.of(inner.terms, inner.within === undefined ? outer : both(inner.within, outer));
}

/**
 * Returns the filter with the terms of `added` in addition. Without a filter, that is `added`.
 * @throws FilterError if the result exceeds the bounds.
 */
export function* withTermsSteps(
  filter: EntryFilter | undefined,
  added: EntryFilter,
  bounds: FilterBounds,
): Steps<EntryFilter | undefined> {
  if (filter === undefined) return added;
  const terms: Partial<Record<FilterField, readonly string[]>> = { ...filter.terms };
  for (const field of FILTER_FIELDS) {
    const [old, more] = [filter.terms[field], added.terms[field]];
    if (old === undefined || more === undefined) terms[field] = old ?? more;
    else terms[field] = yield* mergedOnce(old, more);
  }
  if (terms.ca?.length === 2) delete terms.ca;
  for (const field of FILTER_FIELDS) if (terms[field] === undefined) delete terms[field];
  if (Object.keys(terms).length === 0) return filter.within;
  return yield* boundedFilterSteps(terms, bounds, filter.within);
}

/**
 * Returns the filter without the terms of `removed`; terms that it does not have are ignored.
 * @returns undefined if nothing is filtered any more, because the last term of `exclude_*` was removed.
 * @throws FilterError (`FILTER_LAST_TERM`) if no term of a field would remain, so that the filter would let more pass instead of
 *   less. The name fields count as one field.
 */
export function* withoutTermsSteps(
  filter: EntryFilter | undefined,
  removed: EntryFilter,
): Steps<EntryFilter | undefined> {
  if (filter === undefined) return undefined;
  const terms: Partial<Record<FilterField, readonly string[]>> = {};
  for (const field of FILTER_FIELDS) {
    const old = filter.terms[field];
    if (old === undefined) continue;
    const gone = new Set(removed.terms[field]);
    const rest = gone.size === 0 ? old : old.filter((term) => !gone.has(term));
    yield;
    if (rest.length > 0) terms[field] = rest;
  }
  const isName = (field: FilterField) => (NAME_FIELDS as readonly FilterField[]).includes(field);
  const hasNames = NAME_FIELDS.some((field) => terms[field] !== undefined);
  for (const field of FILTER_FIELDS) {
    if (filter.terms[field] === undefined || terms[field] !== undefined) continue;
    if (field.startsWith('exclude_') || (isName(field) && hasNames)) continue;
    throw new FilterError(
      'FILTER_LAST_TERM',
      `no term of \`${field}\` would remain, and the filter would let everything pass; send a new filter with subscribe`,
    );
  }
  if (Object.keys(terms).length === 0) return filter.within;
  return yield* EntryFilter.steps(terms, filter.within);
}
