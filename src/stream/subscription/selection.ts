import type { EntryFilter } from '../filter/entry-filter.js';
import type { StreamOptions } from './stream-options.js';

/** A batch from which a client chooses entries. */
interface OfferedBatch {
  readonly count: number;
}

/** The entries that one client wants. */
export class Selection {
  /** Undefined for all entries. */
  filter: EntryFilter | undefined;
  /** Whether the client wants each certificate once. */
  unique: boolean;
  /** Number of messages after which the stream of the client ends. */
  remaining: number;
  /** Number of the first journal record that was published to the client; Infinity before that. */
  since = Infinity;
  private readonly isLimited: boolean;

  constructor({ filter, unique, limit }: StreamOptions) {
    this.filter = filter;
    this.unique = unique;
    this.remaining = limit ?? Infinity;
    this.isLimited = limit !== undefined;
  }

  /** Whether the entries that the client gets depend on those that it got before. */
  get isParticular(): boolean {
    return this.unique || this.isLimited;
  }

  /**
   * Returns the positions of the entries that the client gets, ascending, and counts them as sent.
   * @param positions of the entries that the filter matches; undefined for all.
   */
  choose(batch: OfferedBatch, positions: ArrayLike<number> | undefined): ArrayLike<number> {
    const matching = positions ?? Array.from({ length: batch.count }, (_, i) => i);
    const chosen =
      matching.length > this.remaining ? Array.from(matching).slice(0, this.remaining) : matching;
    this.remaining -= chosen.length;
    return chosen;
  }
}
