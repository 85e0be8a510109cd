import { extraData, tileLeafTail, uint } from './log-entry.js';
import type { LogEntryType, RawEntry } from './log-entry.js';

/** A raw entry with both forms. A part that cannot be derived is empty. */
export interface CompleteRawEntry {
  readonly type: LogEntryType;
  readonly timestamp: number;
  readonly leafInput: Buffer;
  readonly extraData: Buffer;
  readonly tileLeaf: Buffer;
  readonly submittedDer: Buffer;
  readonly chain: readonly Buffer[];
}

interface Cursor {
  readonly bytes: Buffer;
  offset: number;
}

const NOTHING = Buffer.alloc(0);

/**
 * Derives the missing form of an entry: fingerprints from the chain, or the chain from fingerprints.
 * @param findIssuer returns an issuer by the hex of its SHA-256. A chain ends at the first unknown issuer.
 */
export function completeRawEntry(
  raw: RawEntry,
  findIssuer: (hex: string) => Buffer | undefined,
): CompleteRawEntry {
  const leafInput = raw.leafInput ?? leafInputOf(raw.tileLeaf ?? NOTHING);
  const header = { type: entryType(leafInput), timestamp: timestampOf(leafInput) };
  const parts = submittedParts(raw, leafInput, header.type, findIssuer);
  return {
    ...header,
    leafInput,
    extraData: raw.extraData ?? (leafInput.length > 0 ? extraData({ ...header, ...parts }) : NOTHING),
    tileLeaf: raw.tileLeaf ?? tileLeafOf(leafInput, { ...header, ...parts }),
    ...parts,
  };
}

function submittedParts(
  raw: RawEntry,
  leafInput: Buffer,
  type: LogEntryType,
  findIssuer: (hex: string) => Buffer | undefined,
): { submittedDer: Buffer; chain: readonly Buffer[] } {
  try {
    if (raw.extraData) return partsOfExtraData(leafInput, type, raw.extraData);
    return partsOfTileLeaf(leafInput, type, raw.tileLeaf ?? NOTHING, findIssuer);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { submittedDer: NOTHING, chain: [] };
  }
}

function partsOfExtraData(leafInput: Buffer, type: LogEntryType, bytes: Buffer) {
  const cursor = { bytes, offset: 0 };
  const submittedDer = type === 'precert_entry' ? take(cursor, 3) : take({ bytes: leafInput, offset: 12 }, 3);
  const list = { bytes: take(cursor, 3), offset: 0 };
  const chain: Buffer[] = [];
  while (list.offset < list.bytes.length) chain.push(take(list, 3));
  return { submittedDer, chain };
}

function partsOfTileLeaf(
  leafInput: Buffer,
  type: LogEntryType,
  tileLeaf: Buffer,
  findIssuer: (hex: string) => Buffer | undefined,
) {
  const cursor = { bytes: tileLeaf, offset: timestampedEntryEnd(tileLeaf) };
  const submittedDer = type === 'precert_entry' ? take(cursor, 3) : take({ bytes: leafInput, offset: 12 }, 3);
  const prints = take(cursor, 2);
  const chain: Buffer[] = [];
  for (let offset = 0; offset < prints.length; offset += 32) {
    const issuer = findIssuer(prints.toString('hex', offset, offset + 32));
    if (!issuer) break;
    chain.push(issuer);
  }
  return { submittedDer, chain };
}

/** Returns the MerkleTreeLeaf of a TileLeaf: two zero bytes and its TimestampedEntry; empty when there is none. */
function leafInputOf(tileLeaf: Buffer): Buffer {
  try {
    return Buffer.concat([uint(0, 2), tileLeaf.subarray(0, timestampedEntryEnd(tileLeaf))]);
  } catch (error) {
    if (error instanceof RangeError) return NOTHING;
    throw error;
  }
}

function tileLeafOf(leafInput: Buffer, parts: Parameters<typeof tileLeafTail>[0]): Buffer {
  return leafInput.length < 12 ? NOTHING : Buffer.concat([leafInput.subarray(2), tileLeafTail(parts)]);
}

/** Returns the offset after the extensions of the TimestampedEntry at the start of `bytes`. */
function timestampedEntryEnd(bytes: Buffer): number {
  const cursor = { bytes, offset: 8 + 2 + (bytes.readUInt16BE(8) === 1 ? 32 : 0) };
  take(cursor, 3);
  take(cursor, 2);
  return cursor.offset;
}

export function entryType(leafInput: Buffer): LogEntryType {
  return leafInput.length >= 12 && leafInput.readUInt16BE(10) === 1 ? 'precert_entry' : 'x509_entry';
}

function timestampOf(leafInput: Buffer): number {
  return leafInput.length >= 10 ? Number(leafInput.readBigUInt64BE(2)) : 0;
}

/** Reads a vector with a length prefix of `lengthBytes`. @throws RangeError when it is incomplete. */
function take(cursor: Cursor, lengthBytes: 2 | 3): Buffer {
  const start = cursor.offset + lengthBytes;
  const end = start + cursor.bytes.readUIntBE(cursor.offset, lengthBytes);
  if (end > cursor.bytes.length) throw new RangeError(`vector ends at ${end} of ${cursor.bytes.length}`);
  cursor.offset = end;
  return cursor.bytes.subarray(start, end);
}
