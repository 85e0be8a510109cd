import type { EntryFilter } from '../../filter/entry-filter.js';
import type { BatchSightings, SightedBatch } from '../../unique/batch-sightings.js';
import { MessageSample } from './message-sample.js';
import type { StreamOptions } from './stream-options.js';

/** The entries that one client wants. */
export class Selection {
  /** Undefined for all entries. */
  filter: EntryFilter | undefined;
  /** Whether the client wants each certificate once. */
  unique: boolean;
  /** Number of messages after which the stream of the client ends. */
  remaining: number;
  /** Number of the first journal record since which the client missed nothing; Infinity before its first record. */
  since = Infinity;
  /** Undefined if the client wants all messages, however many arrive. */
  readonly sample: MessageSample | undefined;
  private readonly isLimited: boolean;

  constructor({ filter, unique, limit, sample }: StreamOptions) {
    this.filter = filter;
    this.unique = unique;
    this.remaining = limit ?? Infinity;
    this.isLimited = limit !== undefined;
    this.sample = sample === undefined ? undefined : new MessageSample(sample);
  }

  /** Whether the entries that the client gets depend on those that it got before. */
  get isParticular(): boolean {
    return this.unique || this.isLimited || this.sample !== undefined;
  }

  /** Whether every entry counts for the client. A sample is one of all entries. */
  get isWhole(): boolean {
    return this.filter === undefined && !this.unique;
  }

  /** Whether the client gets every entry. */
  get getsAll(): boolean {
    return this.isWhole && this.sample === undefined;
  }

  /** Notes that the client missed messages, so that certificates in them count as not sent. */
  noteLoss(): void {
    this.since = Infinity;
  }

  /**
   * Returns the positions of the entries whose certificates the client has not got yet, ascending.
   * @param positions of the entries that its filter matches.
   */
  withoutRepeated(batch: SightedBatch, positions: ArrayLike<number>, sightings: BatchSightings): number[] {
    const { filter } = this;
    const { place } = batch;
    if (this.since === Infinity && place !== undefined)
      this.since = place.offset === 0 ? place.seq : place.seq + 1;
    let own = sightings;
    if (filter?.isAboutSighting === true) {
      const matching = new Set(Array.from(positions));
      own = sightings.ofFilter(filter.key, (i) => matching.has(i));
    }
    return Array.from(positions).filter((i) => !own.isRepeated(i, this.since));
  }

  /** Returns the positions that are in the sample and within the limit, and counts them as sent. */
  take(positions: ArrayLike<number>): ArrayLike<number> {
    const sampled = this.sample?.choose(positions) ?? positions;
    const taken = sampled.length > this.remaining ? Array.from(sampled).slice(0, this.remaining) : sampled;
    this.remaining -= taken.length;
    return taken;
  }
}
