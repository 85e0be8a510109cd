import { type ByteSource, viewOf } from './byte-source.js';
import type { HexDigits } from './hex-digits.js';
import { writeLatin1 } from './native-text.js';
import { LITTLE_ENDIAN, type TextPiece, WORD } from './text-piece.js';

/** Number of bytes above which one native copy is cheaper than a loop over words. */
const PIECE_LOOP_LIMIT = 192;
/** The same limit if the native copy needs a view on the source, which is one more object. */
const RANGE_LOOP_LIMIT = 224;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NO_MEMORY = Buffer.alloc(0);
/** The most that {@link ByteWriter.restart} allocates. An expectation may be wrong, and the memory grows anyway. */
const MAX_EXPECTED_BYTES = 8 * 1024 * 1024;

/** The digits of 00 to 99 in the format of {@link HexDigits.pairs}. */
const DECIMAL_PAIRS = Uint16Array.from({ length: 100 }, (_, value) => {
  const tens = Math.floor(value / 10);
  return (ZERO + tens) | ((ZERO + value - 10 * tens) << 8);
});

/** The text is longer than the {@link ByteWriter} allows. The part written so far remains in the writer. */
export class TextTooLongError extends Error {
  override readonly name = 'TextTooLongError';
}

/**
 * A growable Buffer for texts, which is reused for the next texts. A caller that knows the size of its text calls
 * {@link reserve} once and then writes to {@link buffer} or {@link view} from {@link length} on; growing replaces both
 * objects. Decreasing `length` removes text. Bytes after `length` have no meaning: methods that store whole words overwrite them.
 */
export class ByteWriter {
  buffer: Buffer;
  /** The same octets as {@link buffer}. */
  view: DataView;
  length = 0;

  /** Largest size of the memory in octets. A text that needs more causes a {@link TextTooLongError}. */
  maxBytes = Infinity;

  constructor(private readonly initialCapacity = 65_536) {
    this.buffer = Buffer.allocUnsafeSlow(initialCapacity);
    this.view = viewOf(this.buffer);
  }

  /** Ensures that `extra` more bytes fit after {@link length}. */
  reserve(extra: number): void {
    if (this.length + extra > this.buffer.length) this.grow(this.length + extra);
  }

  /** Clears the content and makes room for about `expected` bytes, at most 8 MiB. Releases much larger memory. */
  restart(expected: number): void {
    this.length = 0;
    const capacity = Math.max(Math.min(expected, MAX_EXPECTED_BYTES), this.initialCapacity);
    if (this.buffer.length < capacity || this.buffer.length > 2 * capacity) {
      this.use(Buffer.allocUnsafeSlow(capacity));
    }
  }

  /**
   * Returns the written bytes and empties the writer. The result is the memory of the writer if most of it is used,
   * otherwise a copy.
   */
  take(): Buffer {
    const wasteful = this.length < this.buffer.length * 0.75;
    const taken = wasteful ? this.copyOut() : this.buffer.subarray(0, this.length);
    if (!wasteful) this.use(NO_MEMORY);
    this.length = 0;
    return taken;
  }

