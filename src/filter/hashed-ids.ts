/** The table has 2^6 segments, which grow one by one, so that no addition copies more than a small part of the table. */
const SEGMENT_BITS = 6;
const FIRST_SLOTS = 4;

/** Mixed into the hashes of terms, so that clients cannot choose terms that have equal hashes. */
export const HASH_SEED = Math.floor(Math.random() * 2 ** 32) | 0;

/** Returns the hash with its information spread over all bits. */
export function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/**
 * Ids by hash, with open addressing. The owner compares the values: it reads the slots of {@link segment} from
 * `hash & (slots.length - 1)` on, until a slot is 0. A slot contains the id plus 1.
 */
export class HashedIds {
  private readonly segments = Array.from({ length: 1 << SEGMENT_BITS }, () => new Int32Array(FIRST_SLOTS));
  private readonly counts = new Uint32Array(1 << SEGMENT_BITS);
  /** Hash of each id. */
  private hashes = new Int32Array(16);

  /** Returns the slots for a hash. */
  segment(hash: number): Int32Array {
    return this.segments[hash >>> (32 - SEGMENT_BITS)];
  }

  insert(hash: number, id: number): void {
    const number = hash >>> (32 - SEGMENT_BITS);
    if (id >= this.hashes.length) {
      const larger = new Int32Array(Math.max(2 * this.hashes.length, id + 1));
      larger.set(this.hashes);
      this.hashes = larger;
    }
    this.hashes[id] = hash;
    if (++this.counts[number] * 3 > this.segments[number].length * 2) this.grow(number);
    place(this.segments[number], hash, id);
  }

  remove(id: number): void {
    const hash = this.hashes[id];
    const slots = this.segment(hash);
    const mask = slots.length - 1;
    let hole = hash & mask;
    while (slots[hole] !== id + 1) hole = (hole + 1) & mask;
    this.counts[hash >>> (32 - SEGMENT_BITS)]--;
    // Values after the hole move back, so that no search ends before them.
    for (let at = (hole + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = this.hashes[slots[at] - 1] & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at];
      hole = at;
    }
    slots[hole] = 0;
  }

  private grow(number: number): void {
    const slots = this.segments[number];
    const larger = new Int32Array(2 * slots.length);
    for (const slot of slots) if (slot !== 0) place(larger, this.hashes[slot - 1], slot - 1);
    this.segments[number] = larger;
  }
}

function place(slots: Int32Array, hash: number, id: number): void {
  const mask = slots.length - 1;
  let at = hash & mask;
  while (slots[at] !== 0) at = (at + 1) & mask;
  slots[at] = id + 1;
}

/** Numbers from 0 on. The smallest numbers are not preferred, but released numbers are used again. */
export class IdPool {
  private readonly released: number[] = [];
  private next = 0;

  take(): number {
    return this.released.pop() ?? this.next++;
  }

  release(id: number): void {
    this.released.push(id);
  }
}
