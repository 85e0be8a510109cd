import { type ByteSource, equalOctets, hashOctets, sourceOf } from './byte-source.js';
import type { ByteWriter } from './byte-writer.js';
import { WORD } from './text-piece.js';

/**
 * There are 2^12 slots. CAs repeat several hundred different values: the name, key identifier and access descriptions of
 * every issuer, and a distribution point for each part of its CRL.
 */
const SLOT_BITS = 12;
const SLOTS = 1 << SLOT_BITS;
/** Largest value that is kept. Longer values are rare, and comparing them costs as much as writing them. */
const MAX_VALUE = 256;
const MAX_TEXT = 768;
const FIRST_WORDS = 1 << 13;
/** 1 MiB. When it is used up, all values are forgotten. */
const MAX_WORDS = 1 << 17;

/** Numbers per slot. They are stored side by side because they are read together. */
const SLOT = 4;
const HASH = 0;
/** Kind and size of the value; {@link NO_VALUE} if it was seen only once. */
const VALUE = 1;
/** Position of the value in the memory, in words. The text follows the value. */
const AT = 2;
const TEXT_LENGTH = 3;
const NO_VALUE = -1;

/**
 * Caches the texts of values that CAs repeat in every certificate: issuers, access descriptions, policies, key usages.
 * Each value can be in one of two slots, where newer values overwrite older ones, so the cache is bounded without an order
 * of use. A value is kept when it is seen for the second time, so that values that never repeat are not copied. Values and
 * texts are in one piece of memory, because reaching separate objects costs more than copying the text.
 */
export class ValueMemo {
  private readonly slots = new Int32Array(SLOTS * SLOT);
  private memory = new Float64Array(FIRST_WORDS);
  /** The octets of {@link memory}. */
  private octets = sourceOf(Buffer.from(this.memory.buffer));
  private usedWords = 0;
  private hash = 0;
  /** Alternates between the two slots of a new value that may be overwritten. */
  private next = 0;

  constructor() {
    this.forget();
  }

  /** Writes the text kept for the value `bytes[start, end)` of this kind. @returns false if no text is kept. */
  write(out: ByteWriter, kind: number, source: ByteSource, start: number, end: number): boolean {
    const slot = this.locate(kind, source, start, end);
    if (slot < 0) return false;
    out.words(this.memory, this.slots[slot + AT] + wordsOf(end - start), this.slots[slot + TEXT_LENGTH]);
    return true;
  }

  /** Reports whether {@link write} would write a text. */
  knows(kind: number, source: ByteSource, start: number, end: number): boolean {
    return this.locate(kind, source, start, end) >= 0;
  }

  /** Offers the text written since `textStart` for the value of the last call of {@link write}. */
  offer(
    out: ByteWriter,
    textStart: number,
    kind: number,
    { bytes }: ByteSource,
    start: number,
    end: number,
  ): void {
    const size = end - start;
    const textLength = out.length - textStart;
    if (size > MAX_VALUE || textLength > MAX_TEXT) return;
    const slot = this.find();
    if (slot < 0) {
      this.next ^= 1;
      const oldest = ((this.hash >>> (32 - SLOT_BITS)) ^ this.next) * SLOT;
      this.slots[oldest + HASH] = this.hash;
      this.slots[oldest + VALUE] = NO_VALUE;
      return;
    }
    const at = this.allocate(wordsOf(size) + wordsOf(textLength));
    bytes.copy(this.octets.bytes, at * WORD, start, end);
    out.buffer.copy(this.octets.bytes, (at + wordsOf(size)) * WORD, textStart, out.length);
    this.slots[slot + HASH] = this.hash;
    this.slots[slot + VALUE] = valueOf(kind, size);
    this.slots[slot + AT] = at;
    this.slots[slot + TEXT_LENGTH] = textLength;
  }

  /** Returns the slot that contains the value, or -1. */
  private locate(kind: number, source: ByteSource, start: number, end: number): number {
    const size = end - start;
    if (size > MAX_VALUE) return -1;
    this.hash = slotHash(kind, source, start, end);
    const slot = this.find();
    if (slot < 0 || this.slots[slot + VALUE] !== valueOf(kind, size)) return -1;
    return equalOctets(source, start, end, this.octets, this.slots[slot + AT] * WORD) ? slot : -1;
  }

  /** Returns the slot that contains the hash, or -1. */
  private find(): number {
    const slot = this.hash >>> (32 - SLOT_BITS);
    if (this.slots[slot * SLOT] === this.hash) return slot * SLOT;
    const other = (slot ^ 1) * SLOT;
    return this.slots[other] === this.hash ? other : -1;
  }

  private allocate(words: number): number {
    if (this.usedWords + words > this.memory.length) this.grow();
    const at = this.usedWords;
    this.usedWords += words;
    return at;
  }

  private grow(): void {
    if (this.memory.length === MAX_WORDS) return this.forget();
    const larger = new Float64Array(this.memory.length * 2);
    const octets = sourceOf(Buffer.from(larger.buffer));
    // Copied as octets, because keys may contain the octets of a NaN.
    this.octets.bytes.copy(octets.bytes);
    this.memory = larger;
    this.octets = octets;
  }

  private forget(): void {
    this.usedWords = 0;
    for (let slot = 0; slot < this.slots.length; slot += SLOT) this.slots[slot + VALUE] = NO_VALUE;
  }
}

function valueOf(kind: number, size: number): number {
  return (kind << 16) | size;
}

function wordsOf(octets: number): number {
  return (octets + WORD - 1) >> 3;
}

/** Returns a hash whose upper bits are the number of the slot. */
function slotHash(kind: number, source: ByteSource, start: number, end: number): number {
  const hash = hashOctets(kind, source, start, end);
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1);
}
