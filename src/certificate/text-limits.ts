/**
 * Bounds of the texts of certificates. A control character in a name becomes six octets of JSON, and some names are printed
 * three times. Without bounds, a log could turn 1 MB into 20 MB for every client. Certificates in real logs have at most a
 * few hundred kilobytes, and their texts are two to four times as large.
 */

const KB = 1024;
const MB = 1024 * KB;

/** Largest DER that is read and printed. Of a larger DER only the hashes are printed. */
export const MAX_CERTIFICATE_BYTES = 4 * MB;
/** Largest DER whose text is written directly into the message. The text is at most 18 times as large as the DER. */
export const SMALL_CERTIFICATE_BYTES = 8 * KB;
/** Largest text of one LeafCert without `as_der`. */
export const MAX_LEAF_TEXT_BYTES = 8 * MB;
/** Text size of the names in one `all_domains` after which no further name is written. */
export const MAX_DOMAINS_BYTES = 4 * MB;
/** Largest name in `all_domains` in octets. A DNS name has at most 255. */
export const MAX_DOMAIN_BYTES = 64 * KB;
/** Number of names of a certificate whose registrable domains are printed. Real certificates have at most a few thousand names. */
export const MAX_REGISTRABLE_NAMES = 10_000;
/** Largest number of certificates in one `chain`. Real chains have less than ten. */
export const MAX_CHAIN_CERTIFICATES = 100;
/** Largest text of one `chain`. */
export const MAX_CHAIN_TEXT_BYTES = MB;
/** Text that every certificate may have regardless of its size: the keys, the fingerprints and the names of a small certificate. */
const LEAF_TEXT_ALLOWANCE = 24 * KB;
/** Octets of text allowed for each octet of DER. */
const TEXT_PER_OCTET = 8;
/** Octets of base64 for each octet of DER, rounded up. */
const BASE64_PER_OCTET = 1.4;

/** Returns the largest text of a LeafCert for a certificate of `size` octets. A longer text is replaced by one with fewer fields. */
export function leafTextLimit(size: number): number {
  return Math.min(MAX_LEAF_TEXT_BYTES, LEAF_TEXT_ALLOWANCE + TEXT_PER_OCTET * size);
}

/**
 * Estimates the largest text of an entry in the full stream in octets, without the fixed part of each entry.
 * @param certificate octets of the certificate or TBSCertificate
 * @param submitted octets of the submitted DER
 * @param chain octets of all certificates of the chain
 */
export function textWeight(certificate: number, submitted: number, chain: number): number {
  return (
    Math.min(MAX_LEAF_TEXT_BYTES, TEXT_PER_OCTET * certificate) +
    BASE64_PER_OCTET * Math.min(MAX_CERTIFICATE_BYTES, submitted) +
    Math.min(MAX_CHAIN_TEXT_BYTES, TEXT_PER_OCTET * chain)
  );
}
