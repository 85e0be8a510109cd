import type { ByteWriter } from './byte-writer.js';

/** A power of two; a few hundred different values cover the extensions that CAs repeat. */
const SLOTS = 512;
/** Longer values are rare, and comparing them costs what writing them does. */
const MAX_VALUE = 192;
const MAX_TEXT = 512;
const NO_TEXT = Buffer.alloc(0);

/**
 * Text of extension values that CAs repeat in every certificate: access descriptions, policies, key usages. Direct
 * mapped and therefore bounded: a newer value takes the slot of an older one. A value is kept when it is seen the
 * second time in a row, so that values that never repeat are not copied.
 */
export class ValueMemo {
  private readonly keys: (Buffer | undefined)[] = Array.from<undefined>({ length: SLOTS });
  private readonly texts: Buffer[] = Array.from<Buffer>({ length: SLOTS }).fill(NO_TEXT);
  private readonly hashes = new Int32Array(SLOTS);
  private hash = 0;

  /** Writes the text kept for `bytes[start, end)` as a value of this kind. @returns whether there is one. */
  write(out: ByteWriter, kind: number, bytes: Buffer, start: number, end: number): boolean {
    const size = end - start;
    if (size > MAX_VALUE) return false;
    let hash = kind + (size << 8);
    for (let i = start; i < end; i += 2) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
    hash = Math.imul(hash, 0x9e3779b1);
    this.hash = hash;
    const slot = hash >>> 23;
    const key = this.keys[slot];
    if (this.hashes[slot] !== hash || key === undefined || key.length !== size + 1 || key[size] !== kind) {
      return false;
    }
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
    const slot = this.hash >>> 23;
    if (this.hashes[slot] !== this.hash) {
      this.hashes[slot] = this.hash;
      this.keys[slot] = undefined;
      return;
    }
    const key = Buffer.allocUnsafeSlow(size + 1);
    bytes.copy(key, 0, start, end);
    key[size] = kind;
    this.keys[slot] = key;
    this.texts[slot] = out.copyOut(textStart);
  }
}
