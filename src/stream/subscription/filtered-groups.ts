import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { Steps } from '../filter/bounded-steps.js';
import type { EntryFilter } from '../filter/entry-filter.js';
import { FilterIndex } from '../filter/filter-index.js';
import type { SubscriberGroup } from './subscriber-group.js';

interface KnownFilter {
  readonly filter: EntryFilter;
  readonly groups: Set<SubscriberGroup>;
  /** Clients that have or wait for this filter. */
  holders: number;
  /** The remaining work of the index; undefined when the filter is in the index. */
  work: Steps<void> | undefined;
  /** An index with this filter only. */
  alone?: Promise<FilterIndex>;
  /** Resolves when the filter is in the index. */
  ready: Promise<void> | undefined;
}

/** Called to run a step of a large filter in a later turn of the event loop. */
export type Turn = () => Promise<void>;

/** The groups of a stream whose clients have a filter. One index holds all filters, so the work grows with the terms and not with the clients. */
export class FilteredGroups {
  private readonly index = new FilterIndex();
  private readonly filters = new Map<string, KnownFilter>();

  constructor(private readonly turn: Turn) {}

  get isEmpty(): boolean {
    return this.filters.size === 0;
  }

  /** Number of different filters. */
  get size(): number {
    return this.filters.size;
  }

  /**
   * Adds a filter to the index until as many calls of {@link release} follow. @returns undefined when the filter is in the index;
   * for a large new filter, a promise that resolves then.
   */
  hold(filter: EntryFilter): Promise<void> | undefined {
    const { key } = filter;
    let known = this.filters.get(key);
    if (known === undefined) {
      known = { filter, groups: new Set(), holders: 0, work: this.index.add(filter), ready: undefined };
      this.filters.set(key, known);
      if (known.work!.next().done === true) known.work = undefined;
      else known.ready = this.finish(known);
    }
    known.holders++;
    return known.ready;
  }

  release({ key }: EntryFilter): void {
    const known = this.filters.get(key);
    if (known === undefined || --known.holders > 0) return;
    this.filters.delete(key);
    const removal = this.index.remove(known.filter);
    if (removal.next().done !== true) void this.run(removal);
  }

  /** Returns an index with a held filter only, for clients that get older entries. */
  async alone({ key }: EntryFilter): Promise<FilterIndex> {
    const known = this.filters.get(key)!;
    if (known.alone === undefined) {
      const index = new FilterIndex();
      const steps = index.add(known.filter);
      known.alone = (async () => {
        while (steps.next().done !== true) await this.turn();
        return index;
      })();
    }
    return known.alone;
  }

  /** Adds a group, whose filter must be held. */
  add(filter: EntryFilter, group: SubscriberGroup): void {
    this.filters.get(filter.key)!.groups.add(group);
  }

  remove(filter: EntryFilter, group: SubscriberGroup): void {
    this.filters.get(filter.key)?.groups.delete(group);
  }

  /** Calls `visit` with each group that gets entries of the batch, and their ascending positions. */
  match(batch: EntryBatch, visit: (group: SubscriberGroup, positions: ArrayLike<number>) => void): void {
    this.index.match(batch, (filter, positions) => {
      const groups = this.filters.get(filter.key)?.groups;
      if (groups !== undefined) for (const group of groups) visit(group, positions);
    });
  }

  private async finish(known: KnownFilter): Promise<void> {
    await this.run(known.work!);
    known.work = undefined;
    known.ready = undefined;
  }

  private async run(steps: Steps<void>): Promise<void> {
    do await this.turn();
    while (steps.next().done !== true);
  }
}
