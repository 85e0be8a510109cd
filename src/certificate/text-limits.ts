/**
 * Bounds of the texts that are made of certificates. A control character in a name becomes six octets of JSON, and some
 * names are printed three times: without bounds, a log turns 1 MB into 20 MB for every client. Certificates of
 * real logs have at most some hundred kilobytes, of which two to four times as much text is made.
 */

const KB = 1024;
const MB = 1024 * KB;

/** A larger DER is neither read nor printed; its hashes are. */
export const MAX_CERTIFICATE_BYTES = 4 * MB;
/** A DER of this size is written straight into the message: its text has at most 18 times its size. */
export const SMALL_CERTIFICATE_BYTES = 8 * KB;
/** Text of one LeafCert without `as_der`. */
export const MAX_LEAF_TEXT_BYTES = 8 * MB;
/** Text of the names in one `all_domains`: no name begins beyond it. */
export const MAX_DOMAINS_BYTES = 4 * MB;
/** Octets of one name in `all_domains`; a DNS name has at most 255. */
export const MAX_DOMAIN_BYTES = 64 * KB;
/** Certificates in one `chain`; real chains have less than ten. */
export const MAX_CHAIN_CERTIFICATES = 100;
/** Text of one `chain`. */
export const MAX_CHAIN_TEXT_BYTES = MB;
/** Of the text of a certificate, whatever its size: the keys, the fingerprints, and names of a small certificate. */
const LEAF_TEXT_ALLOWANCE = 24 * KB;
/** Octets of text for each octet of DER. */
const TEXT_PER_OCTET = 8;
/** Octets of base64 for each octet of DER, rounded up. */
const BASE64_PER_OCTET = 1.4;

/** The most text of a LeafCert for a certificate of `size` octets. A longer one is written with fewer fields. */
export function leafTextLimit(size: number): number {
  return Math.min(MAX_LEAF_TEXT_BYTES, LEAF_TEXT_ALLOWANCE + TEXT_PER_OCTET * size);
}

/**
 * About how many octets of text an entry can become in the full stream, beyond a few for each entry.
 * @param certificate octets of the certificate or TBSCertificate.
 * @param submitted octets of the submitted DER.
 * @param chain octets of all certificates of the chain.
 */
export function textWeight(certificate: number, submitted: number, chain: number): number {
  return (
    Math.min(MAX_LEAF_TEXT_BYTES, TEXT_PER_OCTET * certificate) +
    BASE64_PER_OCTET * Math.min(MAX_CERTIFICATE_BYTES, submitted) +
    Math.min(MAX_CHAIN_TEXT_BYTES, TEXT_PER_OCTET * chain)
  );
}
