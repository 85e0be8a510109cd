import { finish, type Steps } from './bounded-steps.js';
import type { EntryFilter } from './entry-filter.js';
import { FilterError } from './filter-error.js';
import { FilterHandle } from './filter-handle.js';
import type { FilterField } from './filter-terms.js';
import { IndexedTerms } from './indexed-terms.js';
import { STEP_WORK, workOf } from './term-work.js';

/**
 * Adds filters to an index and removes them. Equal filters are held once. A filter with much work, such as 500 terms, is added in
 * steps, which the caller runs with {@link step}, and is active after the last one.
 */
export class FilterRegistry {
  readonly terms = new IndexedTerms();
  private readonly handles = new Map<string, FilterHandle>();
  /** Started and not finished additions and removals. They take turns, so that a small one does not wait for a large one. */
  private readonly work = new Map<FilterHandle, Steps<void>>();
  /** Number of different filters, their terms, and the octets of these. */
  size = 0;
  termCount = 0;
  bytes = 0;

  /** @param maxBytes most octets of terms that all filters together may have */
  constructor(private readonly maxBytes = Infinity) {}

  /**
   * Adds a filter, or a reference to an equal one.
   * @param activated is called when the filter takes part in matching: before `add` returns if the filter is small
   * @throws FilterError (`FILTER_CAPACITY`) if the filters together would have too many octets
   */
  add(filter: EntryFilter, activated: () => void = () => undefined): FilterHandle {
    const handle = this.hold(filter);
    handle.references++;
    if (handle.isActive) activated();
    else handle.waiting.push(activated);
    return handle;
  }

  /** Removes a reference. The filter matches nothing from now on if it was the last one. */
  remove(handle: FilterHandle): void {
    handle.references--;
    this.dropUnused(handle);
  }

  /** Whether {@link step} has work. */
  get isBusy(): boolean {
    return this.work.size > 0;
  }

  /** Runs one step of an addition or a removal. */
  step(): void {
    const [next] = this.work;
    if (next === undefined) return;
    const [handle, steps] = next;
    this.work.delete(handle);
    if (steps.next().done !== true) this.work.set(handle, steps);
  }

  private hold(filter: EntryFilter): FilterHandle {
    const known = this.handles.get(filter.key);
    if (known !== undefined) return known;
    if (this.bytes + filter.weight > this.maxBytes)
      throw new FilterError(
        'FILTER_CAPACITY',
        `the filters of all clients have ${this.bytes} octets; at most ${this.maxBytes} are accepted`,
      );
    const handle = new FilterHandle(filter);
    if (filter.within !== undefined) {
      handle.within = this.hold(filter.within);
      handle.within.dependants++;
    }
    this.handles.set(filter.key, handle);
    this.size++;
    this.termCount += filter.termCount;
    this.bytes += filter.weight;
    this.start(handle, this.adding(handle));
    return handle;
  }

  private start(handle: FilterHandle, steps: Steps<void>): void {
    if (handle.filter.work <= STEP_WORK) finish(steps);
    else this.work.set(handle, steps);
  }

  private *adding(handle: FilterHandle): Steps<void> {
    this.terms.open(handle);
    let work = 0;
    for (const [field, term] of termsOf(handle)) {
      if ((work += workOf(field, term)) > STEP_WORK) {
        work = workOf(field, term);
        yield;
      }
      this.terms.addTerm(handle, field, term);
      handle.added++;
    }
    const { within } = handle;
    if (within === undefined || within.isActive) activate(handle);
    else within.waiting.push(() => activate(handle));
  }

  private *removing(handle: FilterHandle): Steps<void> {
    let rest = handle.added;
    let work = 0;
    for (const [field, term] of termsOf(handle)) {
      if (rest-- === 0) break;
      if ((work += workOf(field, term)) > STEP_WORK) {
        work = workOf(field, term);
        yield;
      }
      this.terms.removeTerm(handle, field, term);
    }
    this.terms.close(handle);
    this.size--;
    this.termCount -= handle.filter.termCount;
    this.bytes -= handle.filter.weight;
  }

  private dropUnused(handle: FilterHandle): void {
    if (handle.references > 0 || handle.dependants > 0) return;
    handle.isActive = false;
    handle.isRemoved = true;
    handle.waiting = [];
    this.handles.delete(handle.filter.key);
    this.work.delete(handle);
    this.start(handle, this.removing(handle));
    const { within } = handle;
    if (within === undefined) return;
    within.dependants--;
    this.dropUnused(within);
  }
}

function* termsOf({ filter }: FilterHandle): Generator<[FilterField, string], void, undefined> {
  for (const [field, terms] of Object.entries(filter.terms) as [FilterField, readonly string[]][])
    for (const term of terms) yield [field, term];
}

function activate(handle: FilterHandle): void {
  if (handle.isRemoved) return;
  handle.isActive = true;
  const { waiting } = handle;
  handle.waiting = [];
  for (const activated of waiting) activated();
}
