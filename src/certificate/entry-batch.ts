import type { IssuerMap } from './issuer-map.js';

/** Protocol of a CT log as it appears in `source.type`: RFC 6962 or static-ct-api ("tiled"). */
export type LogProtocol = 'rfc6962' | 'tiled';

/** What a message says about the log an entry came from (`data.source`). */
export interface LogSource {
  /** `description` of the log list. */
  readonly name: string;
  /** Base URL with scheme, without trailing slash; the monitoring URL for tiled logs. */
  readonly url: string;
  readonly operator: string;
  readonly type: LogProtocol;
}

/**
 * How entries are laid out in {@link EntryBatch.bytes}. It is not the log's protocol: an RFC 6962 log may serve data
 * tiles as well.
 *
 * - `get-entries`: the MerkleTreeLeaf of an answer to get-entries (RFC 6962, 4.6), whose first two octets are in front of
 *   the TimestampedEntry, and an ASN.1Cert list as chain.
 * - `data-tile`: a TileLeaf (static-ct-api), which has no octets in front of the TimestampedEntry, and fingerprints of
 *   {@link EntryBatch.issuers} as chain.
 */
export type EntryEncoding = 'get-entries' | 'data-tile';

/** LogEntryType (RFC 6962, 3.1). */
export const LogEntryType = { X509Entry: 0, PrecertEntry: 1 } as const;

/** Columns of {@link EntryBatch.table}; all positions are byte offsets into {@link EntryBatch.bytes}. */
export const EntryColumn = {
  /** A {@link LogEntryType}; any other value is an entry type that RFC 6962 does not define. */
  Type: 0,
  /** TimestampedEntry without the two leading MerkleTreeLeaf bytes: timestamp .. extensions (RFC 6962, 3.4). */
  TimestampedEntryStart: 1,
  TimestampedEntryEnd: 2,
  /** The DER to read fields from: the certificate, or the TBSCertificate of a precert_entry. */
  CertificateStart: 3,
  CertificateEnd: 4,
  /** The submitted DER, which is hashed and published as `as_der`: certificate or precertificate. */
  SubmittedStart: 5,
  SubmittedEnd: 6,
  /**
   * get-entries: `u24 length | DER` repeated; entries with the same chain may have it in common. data-tile: 32-byte
   * fingerprints one after the other.
   */
  ChainStart: 7,
  ChainEnd: 8,
  /** An {@link EntryProblem}. */
  Problem: 9,
} as const;

/** Number of columns, that is the stride of {@link EntryBatch.table}. */
export const ENTRY_COLUMNS = 10;

/** Why parts of an entry could not be located. Such an entry is still streamed, with `parse_error`. */
export const EntryProblem = {
  None: 0,
  /** The MerkleTreeLeaf is truncated, has trailing bytes or an unknown version or leaf type. */
  MalformedLeaf: 1,
  /** The leaf is fine, the chain (and for a precertificate the submitted DER) is not. */
  MalformedExtraData: 2,
  /** An entry type other than 0 and 1. */
  UnknownEntryType: 3,
  /** The chain or the submitted precertificate is not of the leaf, and was left out. */
  MismatchedExtraData: 4,
} as const;

/**
 * Consecutive entries of one log: one get-entries page or one data tile, located but not parsed.
 * Immutable once published; `bytes` may be shared with the HTTP response it came from and is never reused.
 */
export interface EntryBatch {
  readonly source: LogSource;
  readonly encoding: EntryEncoding;
  /** Log index of the first entry. */
  readonly firstIndex: number;
  readonly count: number;
  readonly bytes: Buffer;
  /** `count * ENTRY_COLUMNS` values. */
  readonly table: Uint32Array;
  /** TimestampedEntry.timestamp of each entry, milliseconds since the epoch. */
  readonly timestamps: Float64Array;
  /** Wall clock when the entries were received, milliseconds since the epoch. */
  readonly seen: number;
  /**
   * The issuers that the chains of data tiles name; empty for get-entries. An issuer that was unavailable is missing: the
   * chain ends there.
   */
  readonly issuers: IssuerMap;
}

/**
 * How a published batch relates to those of the same log before it. `next`: its entries follow the last `next` batch. `again`: its
 * entries were published before with other content and are corrected. `late`: its entries come from a gap.
 */
export type RecordKind = 'next' | 'again' | 'late';

/** Octets of memory that a batch keeps in use: its entries and its issuers. */
export function memoryOf({ bytes, issuers }: EntryBatch): number {
  return bytes.length + issuers.bytes;
}
