import type { ByteWriter } from './byte-writer.js';

/**
 * 2^12. CAs repeat several hundred different values: every issuer's key identifier and access descriptions, and a
 * distribution point for each part of its CRL.
 */
const SLOT_BITS = 12;
const SLOTS = 1 << SLOT_BITS;
/** Longer values are rare, and comparing them costs what writing them does. */
const MAX_VALUE = 192;
const MAX_TEXT = 512;
const NO_TEXT = Buffer.alloc(0);

/**
 * Text of extension values that CAs repeat in every certificate: access descriptions, policies, key usages. A value has
 * two slots to be in, and a newer one takes the place of an older one: bounded, and no order of use to keep. It is kept
 * when it is seen the second time, so that values that never repeat are not copied.
 */
export class ValueMemo {
  private readonly keys: (Buffer | undefined)[] = Array.from<undefined>({ length: SLOTS });
  private readonly texts: Buffer[] = Array.from<Buffer>({ length: SLOTS }).fill(NO_TEXT);
  private readonly hashes = new Int32Array(SLOTS);
  private hash = 0;
  /** Which of the two slots of a new value is overwritten; alternates. */
  private next = 0;

  /** Writes the text kept for `bytes[start, end)` as a value of this kind. @returns whether there is one. */
  write(out: ByteWriter, kind: number, bytes: Buffer, start: number, end: number): boolean {
    const size = end - start;
    if (size > MAX_VALUE) return false;
    const hash = hashOf(kind, bytes, start, end);
    this.hash = hash;
    const slot = this.find(hash);
    if (slot < 0) return false;
    const key = this.keys[slot];
    if (key === undefined || key.length !== size + 1 || key[size] !== kind) return false;
    for (let i = 0; i < size; i++) if (key[i] !== bytes[start + i]) return false;
    out.bytes(this.texts[slot]);
    return true;
  }

  /**
   * Offers what was written since `textStart` for the value that {@link write} was asked for last.
   */
  offer(out: ByteWriter, textStart: number, kind: number, bytes: Buffer, start: number, end: number): void {
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
    const key = Buffer.allocUnsafeSlow(size + 1);
    bytes.copy(key, 0, start, end);
    key[size] = kind;
    this.keys[slot] = key;
    this.texts[slot] = out.copyOut(textStart);
  }

  /** The slot of this hash, or -1. */
  private find(hash: number): number {
    const slot = hash >>> (32 - SLOT_BITS);
    if (this.hashes[slot] === hash) return slot;
    return this.hashes[slot ^ 1] === hash ? slot ^ 1 : -1;
  }
}

/** Of every octet: the URLs of a CA's distribution points differ in one or two digits. */
function hashOf(kind: number, bytes: Buffer, start: number, end: number): number {
  let hash = kind + ((end - start) << 8);
  let i = start;
  for (; i + 1 < end; i += 2) hash = (Math.imul(hash, 31) + (bytes[i] | (bytes[i + 1] << 8))) | 0;
  if (i < end) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1);
}
