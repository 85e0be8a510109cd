import { certificateAddress, parseAddressRange } from './address-range.js';
import { HASH_SEED, HashedIds, IdPool, spread } from './hashed-ids.js';

/** Numbers per range: the four words of the prefix, and its kind. */
const ROW = 5;
const KIND = 4;
/** Kinds of ranges are the length of the prefix, and this much more for IPv6. */
const IPV6 = 64;

/**
 * Finds the ranges in which an address lies. An address is looked up once for every length of a prefix that a range has; only
 * few different lengths are in use.
 */
export class AddressMatcher {
  private readonly table = new HashedIds();
  private readonly ids = new IdPool();
  private rows = new Int32Array(ROW * 16);
  private readonly references: number[] = [];
  /** Number of ranges of each kind. */
  private readonly kinds = new Map<number, number>();
  private readonly words = new Int32Array(4);
  private readonly masked = new Int32Array(4);

  /** @param term an address range in canonical form */
  add(term: string): number {
    const kind = this.read(term);
    const hash = hashOf(this.masked, kind);
    let id = this.find(hash, kind);
    if (id < 0) {
      id = this.ids.take();
      if ((id + 1) * ROW > this.rows.length) {
        const larger = new Int32Array(2 * this.rows.length);
        larger.set(this.rows);
        this.rows = larger;
      }
      this.rows.set(this.masked, id * ROW);
      this.rows[id * ROW + KIND] = kind;
      this.references[id] = 0;
      this.table.insert(hash, id);
      this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    }
    this.references[id]++;
    return id;
  }

  remove(term: string): void {
    const kind = this.read(term);
    const id = this.find(hashOf(this.masked, kind), kind);
    if (id < 0 || --this.references[id] > 0) return;
    this.table.remove(id);
    this.ids.release(id);
    const count = this.kinds.get(kind)! - 1;
    if (count === 0) this.kinds.delete(kind);
    else this.kinds.set(kind, count);
  }

  /** @param octets an iPAddress of a certificate: 4 or 16 octets */
  match(octets: Uint8Array, found: (id: number) => void): void {
    const address = certificateAddress(octets);
    const isIpv6 = address.length === 16;
    this.setWords(address);
    for (const kind of this.kinds.keys()) {
      if (kind > IPV6 / 2 !== isIpv6) continue;
      this.mask(isIpv6 ? kind - IPV6 : kind);
      const id = this.find(hashOf(this.masked, kind), kind);
      if (id >= 0) found(id);
    }
  }

  /** Sets {@link masked} to the prefix of a range. @returns its kind */
  private read(term: string): number {
    const { octets, bits } = parseAddressRange(term)!;
    this.setWords(octets);
    this.mask(bits);
    return octets.length === 16 ? IPV6 + bits : bits;
  }

  private setWords(octets: Uint8Array): void {
    this.words.fill(0);
    for (let i = 0; i < octets.length; i++) this.words[i >> 2] |= octets[i] << (24 - 8 * (i & 3));
  }

  private mask(bits: number): void {
    for (let i = 0; i < this.words.length; i++) {
      const kept = Math.min(Math.max(bits - 32 * i, 0), 32);
      this.masked[i] = kept === 0 ? 0 : this.words[i] & (-1 << (32 - kept));
    }
  }

  private find(hash: number, kind: number): number {
    const slots = this.table.segment(hash);
    const mask = slots.length - 1;
    next: for (let at = hash & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const row = (slots[at] - 1) * ROW;
      if (this.rows[row + KIND] !== kind) continue;
      for (let i = 0; i < this.masked.length; i++) if (this.rows[row + i] !== this.masked[i]) continue next;
      return slots[at] - 1;
    }
    return -1;
  }
}

function hashOf(words: Int32Array, kind: number): number {
  let hash = HASH_SEED ^ kind;
  for (let i = 0; i < words.length; i++) hash = spread(hash ^ words[i]);
  return spread(hash);
}
