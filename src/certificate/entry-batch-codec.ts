import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { CertstreamError } from '../kernel/certstream-error.js';
import { allFingerprints } from './chain-fingerprints.js';
import {
  ENTRY_COLUMNS,
  type EntryBatch,
  EntryColumn,
  type EntryEncoding,
  EntryProblem,
} from './entry-batch.js';
import type { EntryVerification, LogProtocol } from './certificate-message.js';
import { FINGERPRINT_BYTES, IssuerMap, NO_ISSUERS } from './issuer-map.js';
import { decodeLogSource, encodeLogSource } from './log-source-codec.js';
import { LEAF_LEAD_BYTES, PackedRows } from './packed-rows.js';

/** Largest size of a frame in octets. The largest entry of RFC 6962 has 48 MiB: leaf, precertificate and chain. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
export const MAX_FRAME_ENTRIES = 65_536;
/** Largest number of issuers in a frame. A tile names at most 25,600: 256 entries with 100 printed issuers each. */
const MAX_FRAME_ISSUERS = 32_768;

/** Version 1 has no LogID and 0, `unverified`, as `verification`. A frame of it is otherwise a frame of version 2. */
const VERSION = 2;
const OLDEST_VERSION = 1;
const MAGIC = 'CTB';
const HEAD_BYTES = 48;
const ENTRY_BYTES = Float64Array.BYTES_PER_ELEMENT + ENTRY_COLUMNS * Uint32Array.BYTES_PER_ELEMENT;
const ISSUER_HEAD_BYTES = FINGERPRINT_BYTES + 4;
const ENCODINGS: readonly EntryEncoding[] = ['get-entries', 'data-tile'];
const PROTOCOLS: readonly LogProtocol[] = ['rfc6962', 'tiled'];
const VERIFICATIONS: readonly EntryVerification[] = ['unverified', 'verified', 'failed', 'off'];
const MAX_ENTRY_TYPE = 0xffff;
const MAX_TIMESTAMP = 2 ** 64;

/** Offsets of the fields of the head. */
const Head = {
  Version: 3,
  Checksum: 4,
  Total: 8,
  Count: 12,
  FirstIndex: 16,
  Seen: 24,
  Payload: 32,
  Issuers: 36,
  Source: 40,
  Encoding: 44,
  Protocol: 45,
  Verification: 46,
  Reserved: 47,
} as const;

const BIG_ENDIAN = endianness() === 'BE';

/** The octets are not a frame of this version, or a batch is too large for a frame. */
export class EntryBatchFormatError extends CertstreamError {
  constructor(message: string) {
    super('ENTRY_BATCH_FORMAT', message);
  }
}

/**
 * Encodes one {@link EntryBatch} as a frame of octets, which can be stored or sent to another process. All numbers are
 * little-endian.
 *
 * | octets    | type | what                                                                  | bound                        |
 * | --------- | ---- | --------------------------------------------------------------------- | ---------------------------- |
 * | 0         | 3    | `CTB`                                                                 |                              |
 * | 3         | u8   | version of this format                                                | 2; 1 can be read             |
 * | 4         | u32  | CRC-32 of all octets from 8 on                                        |                              |
 * | 8         | u32  | length of the frame                                                   | {@link MAX_FRAME_BYTES}      |
 * | 12        | u32  | number of entries                                                     | {@link MAX_FRAME_ENTRIES}    |
 * | 16        | u64  | `firstIndex`                                                          | 2^53 - 1                     |
 * | 24        | f64  | `seen`                                                                | finite, not negative         |
 * | 32        | u32  | length of the payload                                                 | rest of the frame            |
 * | 36        | u32  | number of issuers                                                     | {@link MAX_FRAME_ISSUERS}    |
 * | 40        | u32  | length of the source                                                  | rest of the frame            |
 * | 44        | u8   | `encoding`: 0 get-entries, 1 data-tile                                |                              |
 * | 45        | u8   | `source.type`: 0 rfc6962, 1 tiled                                     |                              |
 * | 46        | u8   | `verification`: 0 unverified, 1 verified, 2 failed, 3 off             |                              |
 * | 47        | u8   | 0                                                                     |                              |
 * | 48        | f64  | timestamp of each entry                                               | an integer of 0 to 2^64      |
 * |           | u32  | {@link ENTRY_COLUMNS} of each entry, offsets into the payload         | length of the payload        |
 * |           |      | source: name, url, operator, LogID if known, each `u32 length, UTF-8` | rest of the frame            |
 * |           |      | each issuer of a chain once: `fingerprint (32), u32 length, DER`      | rest of the frame            |
 * |           |      | payload: {@link PackedRows}                                           |                              |
 *
 * The checksum covers every part that the decoder does not check otherwise, so a store of frames needs no checksum of its own.
 * Timestamps and table are read as whole arrays, so big-endian hosts swap their octets.
 * @throws EntryBatchFormatError if the batch exceeds a bound.
 */
