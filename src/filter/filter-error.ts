import { CertstreamError } from '../kernel/certstream-error.js';

export type FilterErrorCode =
  | 'FILTER_EMPTY_TERM'
  | 'FILTER_UNKNOWN_FIELD'
  | 'FILTER_UNKNOWN_PARAMETER'
  | 'FILTER_VALUE'
  | 'FILTER_REGEX'
  | 'FILTER_KEYWORD_TOO_SHORT'
  | 'FILTER_TOO_MANY_TERMS'
  | 'FILTER_TOO_MANY_EXPRESSIONS'
  | 'FILTER_TOO_LARGE'
  | 'FILTER_LAST_TERM'
  | 'FILTER_CAPACITY';

/** A mistake of a client in its filter. The message is one sentence that names the term; the client receives it. */
export class FilterError extends CertstreamError {
  declare readonly code: FilterErrorCode;
}

/** Most characters of a term that a message shows. */
const SHOWN = 60;

/** Returns a term in quotes for a message: shortened, and with escapes for control characters. */
export function shownTerm(term: string): string {
  return JSON.stringify(term.length > SHOWN ? `${term.slice(0, SHOWN)}…` : term);
}
