import { endianness } from 'node:os';
import type { ByteSource } from './byte-writer.js';

/** Octets per word of a {@link TextPiece}. */
export const WORD = 4;
/** What `DataView` has to be told to store the words of this machine as they are. */
export const LITTLE_ENDIAN = endianness() === 'LE';

/**
 * A piece of JSON text that is written often: it is stored four octets at a time, which takes a third of the time that
 * single octets take. Immutable.
 */
export class TextPiece {
  readonly length: number;
  readonly octets: Uint8Array;
  /** The octets and up to three zeros. */
  readonly words: Int32Array;

  /** Copies `source[start, end)`. */
  constructor(source: Uint8Array, start = 0, end = source.length) {
    this.length = end - start;
    this.words = new Int32Array(Math.ceil(this.length / WORD));
    this.octets = new Uint8Array(this.words.buffer, 0, this.length);
    this.octets.set(source.subarray(start, end));
  }

  /** Whether these are the octets `bytes[start, end)`. */
  equals({ bytes, view }: ByteSource, start: number, end: number): boolean {
    const { length, words, octets } = this;
    if (end - start !== length) return false;
    const whole = length >> 2;
    for (let i = 0; i < whole; i++) {
      if (view.getInt32(start + i * WORD, LITTLE_ENDIAN) !== words[i]) return false;
    }
    for (let i = whole * WORD; i < length; i++) if (bytes[start + i] !== octets[i]) return false;
    return true;
  }
}

/** @param text one octet per character */
export function ascii(text: string): TextPiece {
  return new TextPiece(Buffer.from(text, 'latin1'));
}
