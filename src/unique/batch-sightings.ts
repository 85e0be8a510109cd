import type { BatchPlace, EntryBatch } from '../certificate/entry-batch.js';
import type { CertificateIdentity } from './certificate-identity.js';
import { NEVER_FIRST, NEVER_LAST, type SightingTable } from './sighting-table.js';

/** Numbers per entry: the two halves of its identity, then the first and last sighting before this one. */
const COLUMNS = 4;
const FIRST = 2;
const LAST = 3;

/** A published batch, such as a `CertificateBatch`. */
export interface SightedBatch {
  readonly entries: EntryBatch;
  readonly count: number;
  readonly place?: BatchPlace;
  /** Reports whether a text of entry `i` was written and has a `parse_error`. */
  hasParseError(i: number): boolean;
}

/** What sightings of a batch are written to and looked up in. */
export interface SightingContext {
  readonly table: SightingTable;
  /** The number of the record that the table calls 0. */
  readonly origin: number;
  readonly identity: CertificateIdentity;
}

/** The earlier sightings of the certificates of one batch. */
export class BatchSightings {
  /** {@link COLUMNS} of each entry. */
  private readonly rows: Int32Array;
  /** 1 for each entry whose certificate an earlier entry of the batch has too. */
  private readonly repeats: Uint8Array;
  private readonly byFilter = new Map<string, BatchSightings>();
  /** Number of the record in the table; {@link NEVER_FIRST} for a batch without a place, which comes after all known records. */
  private readonly record: number;

  /**
   * Looks up the certificates of a batch and adds their sightings. Entries without a place are not added: the journal has them in an
   * earlier record that a client may not have got.
   * @param identities two halves of the identity of each entry; both 0 for an entry without identity
   */
  constructor(
    private readonly batch: SightedBatch,
    private readonly identities: Int32Array,
    private readonly context: SightingContext,
  ) {
    const { count, place } = batch;
    this.record = place === undefined ? NEVER_FIRST : place.seq - context.origin;
    this.rows = new Int32Array(count * COLUMNS);
    this.repeats = new Uint8Array(count);
    for (let i = 0; i < count; i++) this.add(i, identities[2 * i], identities[2 * i + 1]);
  }

  /**
   * Reports whether a client already got the certificate of entry `i`. An entry without identity or with a `parse_error` is never
   * repeated. An unknown or forgotten sighting counts as none, so the certificate is sent once more rather than never.
   * @param since number of the first record since which the client got every entry that its filter matches. A client that begins or
   *   loses messages within a record got all of them since the next record.
   */
  isRepeated(i: number, since: number): boolean {
    const { rows, record } = this;
    const row = i * COLUMNS;
    if (!this.hasIdentity(i)) return false;
    const from = Math.max(since - this.context.origin, NEVER_LAST + 1);
    const first = rows[row + FIRST];
    const last = rows[row + LAST];
    const isKnown =
      (this.repeats[i] === 1 && record >= from) ||
      (first >= from && first < record) ||
      (last >= from && last < record);
    return isKnown && !this.batch.hasParseError(i);
  }

  /**
   * Returns the sightings for clients of a filter that depends on the sighting (`EntryFilter.isAboutSighting`). Only the entries that
   * the filter matches count. It must be called for every batch while such a client is there; calls for the same filter return the same object.
   * @param matches whether the filter matches entry `i`
   */
  ofFilter(filterKey: string, matches: (i: number) => boolean): BatchSightings {
    let sightings = this.byFilter.get(filterKey);
    if (sightings === undefined) {
      const { identity } = this.context;
      identity.readText(filterKey);
      const { low, high } = identity;
      const mixed = this.identities.slice();
      for (let i = 0; i < this.batch.count; i++) {
        const isCounted = this.hasIdentity(i) && matches(i);
        mixed[2 * i] = isCounted ? mixed[2 * i] ^ low : 0;
        mixed[2 * i + 1] = isCounted ? mixed[2 * i + 1] ^ high : 0;
      }
      sightings = new BatchSightings(this.batch, mixed, this.context);
      this.byFilter.set(filterKey, sightings);
    }
    return sightings;
  }

  private add(i: number, low: number, high: number): void {
    if (low === 0 && high === 0) return;
    const { table } = this.context;
    const { rows, record } = this;
    const row = i * COLUMNS;
    if (record === NEVER_FIRST) table.find(low, high);
    else table.note(low, high, record);
    rows[row] = low;
    rows[row + 1] = high;
    rows[row + FIRST] = table.first;
    rows[row + LAST] = table.last;
    // Only a certificate that was seen in this record before can be a repetition within the batch.
    if (record === NEVER_FIRST || (table.first <= record && table.last >= record))
      this.repeats[i] = this.isEarlier(i, low, high);
  }

  private isEarlier(i: number, low: number, high: number): 0 | 1 {
    const { rows } = this;
    for (let row = 0; row < i * COLUMNS; row += COLUMNS)
      if (rows[row] === low && rows[row + 1] === high) return 1;
    return 0;
  }

  private hasIdentity(i: number): boolean {
    return this.identities[2 * i] !== 0 || this.identities[2 * i + 1] !== 0;
  }
}
