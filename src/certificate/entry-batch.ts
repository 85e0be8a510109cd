import type { EntryVerification, LogProtocol } from './certificate-message.js';
import type { IssuerMap } from './issuer-map.js';

/** The log of an entry, as messages describe it in `data.source`. */
export interface LogSource {
  /** `description` in the log list. */
  readonly name: string;
  /** Base URL with scheme and without trailing slash; for tiled logs the monitoring URL. */
  readonly url: string;
  readonly operator: string;
  readonly type: LogProtocol;
  /** LogID (RFC 6962, 3.2) in base64: the SHA-256 of the log's key. Absent if the key is unknown. */
  readonly logId?: string;
}

/**
 * Layout of entries in {@link EntryBatch.bytes}. It is not the protocol of the log: an RFC 6962 log may also serve data
 * tiles.
 *
 * - `get-entries`: a MerkleTreeLeaf from a get-entries response (RFC 6962, 4.6), in which two octets precede the
 *   TimestampedEntry. The chain is an ASN.1Cert list.
 * - `data-tile`: a TileLeaf (static-ct-api), in which no octets precede the TimestampedEntry. The chain is a list of
 *   fingerprints, which are keys of {@link EntryBatch.issuers}.
 */
export type EntryEncoding = 'get-entries' | 'data-tile';

/** LogEntryType (RFC 6962, 3.1). */
export const LogEntryType = { X509Entry: 0, PrecertEntry: 1 } as const;

/** Columns of {@link EntryBatch.table}; all positions are byte offsets into {@link EntryBatch.bytes}. */
export const EntryColumn = {
  /** A {@link LogEntryType}, or another value for an entry type that RFC 6962 does not define. */
  Type: 0,
  /** TimestampedEntry, from timestamp to extensions, without the two leading octets of the MerkleTreeLeaf (RFC 6962, 3.4). */
  TimestampedEntryStart: 1,
  TimestampedEntryEnd: 2,
  /** The DER to read fields from: the certificate, or the TBSCertificate of a precert_entry. */
  CertificateStart: 3,
  CertificateEnd: 4,
  /** The submitted DER, which is hashed and published as `as_der`: certificate or precertificate. */
  SubmittedStart: 5,
  SubmittedEnd: 6,
  /**
   * get-entries: repeated `u24 length | DER`; entries with the same chain may share its octets. data-tile: consecutive
   * 32-byte fingerprints.
   */
  ChainStart: 7,
  ChainEnd: 8,
  /** An {@link EntryProblem}. */
  Problem: 9,
} as const;

/** Number of columns and thus the stride of {@link EntryBatch.table}. */
export const ENTRY_COLUMNS = 10;

/** Why parts of an entry could not be located. Such an entry is still streamed, with `parse_error`. */
export const EntryProblem = {
  None: 0,
  /** The MerkleTreeLeaf is truncated, has trailing bytes or an unknown version or leaf type. */
  MalformedLeaf: 1,
  /** The leaf is well-formed, but the chain (or the submitted precertificate) is malformed. */
  MalformedExtraData: 2,
  /** An entry type other than 0 and 1. */
  UnknownEntryType: 3,
  /** The chain or the submitted precertificate does not belong to the leaf and was left out. */
  MismatchedExtraData: 4,
} as const;

/**
 * Consecutive entries of one log, located but not parsed: one get-entries page or one data tile. A published batch is
 * immutable. `bytes` may be the memory of the HTTP response and is never reused.
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
  /** Wall-clock time at which the entries were received, in milliseconds since the epoch. */
  readonly seen: number;
  /**
   * The issuers that the chains of data tiles name; empty for get-entries. Unavailable issuers are absent; a chain ends
   * before its first absent issuer.
   */
  readonly issuers: IssuerMap;
  readonly verification: EntryVerification;
}

/** The place of a batch in the journal: entry `i` of the batch is entry `offset + i` of the record `seq`. */
export interface BatchPlace {
  readonly seq: number;
  readonly offset: number;
}

/**
 * Relation of a published batch to the earlier batches of the same log. `next`: its entries follow the last `next` batch.
 * `again`: its entries were published before with other content and are now corrected. `late`: its entries fill a gap.
 */
export type RecordKind = 'next' | 'again' | 'late';

/** Returns the octets of memory that a batch keeps alive: its entries and its issuers. */
export function memoryOf({ bytes, issuers }: EntryBatch): number {
  return bytes.length + issuers.bytes;
}
