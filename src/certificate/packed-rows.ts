import { ENTRY_COLUMNS, type EntryBatch, EntryColumn } from './entry-batch.js';

/** Number of octets in front of the TimestampedEntry: version and leaf_type of a MerkleTreeLeaf (RFC 6962, 3.4). */
export const LEAF_LEAD_BYTES = { 'get-entries': 2, 'data-tile': 0 } as const;

/**
 * Ranges with at most this distance are copied as one. The parts of an entry are separated by the length of a vector, which
 * has at most three octets.
 */
const MAX_GAP = 3;

/** New position of a chain that entries share. */
interface PlacedChain {
  readonly end: number;
  readonly shift: number;
}

/**
 * Packs the octets that the rows of a batch refer to. Neighbouring ranges are copied as one, and a chain that entries share
 * is copied once. Empty ranges become [0, 0).
 */
export class PackedRows {
  /** The {@link EntryBatch.table} with offsets into the octets that {@link copyTo} writes. */
  readonly table: Uint32Array;
  /** Number of octets that {@link copyTo} writes. */
  length = 0;
  private readonly bytes: Buffer;
  /** Start and end of each range to copy, except the current one. */
  private readonly ranges: number[] = [];
  private start = Infinity;
  private end = 0;
  /** Target offset minus source offset of the current range. */
  private shift = 0;
  private readonly chains = new Map<number, PlacedChain>();

  constructor({ bytes, table, count, encoding }: EntryBatch) {
    this.bytes = bytes;
    const packed = table.slice();
    this.table = packed;
    const lead = LEAF_LEAD_BYTES[encoding];
    for (let row = 0; row < count * ENTRY_COLUMNS; row += ENTRY_COLUMNS) {
      this.placeLeaf(row, lead);
      this.place(row + EntryColumn.CertificateStart);
      this.place(row + EntryColumn.SubmittedStart);
      if (encoding === 'get-entries') this.placeList(row + EntryColumn.ChainStart);
      else this.place(row + EntryColumn.ChainStart);
    }
    this.closeRange();
  }

  copyTo(target: Buffer, at: number): void {
    const { bytes, ranges } = this;
    for (let i = 0; i < ranges.length; i += 2) at += bytes.copy(target, at, ranges[i], ranges[i + 1]);
  }

  /** Places a leaf. A leaf_input of less than two octets ends before its TimestampedEntry begins. */
  private placeLeaf(row: number, lead: number): void {
    const { table } = this;
    const start = table[row + EntryColumn.TimestampedEntryStart];
    const end = table[row + EntryColumn.TimestampedEntryEnd];
    if (start === 0 && end === 0) return;
    const shift = this.shiftOf(start - lead, end);
    table[row + EntryColumn.TimestampedEntryStart] = start + shift;
    table[row + EntryColumn.TimestampedEntryEnd] = end + shift;
  }

  /** @param column column of the start; the end is in the next column */
  private place(column: number): void {
    const { table } = this;
    const start = table[column];
    const end = table[column + 1];
    const shift = start === end ? -start : this.shiftOf(start, end);
    table[column] = start + shift;
    table[column + 1] = end + shift;
  }

  private placeList(column: number): void {
    const { table } = this;
    const start = table[column];
    const end = table[column + 1];
    const placed = this.chains.get(start);
    if (placed?.end === end) {
      table[column] = start + placed.shift;
      table[column + 1] = end + placed.shift;
      return;
    }
    this.place(column);
    if (start !== end) this.chains.set(start, { end, shift: table[column] - start });
  }

  private shiftOf(start: number, end: number): number {
    if (start < this.start || start > this.end + MAX_GAP) {
      this.closeRange();
      this.start = this.end = start;
      this.shift = this.length - start;
    }
    if (end > this.end) {
      this.length += end - this.end;
      this.end = end;
    }
    return this.shift;
  }

  private closeRange(): void {
    if (this.start < this.end) this.ranges.push(this.start, this.end);
  }
}
