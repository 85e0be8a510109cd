import { EntryProblem } from './entry-batch.js';

/**
 * What is wrong with the structure of a certificate or TBSCertificate: the first defect, from outside to inside.
 * Everything that could be read is published all the same; of a precert_entry whose TBSCertificate has a defect, what
 * the submitted precertificate says, if that has none. Malformed extensions and impossible dates are none of
 * these, they only leave their own field empty.
 */
export type CertificateProblem =
  /** No Certificate SEQUENCE, or it is cut off. */
  | 'malformed_certificate'
  /** No TBSCertificate SEQUENCE, or it is cut off. */
  | 'malformed_tbs_certificate'
  | 'malformed_serial_number'
  | 'malformed_signature_algorithm'
  | 'malformed_issuer'
  | 'malformed_validity'
  | 'malformed_subject'
  | 'malformed_public_key'
  /** The list of extensions breaks off; the extensions before that are published. */
  | 'malformed_extensions'
  /** The certificate, or the text that it would become, is too large: parts of it are left out (text-limits.ts). */
  | 'oversized_certificate';

/** Values of `parse_error`; stable. */
export type ParseError =
  | CertificateProblem
  /** The MerkleTreeLeaf or TileLeaf is malformed. */
  | 'malformed_leaf'
  /** The leaf is fine, the chain or the submitted precertificate is not. */
  | 'malformed_extra_data'
  /** The chain or the submitted precertificate is not of the leaf, and was left out. */
  | 'mismatched_extra_data'
  /** Full stream only: the chain is longer than it may be, and was cut. */
  | 'oversized_chain'
  /** Full stream only: the log did not serve a certificate that the chain names, and the chain ends before it. */
  | 'missing_issuer'
  /** An entry type other than x509_entry and precert_entry. */
  | 'unknown_entry_type';

/** The value for an {@link EntryProblem}; undefined for none. */
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