export function encodeEntryBatch(batch: EntryBatch): Buffer {
  const { count, source } = batch;
  if (count > MAX_FRAME_ENTRIES) throw new EntryBatchFormatError(`${count} entries are too many for a frame`);
  const rows = new PackedRows(batch);
  const sourceBytes = encodeLogSource(source);
  const issuers = namedIssuers(batch);
  const sourceAt = HEAD_BYTES + count * ENTRY_BYTES;
  let at = sourceAt + sourceBytes.length;
  let total = at + rows.length;
  for (const [, der] of issuers) total += ISSUER_HEAD_BYTES + der.length;
  if (total > MAX_FRAME_BYTES) throw new EntryBatchFormatError(`${total} octets are too many for a frame`);
  const frame = Buffer.allocUnsafeSlow(total);
  frame.write(MAGIC, 'latin1');
  frame[Head.Version] = VERSION;
  frame.writeUInt32LE(total, Head.Total);
  frame.writeUInt32LE(count, Head.Count);
  frame.writeBigUInt64LE(BigInt(batch.firstIndex), Head.FirstIndex);
  frame.writeDoubleLE(batch.seen, Head.Seen);
  frame.writeUInt32LE(rows.length, Head.Payload);
  frame.writeUInt32LE(issuers.length, Head.Issuers);
  frame.writeUInt32LE(sourceBytes.length, Head.Source);
  frame[Head.Encoding] = ENCODINGS.indexOf(batch.encoding);
  frame[Head.Protocol] = PROTOCOLS.indexOf(source.type);
  frame[Head.Verification] = VERIFICATIONS.indexOf(batch.verification);
  frame[Head.Reserved] = 0;
  const numbers = viewsOf(frame.buffer, HEAD_BYTES, count);
  numbers.timestamps.set(batch.timestamps);
  numbers.table.set(rows.table);
  swapOnBigEndian(frame.buffer, HEAD_BYTES, count);
  sourceBytes.copy(frame, sourceAt);
  for (const [fingerprint, der] of issuers) {
    at += frame.write(fingerprint, at, 'latin1');
    at = frame.writeUInt32LE(der.length, at);
    at += der.copy(frame, at);
  }
  rows.copyTo(frame, at);
  frame.writeUInt32LE(crc32(frame.subarray(Head.Total)), Head.Checksum);
  return frame;
}

/**
 * Decodes a frame that {@link encodeEntryBatch} made. `bytes` and the issuers are views on the frame, which must not change
 * afterwards. Timestamps and table are copies, because a frame may begin at an unaligned address.
 * @throws EntryBatchFormatError
 */
export function decodeEntryBatch(frame: Buffer): EntryBatch {
  checkFrame(frame);
  const count = frame.readUInt32LE(Head.Count);
  const payloadLength = frame.readUInt32LE(Head.Payload);
  const sourceAt = HEAD_BYTES + count * ENTRY_BYTES;
  const issuersAt = sourceAt + frame.readUInt32LE(Head.Source);
  const payloadAt = frame.length - payloadLength;
  if (count > MAX_FRAME_ENTRIES || issuersAt > payloadAt) throw damaged('its parts exceed the frame');
  const firstIndex = Number(frame.readBigUInt64LE(Head.FirstIndex));
  const seen = frame.readDoubleLE(Head.Seen);
  const encoding = ENCODINGS[frame[Head.Encoding]];
  const type = PROTOCOLS[frame[Head.Protocol]];
  if (!Number.isSafeInteger(firstIndex + count) || !Number.isFinite(seen) || seen < 0) {
    throw damaged('its index or time is out of range');
  }
  const verification = VERIFICATIONS[frame[Head.Verification]];
  if (
    encoding === undefined ||
    type === undefined ||
    verification === undefined ||
    frame[Head.Reserved] !== 0
  )
    throw damaged('its encoding, protocol or verification is unknown');
  const source = decodeLogSource(frame.subarray(sourceAt, issuersAt), type);
  if (source === undefined) throw damaged('its source does not consist of three or four texts');
  const issuers = readIssuers(frame.subarray(issuersAt, payloadAt), frame.readUInt32LE(Head.Issuers));
  const start = frame.byteOffset + HEAD_BYTES;
  const copy = frame.buffer.slice(start, start + count * ENTRY_BYTES);
  swapOnBigEndian(copy, 0, count);
  const { timestamps, table } = viewsOf(copy, 0, count);
  checkRows(timestamps, table, LEAF_LEAD_BYTES[encoding], payloadLength);
  const bytes = frame.subarray(payloadAt);
  return { source, encoding, firstIndex, count, bytes, table, timestamps, seen, issuers, verification };
}

