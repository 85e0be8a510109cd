import { promisify } from 'node:util';
import { crc32, deflateRaw, gunzip, type ZlibOptions } from 'node:zlib';
import type { CompressedUnits } from './compressed-units.js';

const deflate = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);
const decompress = promisify(gunzip);

/** A header with a field that contains the length of the member (RFC 1952, 2.3.1.1), as many formats of blocks have it. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 8, 0, 0x43, 0x53, 4, 0, 0, 0, 0, 0]);
const LENGTH_AT = 16;
const TRAILER_BYTES = 8;
/** Level 6, the default of zlib, saves 5 % of the octets of lite messages and takes more CPU time. */
const LEVEL = 1;

/**
 * Members of gzip (RFC 1952, 2.2), one after the other, which every reader takes for one file. Each member says how long it is, so a torn
 * end is found without decompressing the file.
 */
export const GZIP_MEMBERS: CompressedUnits = {
  async encode(lines) {
    const body = await deflate(lines, { level: LEVEL });
    const member = Buffer.allocUnsafe(HEADER.length + body.length + TRAILER_BYTES);
    HEADER.copy(member);
    member.writeUInt32LE(member.length, LENGTH_AT);
    body.copy(member, HEADER.length);
    member.writeUInt32LE(crc32(lines), member.length - 8);
    member.writeUInt32LE(lines.length, member.length - 4);
    return member;
  },

  async endOf(file, at) {
    const header = Buffer.alloc(HEADER.length);
    const { bytesRead } = await file.read(header, 0, header.length, at);
    if (bytesRead < header.length || header.compare(HEADER, 0, LENGTH_AT, 0, LENGTH_AT) !== 0)
      return undefined;
    const length = header.readUInt32LE(LENGTH_AT);
    return length < HEADER.length + TRAILER_BYTES ? undefined : at + length;
  },

  isSound: (member) =>
    decompress(member).then(
      () => true,
      () => false,
    ),
};
