const FIRST_BITS = 6;
/** Bits of the filter per slot of the table. The table is at most half full, so at most one bit of 16 is set. */
const FILTER_BITS_PER_SLOT = 8;
const GOLDEN = 0x9e3779b1;

/**
 * Maps 32-bit hashes to numbers, several per hash. Most look-ups find nothing; a filter of single bits, small enough for the
 * cache of a core, answers them. Removed pairs leave their bits set until the table is built again.
 */
export class HashTable {
  private bits = FIRST_BITS;
  private hashes = new Int32Array(1 << FIRST_BITS);
  /** The number of a pair plus one; 0 for a free slot. */
  private values = new Int32Array(1 << FIRST_BITS);
  private filter = new Int32Array((FILTER_BITS_PER_SLOT << FIRST_BITS) >>> 5);
  private filterShift = 32 - FIRST_BITS - 3;
  size = 0;
  private removed = 0;

  add(hash: number, value: number): void {
    if ((this.size + 1) * 2 > this.values.length) this.rebuild(this.bits + 1);
    this.insert(hash, value + 1);
    this.size++;
  }

  /** Removes a pair that was added. */
  remove(hash: number, value: number): void {
    const mask = this.values.length - 1;
    let slot = this.slotOf(hash);
    while (this.hashes[slot] !== hash || this.values[slot] !== value + 1) {
      if (this.values[slot] === 0) return;
      slot = (slot + 1) & mask;
    }
    this.free(slot);
    this.size--;
    if (++this.removed > this.values.length) this.rebuild(this.bits);
  }

  /** Returns false if no number has this hash; true if some may have it. */
  mayHave(hash: number): boolean {
    const bit = Math.imul(hash, GOLDEN) >>> this.filterShift;
    return (this.filter[bit >>> 5] & (1 << (bit & 31))) !== 0;
  }

  /**
   * Returns the first `i` of `from` to `end` for which some number may have the hash `sum + terms[i]`; `end` if there is none.
   */
  firstThatMayBe(sum: number, terms: Int32Array, from: number, end: number): number {
    const { filter, filterShift } = this;
    for (let i = from; i < end; i++) {
      const bit = Math.imul(sum + terms[i], GOLDEN) >>> filterShift;
      if ((filter[bit >>> 5] & (1 << (bit & 31))) !== 0) return i;
    }
    return end;
  }

  /** Returns the slot of the first number with this hash, or -1. {@link next} returns the further slots. */
  first(hash: number): number {
    return this.find(hash, this.slotOf(hash));
  }

  next(hash: number, slot: number): number {
    return this.find(hash, (slot + 1) & (this.values.length - 1));
  }

  at(slot: number): number {
    return this.values[slot] - 1;
  }

  private find(hash: number, from: number): number {
    const mask = this.values.length - 1;
    for (let slot = from; this.values[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.hashes[slot] === hash) return slot;
    }
    return -1;
  }

  private slotOf(hash: number): number {
    return Math.imul(hash, GOLDEN) >>> (32 - this.bits);
  }

  private insert(hash: number, stored: number): void {
    const mask = this.values.length - 1;
    let slot = this.slotOf(hash);
    while (this.values[slot] !== 0) slot = (slot + 1) & mask;
    this.hashes[slot] = hash;
    this.values[slot] = stored;
    const bit = Math.imul(hash, GOLDEN) >>> this.filterShift;
    this.filter[bit >>> 5] |= 1 << (bit & 31);
  }

  /** Frees a slot and moves pairs after it so that every pair is still reached from the slot of its hash. */
  private free(slot: number): void {
    const mask = this.values.length - 1;
    let hole = slot;
    for (let i = (slot + 1) & mask; this.values[i] !== 0; i = (i + 1) & mask) {
      const home = this.slotOf(this.hashes[i]);
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      this.hashes[hole] = this.hashes[i];
      this.values[hole] = this.values[i];
      hole = i;
    }
    this.values[hole] = 0;
  }

  private rebuild(bits: number): void {
    const { hashes, values } = this;
    this.bits = bits;
    this.hashes = new Int32Array(1 << bits);
    this.values = new Int32Array(1 << bits);
    this.filter = new Int32Array((FILTER_BITS_PER_SLOT << bits) >>> 5);
    this.filterShift = 32 - bits - 3;
    this.removed = 0;
    for (let slot = 0; slot < values.length; slot++) {
      if (values[slot] !== 0) this.insert(hashes[slot], values[slot]);
    }
  }
}
