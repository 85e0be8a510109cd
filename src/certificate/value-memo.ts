import { type ByteSource, equalOctets, hashOctets, sourceOf } from './byte-source.js';
import type { ByteWriter } from './byte-writer.js';
import { WORD } from './text-piece.js';

/**
 * 2^12. CAs repeat several hundred different values: every issuer's name, key identifier and access descriptions, and a
 * distribution point for each part of its CRL.
 */
const SLOT_BITS = 12;
const SLOTS = 1 << SLOT_BITS;
/** Longer values are rare, and comparing them costs what writing them does. */
const MAX_VALUE = 256;
const MAX_TEXT = 768;
const FIRST_WORDS = 1 << 13;
/** 1 MiB. When it is used up, everything is forgotten. */
const MAX_WORDS = 1 << 17;

/** What a slot consists of: so many numbers, side by side because they are read together. */
const SLOT = 4;
const HASH = 0;
/** Kind and size of the value; {@link NO_VALUE} when it was seen only once. */
const VALUE = 1;
/** Where in the memory the value is, in words; the text is behind it. */
const AT = 2;
const TEXT_LENGTH = 3;
const NO_VALUE = -1;

/**
 * Text that is made of values which CAs repeat in every certificate: issuers, access descriptions, policies, key usages. A
 * value has two slots to be in, and a newer one takes the place of an older one: bounded, and no order of use to keep.
 * It is kept when it is seen the second time, so that values that never repeat are not copied. Values and texts are
 * in one piece of memory: objects of their own cost more to reach than to copy.
 */
export class ValueMemo {
  private readonly slots = new Int32Array(SLOTS * SLOT);
  private memory = new Float64Array(FIRST_WORDS);
  /** The same memory. */
  private octets = sourceOf(Buffer.from(this.memory.buffer));
  private usedWords = 0;
  private hash = 0;
  /** Which of the two slots of a new value is overwritten; alternates. */
  private next = 0;

  constructor() {
    this.forget();
  }

  /** Writes the text kept for `bytes[start, end)` as a value of this kind. @returns whether there is one. */
  write(out: ByteWriter, kind: number, source: ByteSource, start: number, end: number): boolean {
    const slot = this.locate(kind, source, start, end);
    if (slot < 0) return false;
    out.words(this.memory, this.slots[slot + AT] + wordsOf(end - start), this.slots[slot + TEXT_LENGTH]);
    return true;
  }

  /** Whether {@link write} would write it. */
  knows(kind: number, source: ByteSource, start: number, end: number): boolean {
    return this.locate(kind, source, start, end) >= 0;
  }

  /** Offers what was written since `textStart` for the value that {@link write} was asked for last. */
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

  /** The slot that has the value, or -1. */
  private locate(kind: number, source: ByteSource, start: number, end: number): number {
    const size = end - start;
    if (size > MAX_VALUE) return -1;
    this.hash = slotHash(kind, source, start, end);
    const slot = this.find();
    if (slot < 0 || this.slots[slot + VALUE] !== valueOf(kind, size)) return -1;
    return equalOctets(source, start, end, this.octets, this.slots[slot + AT] * WORD) ? slot : -1;
  }

  /** The slot of the hash, or -1. */
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
    // As octets: keys may have those of a NaN.
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

/** The upper bits are the slot. */
function slotHash(kind: number, source: ByteSource, start: number, end: number): number {
  const hash = hashOctets(kind, source, start, end);
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1);
}
