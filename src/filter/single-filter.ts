import type { EntryBatch } from '../certificate/entry-batch.js';
import type { EntryFilter } from './entry-filter.js';
import { FilterIndex } from './filter-index.js';

/** Matches entries with one filter, at the cost of an index: it does not grow with the number of terms. */
export class SingleFilter {
  private readonly index = new FilterIndex({
    logId: ({ logId }) => logId,
    onDefect: (error) => this.note(error),
  });
  private defect: unknown;

  private constructor(filter: EntryFilter) {
    this.index.add(filter);
  }

  /** @param turn resolves when the next step of a few milliseconds may run. */
  static async of(filter: EntryFilter, turn: () => Promise<unknown>): Promise<SingleFilter> {
    const single = new SingleFilter(filter);
    while (single.index.isBusy) {
      await turn();
      single.index.step();
    }
    return single;
  }

  /**
   * Returns the positions in the batch of the entries that match, ascending.
   * @throws the error of a matcher: without it, an entry that the filter excludes could match.
   */
  match(entries: EntryBatch): readonly number[] {
    this.defect = undefined;
    let found: readonly number[] = [];
    this.index.match(entries, (_, positions) => (found = positions.slice()));
    if (this.defect !== undefined) throw this.defect;
    return found;
  }

  private note(error: unknown): void {
    this.defect ??= error;
  }
}
