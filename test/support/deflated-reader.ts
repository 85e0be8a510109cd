import { constants, createInflateRaw } from 'node:zlib';

const RSV1 = 0x40;
const FLUSH_TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/** The members of an `InflateRaw` with which it inflates at once. The documentation of Node.js does not mention them. */
interface SteppedInflate {
  readonly _handle: {
    writeSync(flush: number, ...inputAndOutput: readonly (Uint8Array | number)[]): void;
  };
  readonly _writeState: Uint32Array;
}

/**
 * Reads the Text frames of a server as a client with permessage-deflate does: all compressed messages with one inflater,
 * in order (RFC 7692, 7.2.2).
 */
export class DeflatedReader {
  readonly texts: string[] = [];
  compressed = 0;
  private readonly inflater = createInflateRaw();
  private readonly output = Buffer.alloc(1024 * 1024);
  private failure: Error | undefined;

  constructor() {
    this.inflater.on('error', (error) => (this.failure = error));
  }

  /** @param bytes whole frames. @returns all texts so far. */
  read(bytes: Buffer): readonly string[] {
    for (let at = 0; at < bytes.length;) {
      const short = bytes[at + 1];
      const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUIntBE(at + 4, 6);
      const payload = bytes.subarray(start, start + length);
      this.texts.push((bytes[at] & RSV1) === 0 ? payload.toString() : this.inflate(payload));
      at = start + length;
    }
    return this.texts;
  }

  private inflate(payload: Buffer): string {
    this.compressed++;
    const { _handle: native, _writeState: left } = this.inflater as unknown as SteppedInflate;
    const { output } = this;
    const input = Buffer.concat([payload, FLUSH_TAIL]);
    native.writeSync(constants.Z_SYNC_FLUSH, input, 0, input.length, output, 0, output.length);
    if (this.inflater.destroyed) throw this.failure ?? new Error('the message cannot be inflated');
    if (left[0] === 0 || left[1] > 0) throw new Error('the message is too long for this reader');
    return output.toString('utf8', 0, output.length - left[0]);
  }
}
