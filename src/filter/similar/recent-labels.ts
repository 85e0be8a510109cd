import { HASH_SEED } from '../hashed-ids.js';
import { MAX_LABEL } from './skeleton.js';

const SLOT_BITS = 12;
const SLOTS = 1 << SLOT_BITS;
const SLOT_OCTETS = 64;

/** Start of the hash of a label; {@link hashOctet} adds the octets from the last to the first. */
export const LABEL_HASH = HASH_SEED;

export function hashOctet(hash: number, octet: number): number {
  return Math.imul(hash ^ octet, 0x01000193);
}

/**
 * The labels seen last that imitate no brand. Most labels of a stream repeat: `www`, and the domain in the other names of its
 * certificate. Every label has one slot, where a newer label replaces an older one.
 */
export class RecentLabels {
  private readonly octets = Buffer.alloc(SLOTS * SLOT_OCTETS);
  /** Octets of the label; 0 if the slot is free. */
  private readonly sizes = new Uint8Array(SLOTS);
  /** Length and hash of its plain skeleton, then of the one with joined letters. */
  readonly facts = new Int32Array(SLOTS * 4);

  /** Returns the slot of the label `name[from, to)` with this hash, or -1. */
  find(hash: number, name: Buffer, from: number, to: number): number {
    const slot = hash >>> (32 - SLOT_BITS);
    if (this.sizes[slot] !== to - from || from === to) return -1;
    const { octets } = this;
    for (let i = from, at = slot * SLOT_OCTETS; i < to; i++, at++) if (octets[at] !== name[i]) return -1;
    return slot;
  }

  /** Remembers a label of at most {@link MAX_LABEL} octets. @returns its slot in {@link facts} */
  add(hash: number, name: Buffer, from: number, to: number): number {
    const slot = hash >>> (32 - SLOT_BITS);
    if (to - from > MAX_LABEL) throw new RangeError('the label is too long');
    this.sizes[slot] = to - from;
    name.copy(this.octets, slot * SLOT_OCTETS, from, to);
    return slot;
  }

  /** Forgets all labels, because the brands have changed. */
  clear(): void {
    this.sizes.fill(0);
  }
}
