import type { ByteSource, ByteWriter } from './byte-writer.js';
import { hashOctets } from './octet-hash.js';
import { ascii, TextPiece } from './text-piece.js';

/**
 * 2^12. CAs repeat several hundred different values: every issuer's key identifier and access descriptions, and a
 * distribution point for each part of its CRL.
 */
const SLOT_BITS = 12;
const SLOTS = 1 << SLOT_BITS;
/** Longer values are rare, and comparing them costs what writing them does. */
const MAX_VALUE = 192;
const MAX_TEXT = 512;
const NO_TEXT = ascii('');

/**
 * Text of extension values that CAs repeat in every certificate: access descriptions, policies, key usages. A value has
 * two slots to be in, and a newer one takes the place of an older one: bounded, and no order of use to keep. It is kept
 * when it is seen the second time, so that values that never repeat are not copied.
 */
export class ValueMemo {
  private readonly keys: (TextPiece | undefined)[] = Array.from<undefined>({ length: SLOTS });
  private readonly kinds = new Uint8Array(SLOTS);
  private readonly texts: TextPiece[] = Array.from<TextPiece>({ length: SLOTS }).fill(NO_TEXT);
  private readonly hashes = new Int32Array(SLOTS);
  private hash = 0;
  /** Which of the two slots of a new value is overwritten; alternates. */
  private next = 0;

  /** Writes the text kept for `bytes[start, end)` as a value of this kind. @returns whether there is one. */
  write(out: ByteWriter, kind: number, source: ByteSource, start: number, end: number): boolean {
    const size = end - start;
    if (size > MAX_VALUE) return false;
    const hash = slotHash(kind, source, start, end);
    this.hash = hash;
    const slot = this.find(hash);
    if (slot < 0) return false;
    const key = this.keys[slot];
    if (key === undefined || this.kinds[slot] !== kind || !key.equals(source, start, end)) return false;
    out.text(this.texts[slot]);
    return true;
  }

  /**
   * Offers what was written since `textStart` for the value that {@link write} was asked for last.
   */
  offer(
    out: ByteWriter,
    textStart: number,
    kind: number,
    { bytes }: ByteSource,
    start: number,
    end: number,
  ): void {
    const size = end - start;
    if (size > MAX_VALUE || out.length - textStart > MAX_TEXT) return;
    const slot = this.find(this.hash);
    if (slot < 0) {
      this.next ^= 1;
      const oldest = (this.hash >>> (32 - SLOT_BITS)) ^ this.next;
      this.hashes[oldest] = this.hash;
      this.keys[oldest] = undefined;
      return;
    }
    this.keys[slot] = new TextPiece(bytes, start, end);
    this.kinds[slot] = kind;
    this.texts[slot] = new TextPiece(out.buffer, textStart, out.length);
  }

  /** The slot of this hash, or -1. */
  private find(hash: number): number {
    const slot = hash >>> (32 - SLOT_BITS);
    if (this.hashes[slot] === hash) return slot;
    return this.hashes[slot ^ 1] === hash ? slot ^ 1 : -1;
  }
}

/** The upper bits are the slot. */
function slotHash(kind: number, source: ByteSource, start: number, end: number): number {
  const hash = hashOctets(kind, source, start, end);
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1);
}
