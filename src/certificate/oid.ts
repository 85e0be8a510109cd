import type { ByteWriter } from './byte-writer.js';

/** Largest number of 7-bit groups of an arc. 128-bit UUID arcs (X.667) fit; longer arcs are not in use. */
const MAX_ARC_OCTETS = 20;
/** Largest number of groups that a double represents exactly. */
const MAX_EXACT_OCTETS = 7;
/** Size of 2.5.29.x with x below 128. */
const ID_CE_SIZE = 3;

/** Returns the contents octets of an OBJECT IDENTIFIER (X.690, 8.19) for its dotted form with arcs below 2^31. */
export function encodeOid(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc & 0x7f];
    for (let high = arc >>> 7; high > 0; high >>>= 7) groups.unshift((high & 0x7f) | 0x80);
    octets.push(...groups);
  }
  return Buffer.from(octets);
}

/** Maps OBJECT IDENTIFIERs to numbers. A look-up makes no string. */
export class OidTable {
  /** Values for 2.5.29.x by the last octet. These OIDs, certificate extensions, are looked up most often. */
  private readonly idCe = new Int16Array(256).fill(-1);
  private readonly buckets: { readonly oid: Buffer; readonly value: number }[][] = [];

  constructor(entries: Iterable<readonly [dotted: string, value: number]>) {
    for (let i = 0; i < 256; i++) this.buckets.push([]);
    for (const [dotted, value] of entries) {
      const oid = encodeOid(dotted);
      this.buckets[bucketOf(oid, 0, oid.length)].push({ oid, value });
      if (oid.length === ID_CE_SIZE && oid[0] === 0x55 && oid[1] === 0x1d) this.idCe[oid[2]] = value;
    }
  }

  /** Returns the value for the contents octets `bytes[start, end)`, or -1. */
  find(bytes: Buffer, start: number, end: number): number {
    if (end <= start) return -1;
    if (end - start === ID_CE_SIZE && bytes[start] === 0x55 && bytes[start + 1] === 0x1d) {
      return this.idCe[bytes[start + 2]];
    }
    const bucket = this.buckets[bucketOf(bytes, start, end)];
    const size = end - start;
    next: for (let i = 0; i < bucket.length; i++) {
      const oid = bucket[i].oid;
      if (oid.length !== size) continue;
      for (let k = 0; k < size; k++) if (oid[k] !== bytes[start + k]) continue next;
      return bucket[i].value;
    }
    return -1;
  }
}

function bucketOf(bytes: Buffer, start: number, end: number): number {
  return ((end - start) * 37 + bytes[end - 1] * 3) & 0xff;
}

/** Writes the dotted form. @returns false if the contents octets are malformed; part of the text may be written then. */
export function writeOid(out: ByteWriter, bytes: Buffer, start: number, end: number): boolean {
  if (end <= start || (bytes[end - 1] & 0x80) !== 0) return false;
  let arcStart = start;
  for (let i = start; i < end; i++) {
    if ((bytes[i] & 0x80) !== 0) continue;
    if (!writeArc(out, bytes, arcStart, i + 1, arcStart === start)) return false;
    arcStart = i + 1;
  }
  return true;
}

function writeArc(out: ByteWriter, bytes: Buffer, start: number, end: number, first: boolean): boolean {
  if (end - start > MAX_ARC_OCTETS) return false;
  if (!first) out.byte(0x2e);
  if (end - start > MAX_EXACT_OCTETS) return writeLongArc(out, bytes, start, end, first);
  let arc = 0;
  for (let i = start; i < end; i++) arc = arc * 128 + (bytes[i] & 0x7f);
  if (first) {
    const root = Math.min(2, Math.floor(arc / 40));
    out.integer(root);
    out.byte(0x2e);
    arc -= root * 40;
  }
  out.integer(arc);
  return true;
}

function writeLongArc(out: ByteWriter, bytes: Buffer, start: number, end: number, first: boolean): boolean {
  let arc = 0n;
  for (let i = start; i < end; i++) arc = arc * 128n + BigInt(bytes[i] & 0x7f);
  if (first && arc < 80n) return false;
  out.latin1(first ? `2.${arc - 80n}` : String(arc));
  return true;
}
