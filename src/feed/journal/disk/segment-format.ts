import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { RecordKind } from '../../../certificate/entry-batch.js';
import { JournalError } from '../journal-error.js';

/*
 * A segment consists of a header and records. All numbers are little-endian.
 *
 *   header   0 magic (8) | 8 version (4) | 12 mark (4) | 16 seed (4) | 20 epoch (8) | 28 first seq (6)
 *            34 run (6) | 40 zeros | 60 CRC-32 (4)
 *   record   0 mark (4) | 4 CRC-32 (4) | 8 length of the payload (4) | 12 kind (1) | 13 zero | 14 seq (6) | 20 time (6) | 26 payload
 *
 * Each segment has a random mark and a random seed. So a certificate cannot contain octets that pass for a record, even if an
 * attacker chose them. The CRC-32 of a record starts with the seed and covers all octets after the CRC-32. The CRC-32 of the
 * header is at the same place in every version.
 */
const MAGIC = Buffer.from('CTJOURNL', 'latin1');
/** Changes with the format of segments. Payloads have a version of their own. */
const VERSION = 1;
const KINDS: readonly RecordKind[] = ['next', 'again', 'late'];
const CHECKED_FROM = 8;

export const HEADER_BYTES = 64;
export const RECORD_HEAD_BYTES = 26;
/** Maximum size of a payload, octets. The record of an ordinary page has a hundredth of it. */
export const MAX_PAYLOAD_BYTES = 64 * 2 ** 20;

export interface SegmentHeader {
  /** 16 hexadecimal digits. */
  readonly epoch: string;
  /** No record of the segment has a lower number. */
  readonly first: number;
  /** Number of the run of the server that wrote the segment. */
  readonly run: number;
  /** The first four octets of each record. */
  readonly mark: Buffer;
  readonly seed: number;
}

/** A stored record. The payload is the batch as encoded by the codec. */
export interface StoredRecord {
  readonly seq: number;
  readonly kind: RecordKind;
  /** Wall clock when it was appended, milliseconds since the epoch. */
  readonly time: number;
  readonly payload: Buffer;
}

/** A record and its place in the searched octets. */
export interface FoundRecord extends StoredRecord {
  readonly start: number;
  readonly end: number;
}

/** The octets do not suffice: the caller must search again from `start` on, with at least `needed` octets. */
export interface NeedsMore {
  readonly start: number;
  readonly needed: number;
}

export function newHeader(epoch: string, run: number, first: number): SegmentHeader {
  return { epoch, run, first, mark: randomBytes(4), seed: randomBytes(4).readUInt32LE() };
}

export function formatHeader({ epoch, run, first, mark, seed }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 8);
  mark.copy(bytes, 12);
  bytes.writeUInt32LE(seed, 16);
  bytes.write(epoch, 20, 'hex');
  bytes.writeUIntLE(first, 28, 6);
  bytes.writeUIntLE(run, 34, 6);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
  return bytes;
}

/**
 * @param bytes the first {@link HEADER_BYTES} of a file, or fewer if it has no more.
 * @param path path of the file, for the error.
 * @throws JournalError `JOURNAL_OTHER_VERSION`, or `JOURNAL_DAMAGED` if the octets are not a header.
 */
export function parseHeader(bytes: Buffer, path: string): SegmentHeader {
  const isWhole = bytes.length >= HEADER_BYTES && bytes.subarray(0, MAGIC.length).equals(MAGIC);
  if (!isWhole || crc32(bytes.subarray(0, HEADER_BYTES - 4)) !== bytes.readUInt32LE(HEADER_BYTES - 4))
    throw new JournalError(
      'JOURNAL_DAMAGED',
      path,
      'this is not a segment of a journal, or its header is damaged',
    );
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) {
    const reason = `this segment has version ${version} of the format, and this server reads version ${VERSION}`;
    throw new JournalError('JOURNAL_OTHER_VERSION', path, reason);
  }
  return {
    epoch: bytes.toString('hex', 20, 28),
    first: bytes.readUIntLE(28, 6),
    run: bytes.readUIntLE(34, 6),
    mark: Buffer.from(bytes.subarray(12, 16)),
    seed: bytes.readUInt32LE(16),
  };
}

/** Returns the octets before the payload of a record. */
export function formatRecordHead({ mark, seed }: SegmentHeader, record: StoredRecord): Buffer {
  const head = Buffer.alloc(RECORD_HEAD_BYTES);
  mark.copy(head);
  head.writeUInt32LE(record.payload.length, 8);
  head[12] = KINDS.indexOf(record.kind);
  head.writeUIntLE(record.seq, 14, 6);
  head.writeUIntLE(record.time, 20, 6);
  head.writeUInt32LE(crc32(record.payload, crc32(head.subarray(CHECKED_FROM), seed)), 4);
  return head;
}

/**
 * Finds the first whole record that begins at or after `from`, and skips damaged octets.
 * @param bytes part of a segment, after its header.
 * @param left octets of the segment from the start of `bytes` on, at least `bytes.length`.
 * @returns undefined when no record follows.
 */
export function findRecord(
  { mark, seed, first }: SegmentHeader,
  bytes: Buffer,
  from: number,
  left: number,
): FoundRecord | NeedsMore | undefined {
  for (let start = bytes.indexOf(mark, from); start >= 0; start = bytes.indexOf(mark, start + 1)) {
    if (start + RECORD_HEAD_BYTES > left) return undefined;
    if (start + RECORD_HEAD_BYTES > bytes.length) return { start, needed: RECORD_HEAD_BYTES };
    const length = bytes.readUInt32LE(start + 8);
    const payloadStart = start + RECORD_HEAD_BYTES;
    const end = payloadStart + length;
    const kind = KINDS.at(bytes[start + 12]);
    const seq = bytes.readUIntLE(start + 14, 6);
    if (length > MAX_PAYLOAD_BYTES || end > left || kind === undefined || seq < first) continue;
    if (end > bytes.length) return { start, needed: end - start };
    if (crc32(bytes.subarray(start + CHECKED_FROM, end), seed) !== bytes.readUInt32LE(start + 4)) continue;
    const time = bytes.readUIntLE(start + 20, 6);
    return { start, end, seq, kind, time, payload: bytes.subarray(payloadStart, end) };
  }
  if (bytes.length >= left) return undefined;
  const start = Math.max(from, bytes.length - mark.length + 1);
  return { start, needed: Math.min(RECORD_HEAD_BYTES, left - start) };
}
