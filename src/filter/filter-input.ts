import { nearest, editDistance } from '../kernel/nearest.js';
import { finish, sortedOnce, type Steps } from './bounded-steps.js';
import { EntryFilter, type FilterTerms } from './entry-filter.js';
import { FilterError, shownTerm } from './filter-error.js';
import { compileExpression, MAX_INSTRUCTIONS } from './regex/expression.js';
import { STEP_WORK, workOf } from './term-work.js';
import { canonicalTerm, FILTER_FIELDS, type FilterField, isSplitAtCommas } from './filter-terms.js';

/** The largest filter that is accepted. */
export interface FilterBounds {
  /** Terms per field. */
  readonly terms: number;
  /** Expressions in `regex` and `exclude_regex` together. */
  readonly expressions: number;
  /** Octets of all terms, as JSON. */
  readonly bytes: number;
}

/** Bounds of a filter in the configuration, which the operator wrote. */
export const LARGEST_FILTER: FilterBounds = { terms: 1_000_000, expressions: 1000, bytes: 2 ** 30 };

/** Instructions that the expressions of a filter may have on average, when there are as many as are accepted. */
const INSTRUCTIONS_PER_EXPRESSION = 100;

/**
 * Reads the filter of a query: terms are separated by commas, and parameters may be repeated. Parameters that are no fields of
 * a filter are ignored.
 * @returns undefined if nothing is filtered.
 * @throws FilterError
 */
export function filterFromQuery(query: URLSearchParams, bounds: FilterBounds): EntryFilter | undefined {
  const written: Partial<Record<FilterField, string[]>> = {};
  for (const field of FILTER_FIELDS) {
    const values = query.getAll(field).filter((value) => value.trim() !== '');
    if (values.length === 0) continue;
    written[field] = isSplitAtCommas(field) ? values.flatMap((value) => value.split(',')) : values;
  }
  return finish(filterSteps(written, bounds));
}

/**
 * Reads a filter in JSON, or in the configuration: `{"domain": ["example.com", "example.net"], "ca": false}`. A value is a term
 * or a list of terms, which are not split at commas; null, an empty text and an empty list are no filter.
 * @returns undefined if nothing is filtered.
 * @throws FilterError
 */
export function filterFromJson(value: unknown, bounds: FilterBounds): EntryFilter | undefined {
  return finish(filterFromJsonSteps(value, bounds));
}

/** Does the same as {@link filterFromJson} in steps. */
export function filterFromJsonSteps(value: unknown, bounds: FilterBounds): Steps<EntryFilter | undefined> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FilterError('FILTER_VALUE', 'the filter is not an object such as {"domain":["example.com"]}');
  const written: Partial<Record<FilterField, readonly unknown[]>> = {};
  for (const [name, terms] of Object.entries(value) as [string, unknown][]) {
    if (!isFilterField(name)) throw unknownField(name);
    if (terms === null || terms === '') continue;
    written[name] = Array.isArray(terms) ? (terms as unknown[]) : [terms];
  }
  return filterSteps(written, bounds);
}

/**
 * Checks the names of the parameters of a query. A name that is one edit away from a known one is a mistake; all other unknown
 * names are ignored, because clients add parameters of their own to avoid caches.
 * @throws FilterError (`FILTER_UNKNOWN_PARAMETER`)
 */
export function checkParameterNames(query: URLSearchParams, known: readonly string[]): void {
  for (const name of new Set(query.keys())) {
    if (known.includes(name)) continue;
    const meant = known.find((candidate) => isMisspelt(name, candidate));
    if (meant !== undefined)
      throw new FilterError(
        'FILTER_UNKNOWN_PARAMETER',
        `unknown parameter ${shownTerm(name)}; did you mean \`${meant}\`?`,
      );
  }
}

/** Shorter names are one edit away from `ca` and `ip` by chance. */
const MIN_MISSPELT = 3;

function isMisspelt(name: string, known: string): boolean {
  if (name.length < MIN_MISSPELT || Math.abs(name.length - known.length) > 1) return false;
  return editDistance(name.toLowerCase(), known) <= 1;
}

function isFilterField(name: string): name is FilterField {
  return (FILTER_FIELDS as readonly string[]).includes(name);
}

