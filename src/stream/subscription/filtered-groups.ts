import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { EntryFilter } from '../../filter/entry-filter.js';
import type { FilterHandle } from '../../filter/filter-handle.js';
import { FilterIndex, type FilterIndexOptions } from '../../filter/filter-index.js';
import type { SubscriberGroup } from './subscriber-group.js';

interface HeldFilter {
  readonly handle: FilterHandle;
  readonly groups: Set<SubscriberGroup>;
  /** Clients that have this filter or wait for it. */
  holders: number;
  /** Resolves when the filter is in force; undefined when it is. */
  ready: Promise<void> | undefined;
  /** An index with this filter only. */
  alone?: Promise<FilterIndex>;
}

/** Resolves when work of a few milliseconds may be done. */
export type Turn = () => Promise<void>;

/**
 * The groups of a stream whose clients have a filter. One index holds all filters, so that the work for an entry does not grow with
 * the number of clients.
 */
export class FilteredGroups {
  private readonly index: FilterIndex;
  private readonly held = new Map<string, HeldFilter>();
  private readonly byHandle = new Map<FilterHandle, HeldFilter>();
  private isWorking = false;

  constructor(
    private readonly turn: Turn,
    private readonly options: FilterIndexOptions,
  ) {
    this.index = new FilterIndex(options);
  }

  /** Number of different filters. */
  get size(): number {
    return this.held.size;
  }

  /**
   * Keeps a filter in the index until as many calls of {@link release} follow.
   * @returns undefined when the filter is in force; for a large filter, a promise that resolves then.
   * @throws FilterError when the server cannot take more filters.
   */
  hold(filter: EntryFilter): Promise<void> | undefined {
    const held = this.held.get(filter.key) ?? this.add(filter);
    held.holders++;
    return held.ready;
  }

  release({ key }: EntryFilter): void {
    const held = this.held.get(key);
    if (held === undefined || --held.holders > 0) return;
    this.held.delete(key);
    this.byHandle.delete(held.handle);
    this.index.remove(held.handle);
    void this.work(this.index);
  }

  /** Adds a group, whose filter must be held. */
  addGroup(filter: EntryFilter, group: SubscriberGroup): void {
    this.held.get(filter.key)!.groups.add(group);
  }

  removeGroup(filter: EntryFilter, group: SubscriberGroup): void {
    this.held.get(filter.key)?.groups.delete(group);
  }

  /** Calls `visit` with each group that gets entries of the batch, and their positions, which are valid during the call. */
  match(batch: EntryBatch, visit: (group: SubscriberGroup, positions: readonly number[]) => void): void {
    this.index.match(batch, (handle, positions) => {
      const groups = this.byHandle.get(handle)?.groups;
      if (groups !== undefined) for (const group of groups) visit(group, positions);
    });
  }

  /** Returns an index with a held filter only, for clients that get older entries. */
  alone({ key }: EntryFilter): Promise<FilterIndex> {
    const held = this.held.get(key)!;
    return (held.alone ??= this.indexOf(held.handle.filter));
  }

  private async indexOf(filter: EntryFilter): Promise<FilterIndex> {
    const index = new FilterIndex(this.options);
    index.add(filter);
    while (index.isBusy) {
      await this.turn();
      index.step();
    }
    return index;
  }

  private add(filter: EntryFilter): HeldFilter {
    let activated = (): void => undefined;
    const ready = new Promise<void>((resolve) => (activated = resolve));
    const handle = this.index.add(filter, () => activated());
    const held: HeldFilter = { handle, groups: new Set(), holders: 0, ready: undefined };
    if (!handle.isActive) {
      held.ready = ready.then(() => (held.ready = undefined));
      void this.work(this.index);
    }
    this.held.set(filter.key, held);
    this.byHandle.set(handle, held);
    return held;
  }

  /** Does the work of large filters in many turns of the event loop. */
  private async work(index: FilterIndex): Promise<void> {
    if (this.isWorking) return;
    this.isWorking = true;
    while (index.isBusy) {
      await this.turn();
      index.step();
    }
    this.isWorking = false;
  }
}
