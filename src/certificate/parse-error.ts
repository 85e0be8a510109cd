import { EntryProblem } from './entry-batch.js';

/**
 * The first defect in the structure of a certificate or TBSCertificate, from outside to inside. The readable fields are
 * published nevertheless. If the TBSCertificate of a precert_entry has a defect and the submitted precertificate has none,
 * the fields of the precertificate are published. Malformed extensions and impossible dates are not problems of this kind;
 * they only leave their own field empty.
 */
export type CertificateProblem =
  /** The Certificate SEQUENCE is missing or truncated. */
  | 'malformed_certificate'
  /** The TBSCertificate SEQUENCE is missing or truncated. */
  | 'malformed_tbs_certificate'
  | 'malformed_serial_number'
  | 'malformed_signature_algorithm'
  | 'malformed_issuer'
  | 'malformed_validity'
  | 'malformed_subject'
  | 'malformed_public_key'
  /** The list of extensions is truncated; the extensions before that point are published. */
  | 'malformed_extensions'
  /** The certificate or its text is too large, so parts are left out (text-limits.ts). */
  | 'oversized_certificate';

/** Values of `parse_error`. They are part of the wire format and do not change. */
export type ParseError =
  | CertificateProblem
  /** The MerkleTreeLeaf or TileLeaf is malformed. */
  | 'malformed_leaf'
  /** The leaf is well-formed, but the chain or the submitted precertificate is malformed. */
  | 'malformed_extra_data'
  /** The chain or the submitted precertificate does not belong to the leaf and was left out. */
  | 'mismatched_extra_data'
  /** Full stream only: the chain was too long and was cut. */
  | 'oversized_chain'
  /** Full stream only: the log did not serve a certificate that the chain names, so the chain ends before it. */
  | 'missing_issuer'
  /** An entry type other than x509_entry and precert_entry. */
  | 'unknown_entry_type';

/** Returns the parse error for an {@link EntryProblem}; undefined for {@link EntryProblem.None}. */
export function entryParseError(problem: number): ParseError | undefined {
  switch (problem) {
    case EntryProblem.None:
      return undefined;
    case EntryProblem.MalformedExtraData:
      return 'malformed_extra_data';
    case EntryProblem.MismatchedExtraData:
      return 'mismatched_extra_data';
    case EntryProblem.UnknownEntryType:
      return 'unknown_entry_type';
    default:
      return 'malformed_leaf';
  }
}
