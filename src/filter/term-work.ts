import type { FilterField } from './filter-terms.js';

/** Work that one step may do, about 1 ms: that of a few hundred plain terms. */
export const STEP_WORK = 500;
/** Work of an expression: it is compiled, which takes milliseconds for a large one. */
const EXPRESSION_WORK = STEP_WORK;
/** Hashes of a brand for each unit of work. */
const HASHES_PER_UNIT = 4;
/** Octets of terms for each hash, by the memory that both take. */
const OCTETS_PER_HASH = 2;

/** Returns the work to read a term, or to add it to an index, in units of a plain term such as a domain. */
export function workOf(field: FilterField, term: string): number {
  if (field === 'regex' || field === 'exclude_regex') return EXPRESSION_WORK;
  return field === 'similar' ? 1 + hashesOf(term) / HASHES_PER_UNIT : 1;
}

/** Returns the octets of memory that a term takes in an index beyond those of its text, in the measure of `max_bytes`. */
export function indexedOctets(field: FilterField, term: string): number {
  return field === 'similar' ? hashesOf(term) * OCTETS_PER_HASH : 0;
}

/** Returns the most hashes of a brand label: that of the label, and those of the label without one or two characters. */
function hashesOf(term: string): number {
  const longest = Math.max(...term.split('.').map(({ length }) => length));
  return (longest * (longest + 1)) / 2;
}
