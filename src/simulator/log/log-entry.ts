import { hash } from 'node:crypto';

/** LogEntryType (RFC 6962, 3.1). */
export type LogEntryType = 'x509_entry' | 'precert_entry';

/** A submission. It is the same for every log and index, and all its buffers may be shared. */
export interface Submission {
  readonly type: LogEntryType;
  /** `entry_type | signed_entry`: the TimestampedEntry without timestamp and extensions (RFC 6962, 3.4). */
  readonly signedEntry: Buffer;
  /** The certificate, or the precertificate with poison and signature. */
  readonly submittedDer: Buffer;
  /** Issuer of the submitted certificate first, root last. */
  readonly chain: readonly Buffer[];
  /** DNS names of the subjectAltName, in certificate order. */
  readonly domains: readonly string[];
  /** Big-endian; equal for a precertificate and its final certificate. */
  readonly serialNumber?: Buffer;
  /** Name of the kind of certificate. */
  readonly profile?: string;
}

/** Returns the next submission for a log. */
export interface SubmissionSource {
  next(): Submission;
}

/** An entry from a file or another log. It is used unchanged, even if it is malformed. */
export interface RawEntry {
  readonly leafInput?: Buffer;
  readonly extraData?: Buffer;
  /** TileLeaf of static-ct-api. If it is missing, it is derived from `leafInput` and `extraData`, and vice versa. */
  readonly tileLeaf?: Buffer;
  /** DER of the issuers that the fingerprints in `tileLeaf` name. */
  readonly issuers?: readonly Buffer[];
}

/** An entry of a log, in every form in which it can be served. */
export interface SimulatedEntry {
  readonly index: number;
  /** TimestampedEntry.timestamp, milliseconds since the epoch. */
  readonly timestamp: number;
  readonly type: LogEntryType;
  readonly domains: readonly string[];
  readonly submittedDer: Buffer;
  readonly chain: readonly Buffer[];
  /** MerkleTreeLeaf. */
  readonly leafInput: Buffer;
  readonly extraData: Buffer;
  readonly tileLeaf: Buffer;
  readonly serialNumber?: Buffer;
  readonly profile?: string;
}

export function fingerprint(der: Buffer): Buffer {
  return hash('sha256', der, 'buffer');
}

/** Encodes an integer in big-endian order. `value` must be below 2^48 for any width. */
export function uint(value: number, bytes: number): Buffer {
  const encoded = Buffer.alloc(bytes);
  const width = Math.min(bytes, 6);
  encoded.writeUIntBE(value, bytes - width, width);
  return encoded;
}

/** Encodes `u24 length | bytes`. */
function vector24(bytes: Buffer): Buffer {
  return Buffer.concat([uint(bytes.length, 3), bytes]);
}

/** Encodes `entry_type | signed_entry` of an x509_entry. */
export function x509SignedEntry(certificate: Buffer): Buffer {
  return Buffer.concat([uint(0, 2), vector24(certificate)]);
}

/** Encodes `entry_type | signed_entry` of a precert_entry. `issuerSpki` is the key that signs the final certificate. */
export function precertSignedEntry(issuerSpki: Buffer, tbs: Buffer): Buffer {
  return Buffer.concat([uint(1, 2), hash('sha256', issuerSpki, 'buffer'), vector24(tbs)]);
}

/** Encodes CtExtensions with a leaf_index (static-ct-api): 8 bytes. */
export function leafIndexExtension(index: number): Buffer {
  return Buffer.concat([uint(0, 1), uint(5, 2), uint(index, 5)]);
}

/** Encodes the extra_data of get-entries (RFC 6962, 3.1 and 4.6). */
export function extraData(submission: Pick<Submission, 'type' | 'submittedDer' | 'chain'>): Buffer {
  const chain = vector24(Buffer.concat(submission.chain.map(vector24)));
  return submission.type === 'x509_entry' ? chain : Buffer.concat([vector24(submission.submittedDer), chain]);
}

/** Encodes the part of a TileLeaf after the extensions: the precertificate, if any, and the fingerprints. */
export function tileLeafTail(submission: Pick<Submission, 'type' | 'submittedDer' | 'chain'>): Buffer {
  const prints = submission.chain.map(fingerprint);
  const tail = Buffer.concat([uint(prints.length * 32, 2), ...prints]);
  return submission.type === 'x509_entry' ? tail : Buffer.concat([vector24(submission.submittedDer), tail]);
}
