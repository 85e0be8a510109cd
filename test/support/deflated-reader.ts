import { once } from 'node:events';
import { constants, createInflateRaw } from 'node:zlib';

const RSV1 = 0x40;
const FLUSH_TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/**
 * Reads the Text frames of a server as a client with permessage-deflate does: all compressed messages with one inflater,
 * in order (RFC 7692, 7.2.2).
 */
export class DeflatedReader {
  readonly texts: string[] = [];
  compressed = 0;
  private readonly inflater = createInflateRaw();
  private readonly chunks: Buffer[] = [];

  constructor() {
    this.inflater.on('data', (chunk: Buffer) => this.chunks.push(chunk));
  }

  /** @param bytes whole frames. */
  async read(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const short = bytes[at + 1];
      const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUIntBE(at + 4, 6);
      const payload = bytes.subarray(start, start + length);
      this.texts.push(
        (bytes[at] & RSV1) === 0 ? payload.toString() : (await this.inflate(payload)).toString(),
      );
      at = start + length;
    }
  }

  private async inflate(payload: Buffer): Promise<Buffer> {
    this.compressed++;
    this.inflater.write(payload);
    this.inflater.write(FLUSH_TAIL);
    const failed = once(this.inflater, 'error').then(([error]) => {
      throw error as Error;
    });
    await Promise.race([
      failed,
      new Promise<void>((resolve) => this.inflater.flush(constants.Z_SYNC_FLUSH, resolve)),
    ]);
    failed.catch(() => undefined);
    return Buffer.concat(this.chunks.splice(0));
  }
}
