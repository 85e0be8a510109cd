import { ENTRY_COLUMNS, type EntryBatch, EntryColumn, EntryProblem, LogEntryType } from '../entry-batch.js';
import { FINGERPRINT_BYTES } from '../issuer-map.js';
import { readU24 } from '../../kernel/big-endian.js';
import { ISSUER_KEY_HASH_BYTES } from './issuer-key-hash.js';
import { type ChainCertificate, ChainCertificates } from './chain-certificate.js';
import { PrecertificateMatch } from './precertificate-match.js';

const LENGTH_SIZE = 3;

/** The parts of a precert_entry that are outside the Merkle tree and do not match its leaf. */
export interface ExtraDataMismatch {
  /** Position of the entry in the batch, from 0. */
  readonly position: number;
  /** Whether the submitted precertificate has another TBSCertificate. */
  readonly precertificate: boolean;
  /** Whether the chain begins with an issuer whose key does not match `issuer_key_hash`. */
  readonly issuer: boolean;
}

/** The issuer of a precertificate. Without a chain it is unknown. */
interface Issuer {
  /** SHA-256 of the key that will sign the certificate, one character per octet. */
  readonly keyHash: string | undefined;
  /** The certificate that issued the precertificate, if it is a Precertificate Signing Certificate. */
  readonly signer: ChainCertificate['signer'];
  readonly isKnown: boolean;
}

const UNKNOWN: Issuer = { keyHash: undefined, signer: undefined, isKnown: false };
const NOTHING: readonly ExtraDataMismatch[] = [];

/**
 * ExtraDataCheck compares the submitted precertificate and the issuer of every precert_entry with its leaf (RFC 6962, 3.2). The
 * tree proves only the leaf, not the extra data of an entry (4.6). It does not check the signature of the precertificate, the
 * chain after its issuer, and the chain of an x509_entry, which is not part of the leaf. Data that cannot be compared, for
 * example without an issuer, is not a mismatch.
 */
export class ExtraDataCheck {
  private readonly certificates = new ChainCertificates();
  private readonly match = new PrecertificateMatch();
  /** The issuers of the ASN.1Cert lists of the current batch, by the start of the list: entries may share a list. */
  private readonly lists = new Map<number, Issuer>();

  run(batch: EntryBatch): readonly ExtraDataMismatch[] {
    const { table, count } = batch;
    let mismatches: ExtraDataMismatch[] | undefined;
    this.lists.clear();
    for (let i = 0, row = 0; i < count; i++, row += ENTRY_COLUMNS) {
      if (table[row + EntryColumn.Type] !== LogEntryType.PrecertEntry) continue;
      const problem = table[row + EntryColumn.Problem];
      const isDamaged = problem === EntryProblem.MalformedExtraData;
      if (problem !== EntryProblem.None && !isDamaged) continue;
      // A missing part is marked in the entry (`parse_error`). The present part is checked.
      if (isDamaged && table[row + EntryColumn.SubmittedStart] === 0) continue;
      const who = isDamaged ? UNKNOWN : this.issuerOf(batch, row);
      const issuer = !isOwnKey(batch, row, who.keyHash);
      const precertificate = !this.isOwnPrecertificate(batch, row, who);
      if (issuer || precertificate) (mismatches ??= []).push({ position: i, precertificate, issuer });
    }
    return mismatches ?? NOTHING;
  }

  private isOwnPrecertificate({ bytes, table }: EntryBatch, row: number, who: Issuer): boolean {
    const { match } = this;
    const leafStart = table[row + EntryColumn.CertificateStart];
    const start = table[row + EntryColumn.SubmittedStart];
    // A TBSCertificate that cannot be parsed cannot be compared.
    if (!match.openLeaf(bytes, leafStart, table[row + EntryColumn.CertificateEnd])) return true;
    if (!match.openSubmitted(start, table[row + EntryColumn.SubmittedEnd])) return false;
    if (who.signer !== undefined) return match.isSignedBy(who.signer);
    return match.isDirect() || (!who.isKnown && match.isSignedBy(undefined));
  }

  private issuerOf(batch: EntryBatch, row: number): Issuer {
    const { bytes, table, encoding } = batch;
    const start = table[row + EntryColumn.ChainStart];
    const end = table[row + EntryColumn.ChainEnd];
    if (start === end) return UNKNOWN;
    if (encoding === 'data-tile') {
      const next = start + FINGERPRINT_BYTES;
      return issuerFrom(this.named(batch, start, end), () => this.named(batch, next, end));
    }
    let issuer = this.lists.get(start);
    if (issuer === undefined) {
      const next = start + LENGTH_SIZE + readU24(bytes, start);
      issuer = issuerFrom(this.listed(bytes, start, end), () => this.listed(bytes, next, end));
      this.lists.set(start, issuer);
    }
    return issuer;
  }

  /** Returns the certificate with the fingerprint at `at`; undefined if it is unavailable. */
  private named({ bytes, issuers }: EntryBatch, at: number, end: number): ChainCertificate | undefined {
    if (at + FINGERPRINT_BYTES > end) return undefined;
    const fingerprint = bytes.toString('latin1', at, at + FINGERPRINT_BYTES);
    const known = this.certificates.get(fingerprint);
    if (known !== undefined) return known;
    const der = issuers.get(fingerprint);
    return der && this.certificates.read(fingerprint, der);
  }

  /** Returns the certificate of the ASN.1Cert at `at`; undefined after the last one. */
  private listed(bytes: Buffer, at: number, end: number): ChainCertificate | undefined {
    if (at >= end) return undefined;
    const start = at + LENGTH_SIZE;
    return this.certificates.of(bytes.subarray(start, start + readU24(bytes, at)));
  }
}

/** Returns the batch without the mismatching parts. Its entries are marked (`parse_error`). */
export function withoutMismatches(batch: EntryBatch, mismatches: readonly ExtraDataMismatch[]): EntryBatch {
  if (mismatches.length === 0) return batch;
  const table = batch.table.slice();
  for (const { position, precertificate, issuer } of mismatches) {
    const row = position * ENTRY_COLUMNS;
    if (precertificate) table[row + EntryColumn.SubmittedStart] = table[row + EntryColumn.SubmittedEnd] = 0;
    if (issuer) table[row + EntryColumn.ChainStart] = table[row + EntryColumn.ChainEnd] = 0;
    if (table[row + EntryColumn.Problem] === EntryProblem.None)
      table[row + EntryColumn.Problem] = EntryProblem.MismatchedExtraData;
  }
  return { ...batch, table };
}

function issuerFrom(first: ChainCertificate | undefined, second: () => ChainCertificate | undefined): Issuer {
  if (first === undefined) return UNKNOWN;
  const { signer } = first;
  return { keyHash: (signer === undefined ? first : second())?.keyHash, signer, isKnown: true };
}

/** @param keyHash undefined if the issuer is unknown. */
function isOwnKey({ bytes, table }: EntryBatch, row: number, keyHash: string | undefined): boolean {
  if (keyHash === undefined) return true;
  const at = table[row + EntryColumn.CertificateStart] - LENGTH_SIZE - ISSUER_KEY_HASH_BYTES;
  if (keyHash.length !== ISSUER_KEY_HASH_BYTES) return false;
  for (let i = 0; i < ISSUER_KEY_HASH_BYTES; i++) if (keyHash.charCodeAt(i) !== bytes[at + i]) return false;
  return true;
}
