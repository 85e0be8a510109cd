import { constants, createDeflateRaw, type DeflateRaw, inflateRawSync } from 'node:zlib';
import { CertstreamError } from '../../kernel/certstream-error.js';

/** The empty stored block at the end of a sync flush without its first three bits (RFC 1979, 2.1): 00 00 ff ff. */
export const FLUSH_TAIL = 4;

/** zlib failed to compress a message. */
export class DeflateError extends CertstreamError {
  constructor(cause?: Error) {
    super('STREAM_DEFLATE', 'zlib could not compress a message', { cause });
  }
}

/** An empty stored block, which zlib does not write twice in a row (RFC 7692, 7.2.3.6). */
const EMPTY_BLOCK = [0, 0, 0, 0xff, 0xff];

/**
 * What this class needs of a `DeflateRaw`. The documentation of Node.js does not mention these members. They are the
 * same in Node.js 20, 22 and 24, and packages that Node.js itself contains depend on them.
 */
interface SteppedDeflate extends DeflateRaw {
  readonly _handle: {
    writeSync(
      flush: number,
      input: Uint8Array,
      inputStart: number,
      inputLength: number,
      output: Uint8Array,
      outputStart: number,
      outputLength: number,
    ): void;
    reset(): void;
  };
  /** Octets that are left in the output and in the input after a write. */
  readonly _writeState: Uint32Array;
}

/**
 * A raw DEFLATE stream (RFC 1951) with a window of 32 KiB, which compresses octets at once, without the thread pool. A
 * `deflateRawSync` for each message is slower, because it allocates and clears a window each time.
 */
export class RawDeflate {
  private static isProven: boolean | undefined;

  /** Whether this Node.js has what the class needs. The first call compresses two short texts and checks the result. */
  static get isAvailable(): boolean {
    return (RawDeflate.isProven ??= works(createDeflateRaw));
  }

  private readonly stream: SteppedDeflate;
  private failure: Error | undefined;

  /** @param level of zlib, 1 to 9. */
  constructor(level: number, create: typeof createDeflateRaw = createDeflateRaw) {
    this.stream = create({ level }) as SteppedDeflate;
    this.stream.on('error', (error) => (this.failure = error));
  }

  /** Returns an upper bound on the number of octets that {@link write} makes of `length` octets. */
  static bound(length: number): number {
    return length + (length >>> 3) + 64;
  }

  /**
   * Compresses `source[start, end)` into whole octets of `target` from `offset` on, where {@link bound} octets must be
   * free. The result ends with the octets 00 00 ff ff (a sync flush), so a client can inflate all of it.
   * @returns the number of octets written.
   * @throws DeflateError when zlib fails. The stream is useless after that.
   */
  write(source: Uint8Array, start: number, end: number, target: Uint8Array, offset: number): number {
    const room = RawDeflate.bound(end - start);
    const { _handle: native, _writeState: left } = this.stream;
    if (this.failure !== undefined || this.stream.destroyed) throw new DeflateError(this.failure);
    if (start === end) {
      target.set(EMPTY_BLOCK, offset);
      return EMPTY_BLOCK.length;
    }
    native.writeSync(constants.Z_SYNC_FLUSH, source, start, end - start, target, offset, room);
    const [free, unread] = left;
    // Without free room, zlib may hold back a part of the result.
    if (this.stream.destroyed || unread > 0 || free === 0) throw new DeflateError(this.failure);
    return room - free;
  }

  /** Forgets the window: what is written after that does not refer to anything before. */
  reset(): void {
    const { _handle: native } = this.stream;
    native.reset();
  }

  /** Frees the memory. */
  close(): void {
    this.stream.close();
  }
}

/** Whether a stream compresses in steps that an ordinary inflater understands. */
export function works(create: typeof createDeflateRaw): boolean {
  try {
    const deflate = new RawDeflate(1, create);
    const text = Buffer.from('certificate,certificate;');
    const target = Buffer.alloc(3 * RawDeflate.bound(text.length));
    let end = deflate.write(text, 0, 12, target, 0);
    end += deflate.write(text, 12, 24, target, end);
    deflate.reset();
    end += deflate.write(text, 0, 12, target, end);
    deflate.close();
    const inflated = inflateRawSync(target.subarray(0, end), { finishFlush: constants.Z_SYNC_FLUSH });
    return inflated.toString() === `${text.toString()}certificate,`;
  } catch {
    return false;
  }
}
