import type { ParseError } from './certificate-message.js';
import { EntryProblem } from './entry-batch.js';

/** Returns the parse error for an {@link EntryProblem}; undefined for {@link EntryProblem.None}. */
export function entryParseError(problem: number): ParseError | undefined {
  switch (problem) {
    case EntryProblem.None:
      return undefined;
    case EntryProblem.MalformedExtraData:
      return 'malformed_extra_data';
    case EntryProblem.MismatchedExtraData:
      return 'mismatched_extra_data';
    case EntryProblem.UnknownEntryType:
      return 'unknown_entry_type';
    default:
      return 'malformed_leaf';
  }
}
