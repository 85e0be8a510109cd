import { randomInt } from 'node:crypto';

/** The place of an entry in the journal: the number of its record, and its position in the record. */
export interface EntryPlace {
  readonly seq: number;
  readonly position: number;
}

/** Slots of one chunk, a power of two. */
const SLOTS = 2 ** 17;
/** Entries of one chunk: three quarters of the slots, so that the search for a free slot is short. */
export const CHUNK_ENTRIES = (SLOTS / 4) * 3;
/** Octets of one slot. */
const SLOT_BYTES = 13;
/** Octets that one entry takes in a full chunk. */
export const BYTES_PER_ENTRY = (SLOTS * SLOT_BYTES) / CHUNK_ENTRIES;

/**
 * Digests of consecutive records. It holds 8 octets of a digest, at an offset that nobody outside of the process knows, so that
 * nobody can prepare certificates which share them. The caller compares the whole digest.
 */
class HashChunk {
  /** Number of the first record, and of the newest one. */
  readonly first: number;
  last: number;
  entries = 0;
  private readonly high = new Uint32Array(SLOTS);
  private readonly low = new Uint32Array(SLOTS);
  /** Number of the record minus {@link first}, plus 1; 0 for a free slot. */
  private readonly seqs = new Uint32Array(SLOTS);
  private readonly positions = new Uint8Array(SLOTS);

  constructor(first: number) {
    this.first = first;
    this.last = first;
  }

  /** A digest that is already there gets the new place: the newest entry counts. */
  add(high: number, low: number, { seq, position }: EntryPlace): void {
    const slot = this.slotOf(high, low);
    if (this.seqs[slot] === 0) this.entries++;
    this.high[slot] = high;
    this.low[slot] = low;
    this.seqs[slot] = seq - this.first + 1;
    this.positions[slot] = position;
    this.last = seq;
  }

  find(high: number, low: number): EntryPlace | undefined {
    const slot = this.slotOf(high, low);
    const seq = this.seqs[slot];
    return seq === 0 ? undefined : { seq: this.first + seq - 1, position: this.positions[slot] };
  }

  /** Returns the slot of a digest, or the free slot for it. */
  private slotOf(high: number, low: number): number {
    let slot = low & (SLOTS - 1);
    while (this.seqs[slot] !== 0 && (this.high[slot] !== high || this.low[slot] !== low))
      slot = (slot + 1) & (SLOTS - 1);
    return slot;
  }
}

/**
 * Finds entries of the journal by a digest of their certificate. Entries are added in the order of their records, in chunks of a
 * fixed size, so that neither adding nor dropping takes long. An entry takes 17 octets in a full chunk.
 */
export class HashChunks {
  private readonly chunks: HashChunk[] = [];
  private readonly offset: number;

  /**
   * @param digestBytes length of a digest.
   * @param maxChunks bound; the oldest chunk is dropped above it.
   */
  constructor(
    digestBytes: number,
    private readonly maxChunks: number,
  ) {
    this.offset = randomInt(digestBytes - 7);
  }

  get entries(): number {
    return this.chunks.reduce((sum, { entries }) => sum + entries, 0);
  }

  /** Number of the oldest record whose entries are here; undefined without entries. */
  get oldest(): number | undefined {
    return this.chunks[0]?.first;
  }

  /** @param digest one character per octet. */
  add(digest: string, place: EntryPlace): void {
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || chunk.entries >= CHUNK_ENTRIES) {
      chunk = new HashChunk(place.seq);
      this.chunks.push(chunk);
      if (this.chunks.length > this.maxChunks) this.chunks.shift();
    }
    chunk.add(this.part(digest, 0), this.part(digest, 4), place);
  }

  /** Yields the places of entries that may have this digest, the newest first. */
  *find(digest: string): Generator<EntryPlace> {
    const [high, low] = [this.part(digest, 0), this.part(digest, 4)];
    for (let i = this.chunks.length - 1; i >= 0; i--) {
      const place = this.chunks[i].find(high, low);
      if (place !== undefined) yield place;
    }
  }

  /** Drops the chunks whose records all have smaller numbers. */
  dropBefore(seq: number): void {
    while (this.chunks.length > 0 && this.chunks[0].last < seq) this.chunks.shift();
  }

  private part(digest: string, from: number): number {
    let value = 0;
    for (let i = this.offset + from; i < this.offset + from + 4; i++)
      value = (value << 8) | digest.charCodeAt(i);
    return value >>> 0;
  }
}
