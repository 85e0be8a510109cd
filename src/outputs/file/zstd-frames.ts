import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { CompressedUnits } from './compressed-units.js';

type Transform = (octets: Buffer, options?: object) => Promise<Buffer>;

/** The functions of Node 22.15 and later. */
const { zstdCompress, zstdDecompress, constants } = zlib as unknown as {
  readonly zstdCompress?: (...parameters: never[]) => void;
  readonly zstdDecompress?: (...parameters: never[]) => void;
  readonly constants: { readonly ZSTD_c_checksumFlag: number };
};
const compress = zstdCompress && (promisify(zstdCompress) as Transform);
const decompress = zstdDecompress && (promisify(zstdDecompress) as Transform);

/** Whether this version of Node has zstd. */
export const HAS_ZSTD = compress !== undefined;

const MAGIC = 0xfd2fb528;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const RLE_BLOCK = 1;

/** Frames of zstd (RFC 8878, 3.1), one after the other, which every reader takes for one file. Each frame has a checksum. */
export const ZSTD_FRAMES: CompressedUnits = {
  encode: (lines) => compress!(lines, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),

  async endOf(file, at) {
    const head = await octets(file, at, 5);
    if (head?.readUInt32LE(0) !== MAGIC) return undefined;
    const descriptor = head[4];
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const contentSize = descriptor >> 6;
    let next = at + head.length + (isSingleSegment ? 0 : 1);
    next += DICTIONARY_ID_BYTES[descriptor & 3];
    next += contentSize === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[contentSize];
    for (let isLast = false; !isLast;) {
      const block = (await octets(file, next, 3))?.readUIntLE(0, 3);
      if (block === undefined) return undefined;
      isLast = (block & 1) === 1;
      next += 3 + (((block >> 1) & 3) === RLE_BLOCK ? 1 : block >> 3);
    }
    return next + ((descriptor & 4) === 0 ? 0 : 4);
  },

  async isSound(frame) {
    if (decompress === undefined) return true;
    return decompress(frame).then(
      () => true,
      () => false,
    );
  },
};

async function octets(file: FileHandle, at: number, count: number): Promise<Buffer | undefined> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, at);
  return bytesRead < count ? undefined : buffer;
}
