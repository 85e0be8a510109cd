import { EntryBatchBuilder } from '../entry-batch-builder.js';
import { allFingerprints, type DataTileRows } from '../chain-fingerprints.js';
import { EntryColumn, type EntryBatch, type EntryEncoding } from '../entry-batch.js';
import type { LogProtocol } from '../certificate-message.js';
import { IssuerMap } from '../issuer-map.js';

/** One entry of a log, for tests. The decoders in this file are simple and strict; those for production are in src/ct-log. */
export interface TestEntry {
  timestamp: number;
  /** TBSCertificate; present for a precert_entry only. */
  tbs?: Buffer;
  /** Certificate or precertificate. */
  submitted: Buffer;
  /** get-entries: the ASN.1Cert list without its total; data-tile: fingerprints. */
  chain: Buffer;
}

/** Description of the log and of the batch. */
export interface TestHead {
  name?: string;
  url?: string;
  operator?: string;
  logId?: string;
  type?: LogProtocol;
  firstIndex?: number;
  seen?: number;
  /** Default: the encoding of the protocol of the log. */
  encoding?: EntryEncoding;
  issuers?: IssuerMap;
}

/** Concatenates the parts of entries and builds a batch with their offsets. */
export function batchOf(entries: readonly TestEntry[], head: TestHead = {}): EntryBatch {
  const { name = 'Log', url = 'https://log.example', operator = 'Op', type = 'rfc6962' } = head;
  const { encoding = type === 'tiled' ? 'data-tile' : 'get-entries' } = head;
  const builder = new EntryBatchBuilder(encoding, entries.length);
  const parts: Buffer[] = [];
  let length = 0;
  const put = (row: number, column: number, part: Buffer): void => {
    builder.table[row + column] = length;
    parts.push(part);
    length += part.length;
    builder.table[row + column + 1] = length;
  };
  for (const { timestamp, tbs, submitted, chain } of entries) {
    const row = builder.add(timestamp);
    builder.table[row + EntryColumn.Type] = tbs === undefined ? 0 : 1;
    put(row, EntryColumn.SubmittedStart, submitted);
    if (tbs === undefined) {
      builder.table[row + EntryColumn.CertificateStart] = builder.table[row + EntryColumn.SubmittedStart]!;
      builder.table[row + EntryColumn.CertificateEnd] = builder.table[row + EntryColumn.SubmittedEnd]!;
    } else put(row, EntryColumn.CertificateStart, tbs);
    put(row, EntryColumn.ChainStart, chain);
  }
  return builder.build({
    source: { name, url, operator, type, ...(head.logId !== undefined && { logId: head.logId }) },
    firstIndex: head.firstIndex ?? 7,
    bytes: Buffer.concat(parts),
    seen: head.seen ?? 1763795400123,
    issuers: head.issuers,
  });
}

/** Returns the certificates that the chains name. @param find looks up a certificate by its hexadecimal SHA-256 */
export function issuersOf(rows: DataTileRows, find: (sha256: string) => Buffer | undefined): IssuerMap {
  const found = new Map<string, Buffer>();
  for (const fingerprint of allFingerprints(rows)) {
    const der = find(Buffer.from(fingerprint, 'latin1').toString('hex'));
    if (der !== undefined) found.set(fingerprint, der);
  }
  return new IssuerMap(found);
}

/** Returns certificates by made-up fingerprints: the key of a certificate, an octet, repeated 32 times. */
export function issuersByOctet(certificates: Readonly<Record<number, Buffer>>): IssuerMap {
  const keyed = Object.entries(certificates).map(
    ([octet, der]) => [Buffer.alloc(32, Number(octet)).toString('latin1'), der] as const,
  );
  return new IssuerMap(new Map(keyed));
}

/** Encodes a list of certificates as in extra_data but without the total length. */
export function chainOf(...certificates: Buffer[]): Buffer {
  return Buffer.concat(certificates.flatMap((der) => [uint24(der.length), der]));
}

/** Decodes an entry of a get-entries response (RFC 6962, 4.6). */
export function entryOfPage(leafInput: Buffer, extraData: Buffer): TestEntry {
  const leaf = new Bytes(leafInput, 2);
  const timestamp = Number(leaf.take(8).readBigUInt64BE());
  const extra = new Bytes(extraData, 0);
  if (leaf.take(2).readUInt16BE() === 0) {
    return { timestamp, submitted: leaf.vector(3), chain: extra.vector(3) };
  }
  leaf.take(32);
  return { timestamp, tbs: leaf.vector(3), submitted: extra.vector(3), chain: extra.vector(3) };
}

/** Decodes a TileLeaf (static-ct-api). */
export function entryOfTileLeaf(tileLeaf: Buffer): TestEntry {
  const leaf = new Bytes(tileLeaf, 0);
  const timestamp = Number(leaf.take(8).readBigUInt64BE());
  if (leaf.take(2).readUInt16BE() === 0) {
    const submitted = leaf.vector(3);
    leaf.vector(2);
    return { timestamp, submitted, chain: leaf.vector(2) };
  }
  leaf.take(32);
  const tbs = leaf.vector(3);
  leaf.vector(2);
  return { timestamp, tbs, submitted: leaf.vector(3), chain: leaf.vector(2) };
}

function uint24(value: number): Buffer {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntBE(value, 0, 3);
  return bytes;
}

class Bytes {
  constructor(
    private readonly bytes: Buffer,
    private at: number,
  ) {}

  take(size: number): Buffer {
    const part = this.bytes.subarray(this.at, (this.at += size));
    if (part.length !== size) throw new RangeError('truncated test entry');
    return part;
  }

  vector(lengthSize: number): Buffer {
    return this.take(this.take(lengthSize).readUIntBE(0, lengthSize));
  }
}
