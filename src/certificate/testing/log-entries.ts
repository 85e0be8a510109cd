import { EntryBatchBuilder } from '../entry-batch-builder.js';
import { EntryColumn, type EntryBatch, type IssuerLookup, type LogProtocol } from '../entry-batch.js';

/** One entry as it comes out of a log, for tests: plain and strict, the production decoders are in src/ct-log. */
export interface TestEntry {
  timestamp: number;
  /** Set for a precert_entry. */
  tbs?: Buffer;
  /** Certificate or precertificate. */
  submitted: Buffer;
  /** rfc6962: the ASN.1Cert list without its total; tiled: fingerprints. */
  chain: Buffer;
}

/** What the log says about itself. */
export interface TestHead {
  name?: string;
  url?: string;
  operator?: string;
  type?: LogProtocol;
  firstIndex?: number;
  seen?: number;
  issuers?: IssuerLookup;
}

/** Puts the parts of entries behind each other and notes where they are. */
export function batchOf(entries: readonly TestEntry[], head: TestHead = {}): EntryBatch {
  const builder = new EntryBatchBuilder(entries.length);
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
  const { name = 'Log', url = 'https://log.example', operator = 'Op', type = 'rfc6962' } = head;
  return builder.build({
    source: { name, url, operator, type },
    firstIndex: head.firstIndex ?? 7,
    bytes: Buffer.concat(parts),
    seen: head.seen ?? 1763795400123,
    ...(head.issuers && { issuers: head.issuers }),
  });
}

/** A list of certificates as in extra_data, without the total. */
export function chainOf(...certificates: Buffer[]): Buffer {
  return Buffer.concat(certificates.flatMap((der) => [uint24(der.length), der]));
}

/** The entry of a get-entries response (RFC 6962, 4.6). */
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

/** The entry of a TileLeaf (static-ct-api). */
export function entryOfTileLeaf(tileLeaf: Buffer): TestEntry {
  return takeTileLeaf(new Bytes(tileLeaf, 0));
}

/** All entries of a data tile. */
export function entriesOfTile(tile: Buffer): TestEntry[] {
  const bytes = new Bytes(tile, 0);
  const entries: TestEntry[] = [];
  while (!bytes.isEmpty()) entries.push(takeTileLeaf(bytes));
  return entries;
}

function takeTileLeaf(leaf: Bytes): TestEntry {
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

  isEmpty(): boolean {
    return this.at === this.bytes.length;
  }

  take(size: number): Buffer {
    const part = this.bytes.subarray(this.at, (this.at += size));
    if (part.length !== size) throw new RangeError('truncated test entry');
    return part;
  }

  vector(lengthSize: number): Buffer {
    return this.take(this.take(lengthSize).readUIntBE(0, lengthSize));
  }
}