function unknownField(name: string): FilterError {
  const near = nearest(name, FILTER_FIELDS);
  const hint =
    near === undefined ? `the fields are ${FILTER_FIELDS.join(', ')}` : `did you mean \`${near}\`?`;
  return new FilterError('FILTER_UNKNOWN_FIELD', `${shownTerm(name)} is not a field of a filter; ${hint}`);
}

function* filterSteps(
  written: Readonly<Partial<Record<FilterField, readonly unknown[]>>>,
  bounds: FilterBounds,
): Steps<EntryFilter | undefined> {
  const terms: Partial<Record<FilterField, readonly string[]>> = {};
  let instructions = 0;
  for (const field of FILTER_FIELDS) {
    const values = written[field];
    if (values === undefined || values.length === 0) continue;
    checkTermCount(field, values.length, bounds);
    const canonical: string[] = [];
    let work = 0;
    for (const value of values) {
      const term = canonicalTerm(field, textOf(field, value));
      canonical.push(term);
      if (!isSplitAtCommas(field)) instructions += checkedInstructions(term, instructions, bounds);
      if ((work += workOf(field, term)) < STEP_WORK) continue;
      work = 0;
      yield;
    }
    const sorted = yield* sortedOnce(canonical);
    // Together the two values let every entry pass.
    if (field === 'ca' && sorted.length > 1) continue;
    terms[field] = sorted;
  }
  if (Object.keys(terms).length === 0) return undefined;
  return yield* boundedFilterSteps(terms, bounds);
}

/**
 * Builds a filter from canonical terms and checks its bounds.
 * @throws FilterError (`FILTER_TOO_MANY_TERMS`, `FILTER_TOO_MANY_EXPRESSIONS`, `FILTER_TOO_LARGE`)
 */
export function* boundedFilterSteps(
  terms: FilterTerms,
  bounds: FilterBounds,
  within?: EntryFilter,
): Steps<EntryFilter> {
  for (const field of FILTER_FIELDS) checkTermCount(field, terms[field]?.length ?? 0, bounds);
  const expressions = [...(terms.regex ?? []), ...(terms.exclude_regex ?? [])];
  checkExpressionCount(expressions.length, bounds);
  expressions.reduce((sum, term) => sum + checkedInstructions(term, sum, bounds), 0);
  const filter = yield* EntryFilter.steps(terms, within);
  if (filter.bytes > bounds.bytes)
    throw new FilterError(
      'FILTER_TOO_LARGE',
      `the terms of the filter have ${filter.bytes} octets; at most ${bounds.bytes} are accepted`,
    );
  return filter;
}

function checkTermCount(field: FilterField, count: number, bounds: FilterBounds): void {
  if (!isSplitAtCommas(field)) checkExpressionCount(count, bounds);
  if (count > bounds.terms)
    throw new FilterError(
      'FILTER_TOO_MANY_TERMS',
      `\`${field}\` has ${count} terms; at most ${bounds.terms} are accepted`,
    );
}

function checkExpressionCount(count: number, bounds: FilterBounds): void {
  if (count > bounds.expressions)
    throw new FilterError(
      'FILTER_TOO_MANY_EXPRESSIONS',
      `the filter has ${count} expressions; at most ${bounds.expressions} are accepted`,
    );
}

/** Returns the instructions of an expression. @throws FilterError if they are too many with those `before` it. */
function checkedInstructions(term: string, before: number, { expressions }: FilterBounds): number {
  const own = compileExpression(term).compiled.programSize();
  const most = Math.max(MAX_INSTRUCTIONS, expressions * INSTRUCTIONS_PER_EXPRESSION);
  if (before + own <= most) return own;
  throw new FilterError(
    'FILTER_TOO_MANY_EXPRESSIONS',
    `the expressions of the filter compile to more than ${most} instructions together; use smaller repetitions`,
  );
}

/** Returns a term as text. @throws FilterError if it is empty or not a text. */
function textOf(field: FilterField, value: unknown): string {
  if (field === 'ca' && typeof value === 'boolean') return String(value);
  if (typeof value !== 'string')
    throw new FilterError('FILTER_VALUE', `\`${field}\` contains a term that is not a text`);
  if (value.trim() === '') throw new FilterError('FILTER_EMPTY_TERM', `\`${field}\` contains an empty term`);
  return value;
}
