import type { EntryFilter } from './entry-filter.js';
import type { ExcludedNameField } from './filter-terms.js';

/** A filter that an index holds. All who add an equal filter get the same handle. */
export class FilterHandle {
  /** Whether the filter takes part in matching. A large filter is added in steps. */
  isActive = false;
  isRemoved = false;
  /** Number of its terms that are in the index. */
  added = 0;
  /** How often it was added and not removed. */
  references = 0;
  /** How many handles have it as their {@link within}. */
  dependants = 0;
  /** The handle of `filter.within`. */
  within: FilterHandle | undefined;
  /** Called when the filter becomes active. */
  waiting: (() => void)[] = [];

  /** Ids of its terms, for fields that are checked after another field has matched. Fields without terms are undefined. */
  issuers: Set<number> | undefined;
  excludedIssuers: Set<number> | undefined;
  addresses: Set<number> | undefined;
  excludedNames: Partial<Record<ExcludedNameField, Set<number>>> | undefined;

  /** Number of the batch for which the members below are right. */
  batch = 0;
  /** Whether the log of the batch has matched. */
  isOfLog = false;
  /** Position of the last entry that was decided, and whether it matched without {@link within}. */
  decided = -1;
  hasMatched = false;
  /** Positions of the entries that match. */
  positions: number[] = [];

  constructor(readonly filter: EntryFilter) {}
}