  /** Returns a copy of the bytes written since `start`. */
  copyOut(start = 0): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.length - start);
    this.buffer.copy(copy, 0, start, this.length);
    return copy;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  text({ length, words, octets }: TextPiece): void {
    if (length > PIECE_LOOP_LIMIT) this.bytes(octets);
    else this.words(words, 0, length);
  }

  /** Writes the first `size` bytes of the words from `first` on. They must be UTF-8, see {@link TextPiece}. */
  words(words: Float64Array, first: number, size: number): void {
    this.reserve(size + WORD);
    const { view } = this;
    const end = this.length + size;
    for (let at = this.length; at < end; at += WORD) view.setFloat64(at, words[first++], LITTLE_ENDIAN);
    this.length = end;
  }

  /** Writes all bytes of `source`. */
  bytes(source: Uint8Array): void {
    this.reserve(source.length);
    this.buffer.set(source, this.length);
    this.length += source.length;
  }

  /** Writes bytes `start` to `end` of JSON text from other memory. */
  range({ bytes, view }: ByteSource, start: number, end: number): void {
    this.reserve(end - start);
    this.copy(bytes, view, start, end);
  }

  /** Writes bytes `start` to `end` of the writer's own content again. */
  repeat(start: number, end: number): void {
    this.reserve(end - start);
    this.copy(this.buffer, this.view, start, end);
  }

  /** Writes one byte per UTF-16 unit; for ASCII strings such as base64. */
  latin1(text: string): void {
    this.reserve(text.length);
    this.length += writeLatin1(this.buffer, text, this.length);
  }

  /** Writes an integer in decimal. Other numbers, which the engine never produces, are written as JavaScript prints them. */
  integer(value: number): void {
    if (!Number.isSafeInteger(value)) return this.latin1(Number.isFinite(value) ? String(value) : '0');
    if (value < 0) {
      this.byte(MINUS);
      value = -value;
    }
    if (value < 1e9) return this.digits(value, digitCount(value));
    const high = Math.floor(value / 1e9);
    this.integer(high);
    this.digits(value - high * 1e9, 9);
  }

  /** Writes milliseconds as seconds in the shortest form with at most three decimals (`1763795400.1`). */
  seconds(milliseconds: number): void {
    // With up to 15 significant digits, the decimal expansion is the shortest form of the double.
    if (!(milliseconds >= 0 && milliseconds < 1e15 && Number.isInteger(milliseconds))) {
      return this.latin1(Number.isFinite(milliseconds) ? String(milliseconds / 1000) : '0');
    }
    const whole = Math.floor(milliseconds / 1000);
    this.integer(whole);
    let fraction = milliseconds - whole * 1000;
    if (fraction === 0) return;
    let places = 3;
    while (fraction % 10 === 0) {
      fraction /= 10;
      places--;
    }
    this.byte(DOT);
    this.digits(fraction, places);
  }

  /** Writes `AA:BB:..`. */
  hexWithColons({ withColon }: HexDigits, source: Buffer, start: number, end: number): void {
    if (end <= start) return;
    this.reserve((end - start) * 3 + 1);
    const { view } = this;
    let at = this.length;
    for (let i = start; i < end; i++) {
      view.setInt32(at, withColon[source[i]], true);
      at += 3;
    }
    this.length = at - 1;
  }

  private digits(value: number, count: number): void {
    this.reserve(count);
    let at = this.length + count;
    this.length = at;
    for (; count > 1; count -= 2) {
      const hundredth = (value / 100) | 0;
      at -= 2;
      this.view.setUint16(at, DECIMAL_PAIRS[value - hundredth * 100], true);
      value = hundredth;
    }
    if (count > 0) this.buffer[at - 1] = ZERO + value;
  }

  /** Copies bytes into reserved room. Words are copied as doubles, as in {@link TextPiece}, even if they cut UTF-8 sequences. */
  private copy(bytes: Buffer, source: DataView, start: number, end: number): void {
    const size = end - start;
    let at = this.length;
    this.length += size;
    if (size > RANGE_LOOP_LIMIT) {
      this.buffer.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, size), at);
      return;
    }
    const { buffer, view } = this;
    let i = start;
    for (const last = end - WORD; i <= last; i += WORD) {
      view.setFloat64(at, source.getFloat64(i, true), true);
      at += WORD;
    }
    for (; i < end; i++) buffer[at++] = bytes[i];
  }

  private grow(needed: number): void {
    if (needed > this.maxBytes) throw new TextTooLongError(`a text has more than ${this.maxBytes} octets`);
    const wanted = Math.max(needed, this.buffer.length * 2, this.initialCapacity);
    const larger = Buffer.allocUnsafeSlow(Math.min(wanted, this.maxBytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.use(larger);
  }

  private use(buffer: Buffer): void {
    this.buffer = buffer;
    this.view = viewOf(buffer);
  }
}

function digitCount(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count++;
  return count;
}