function checkFrame(frame: Buffer): void {
  if (frame.length < HEAD_BYTES || frame.length > MAX_FRAME_BYTES)
    throw damaged('it is too short or too long');
  if (frame.toString('latin1', 0, MAGIC.length) !== MAGIC) throw damaged('it begins with other octets');
  const version = frame[Head.Version];
  if (version < OLDEST_VERSION || version > VERSION) {
    throw new EntryBatchFormatError(
      `the frame of entries has version ${version} of the format; this program reads versions ${OLDEST_VERSION} to ${VERSION}`,
    );
  }
  if (frame.readUInt32LE(Head.Total) !== frame.length)
    throw damaged('its length differs from the length in its head');
  if (crc32(frame.subarray(Head.Total)) !== frame.readUInt32LE(Head.Checksum)) {
    throw damaged('its checksum is wrong');
  }
}

/** Checks that every offset of a row lies in the payload. Only a leaf_input of less than two octets may end before its start. */
function checkRows(timestamps: Float64Array, table: Uint32Array, lead: number, length: number): void {
  for (let i = 0, row = 0; i < timestamps.length; i++, row += ENTRY_COLUMNS) {
    const timestamp = timestamps[i];
    const leafStart = table[row + EntryColumn.TimestampedEntryStart];
    const leafEnd = table[row + EntryColumn.TimestampedEntryEnd];
    const hasLeaf = leafStart > 0 || leafEnd > 0;
    const isSound =
      Number.isInteger(timestamp) &&
      timestamp >= 0 &&
      timestamp <= MAX_TIMESTAMP &&
      table[row + EntryColumn.Type] <= MAX_ENTRY_TYPE &&
      table[row + EntryColumn.Problem] <= EntryProblem.MismatchedExtraData &&
      (!hasLeaf || (leafStart >= lead && leafStart - lead <= leafEnd && leafEnd <= length)) &&
      isWithin(table, row + EntryColumn.CertificateStart, length) &&
      isWithin(table, row + EntryColumn.SubmittedStart, length) &&
      isWithin(table, row + EntryColumn.ChainStart, length);
    if (!isSound) throw damaged(`the row of entry ${i} is invalid`);
  }
}

function isWithin(table: Uint32Array, column: number, length: number): boolean {
  return table[column] <= table[column + 1] && table[column + 1] <= length;
}

/** Returns the known issuers that the chains of a data tile name. */
function namedIssuers(batch: EntryBatch): [string, Buffer][] {
  const named: [string, Buffer][] = [];
  if (batch.encoding === 'get-entries' || batch.issuers.size === 0) return named;
  for (const fingerprint of allFingerprints(batch)) {
    const der = batch.issuers.get(fingerprint);
    if (der !== undefined) named.push([fingerprint, der]);
  }
  if (named.length > MAX_FRAME_ISSUERS) {
    throw new EntryBatchFormatError(`${named.length} issuers are too many for a frame`);
  }
  return named;
}

function readIssuers(section: Buffer, count: number): IssuerMap {
  if (count > MAX_FRAME_ISSUERS) throw damaged('it has too many issuers');
  const certificates = new Map<string, Buffer>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const start = at + ISSUER_HEAD_BYTES;
    const end = start <= section.length ? start + section.readUInt32LE(start - 4) : Infinity;
    if (end > section.length) throw damaged('an issuer exceeds the issuers part');
    certificates.set(section.toString('latin1', at, at + FINGERPRINT_BYTES), section.subarray(start, end));
    at = end;
  }
  if (at !== section.length) throw damaged('octets follow the last issuer');
  return count === 0 ? NO_ISSUERS : new IssuerMap(certificates);
}

function viewsOf(
  buffer: ArrayBufferLike,
  at: number,
  count: number,
): { timestamps: Float64Array; table: Uint32Array } {
  const timestamps = new Float64Array(buffer, at, count);
  return { timestamps, table: new Uint32Array(buffer, at + timestamps.byteLength, count * ENTRY_COLUMNS) };
}

function swapOnBigEndian(buffer: ArrayBufferLike, at: number, count: number): void {
  if (!BIG_ENDIAN) return;
  const { timestamps, table } = viewsOf(buffer, at, count);
  Buffer.from(buffer, timestamps.byteOffset, timestamps.byteLength).swap64();
  Buffer.from(buffer, table.byteOffset, table.byteLength).swap32();
}

function damaged(reason: string): EntryBatchFormatError {
  return new EntryBatchFormatError(`the frame of entries is damaged: ${reason}`);
}
