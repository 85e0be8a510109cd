/** Above this, one native copy is cheaper than a loop. */
const LOOP_LIMIT = 64;
/** The same where the native copy needs a view on the source, which is an object more. */
const VIEW_LOOP_LIMIT = 192;
const COLON = 0x3a;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NO_MEMORY = Buffer.alloc(0);

function hexPairs(digits: string): Uint8Array {
  const pairs = new Uint8Array(512);
  for (let value = 0; value < 256; value++) {
    pairs[2 * value] = digits.charCodeAt(value >> 4);
    pairs[2 * value + 1] = digits.charCodeAt(value & 15);
  }
  return pairs;
}

/** Two ASCII digits per byte value, at `2 * value`. */
export const HEX_UPPER = hexPairs('0123456789ABCDEF');
export const HEX_LOWER = hexPairs('0123456789abcdef');

/**
 * A growable Buffer that texts are written into and that is used again for the next ones. Writers that
 * know their size call {@link reserve} once and then store into {@link buffer} from {@link length} on;
 * `buffer` is another object after it grew. Setting `length` back takes text back.
 */
export class ByteWriter {
  buffer: Buffer;
  length = 0;

  constructor(private readonly initialCapacity = 65_536) {
    this.buffer = Buffer.allocUnsafeSlow(initialCapacity);
  }

  /** Makes sure that `extra` more bytes fit behind {@link length}. */
  reserve(extra: number): void {
    if (this.length + extra > this.buffer.length) this.grow(this.length + extra);
  }

  /** Forgets the content and makes room for about `expected` bytes; much larger memory is given back. */
  restart(expected: number): void {
    this.length = 0;
    const capacity = Math.max(expected, this.initialCapacity);
    if (this.buffer.length < capacity || this.buffer.length > 2 * capacity) {
      this.buffer = Buffer.allocUnsafeSlow(capacity);
    }
  }

  /**
   * What was written, in memory of its own: this writer's memory when most of it is used, else a copy. The writer
   * is empty afterwards.
   */
  take(): Buffer {
    const wasteful = this.length < this.buffer.length * 0.75;
    const taken = wasteful ? this.copyOut() : this.buffer.subarray(0, this.length);
    if (!wasteful) this.buffer = NO_MEMORY;
    this.length = 0;
    return taken;
  }

  /** A copy of what was written since `start`, exactly as long as needed. */
  copyOut(start = 0): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.length - start);
    this.buffer.copy(copy, 0, start, this.length);
    return copy;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** Every byte of `source`. */
  bytes(source: Uint8Array): void {
    const size = source.length;
    this.reserve(size);
    if (size > LOOP_LIMIT) {
      this.buffer.set(source, this.length);
      this.length += size;
      return;
    }
    const buffer = this.buffer;
    let at = this.length;
    for (let i = 0; i < size; i++) buffer[at++] = source[i];
    this.length = at;
  }

  /** Bytes `start` to `end` of `source`, which may be this writer's own buffer. */
  range(source: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.length + size > this.buffer.length) {
      const own = source === this.buffer;
      this.grow(this.length + size);
      if (own) source = this.buffer;
    }
    if (size > VIEW_LOOP_LIMIT) {
      source.copy(this.buffer, this.length, start, end);
      this.length += size;
      return;
    }
    const buffer = this.buffer;
    let at = this.length;
    for (let i = start; i < end; i++) buffer[at++] = source[i];
    this.length = at;
  }

  /** One byte per UTF-16 unit; for ASCII strings such as base64. */
  latin1(text: string): void {
    this.reserve(text.length);
    this.length += this.buffer.write(text, this.length, 'latin1');
  }

  /** A whole number in decimal; other numbers (never produced here) as JavaScript prints them. */
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

  /** Milliseconds as seconds: the shortest form, at most three decimals (`1763795400.1`). */
  seconds(milliseconds: number): void {
    // Up to 15 significant digits, the decimal expansion is the shortest form of the double.
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

  /** `AA:BB:..` with the digits of `pairs`. */
  hexWithColons(pairs: Uint8Array, source: Buffer, start: number, end: number): void {
    if (end <= start) return;
    this.reserve((end - start) * 3);
    const buffer = this.buffer;
    let at = this.length;
    for (let i = start; i < end; i++) {
      const pair = 2 * source[i];
      buffer[at] = pairs[pair];
      buffer[at + 1] = pairs[pair + 1];
      buffer[at + 2] = COLON;
      at += 3;
    }
    this.length = at - 1;
  }

  private digits(value: number, count: number): void {
    this.reserve(count);
    const buffer = this.buffer;
    for (let at = this.length + count - 1; at >= this.length; at--) {
      const tenth = (value / 10) | 0;
      buffer[at] = ZERO + value - tenth * 10;
      value = tenth;
    }
    this.length += count;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2, this.initialCapacity));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

function digitCount(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count++;
  return count;
}
