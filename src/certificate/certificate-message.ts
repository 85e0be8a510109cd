/** Protocol of a CT log as it appears in `source.type`: RFC 6962 or static-ct-api ("tiled"). */
export type LogProtocol = 'rfc6962' | 'tiled';

/**
 * Whether an entry was proven to be in the signed tree of its log when it was published. `unverified`: not yet. `failed`: entries
 * and signed tree heads of the log contradicted each other at that time. `off`: the server does not verify entries.
 */
export type EntryVerification = 'unverified' | 'verified' | 'failed' | 'off';

/** How the CA validated the subject: domain, organization, individual, or with extended validation. */
export type ValidationType = 'DV' | 'OV' | 'IV' | 'EV';

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

/** A message of the full or lite stream, in either dialect (docs/wire-format.md, "The calidog dialect"). */
export interface CertificateUpdate {
  data: CertificateData;
  message_type: 'certificate_update';
}

/** A message of the domains-only stream: `all_domains` of one entry. */
export interface DnsEntries {
  data: string[];
  message_type: 'dns_entries';
}

/** One log entry. */
export interface CertificateData extends Partial<DataEnrichment> {
  /** 0-based index in the log. */
  cert_index: number;
  /** URL of this entry in get-entries; `""` for tiled logs. */
  cert_link: string;
  /** Full stream only: the chain from the issuer of the leaf to the root. It ends early if an issuer is unavailable. */
  chain?: LeafCert[];
  leaf_cert: LeafCert;
  /** Wall-clock time at which the entry was received, in Unix seconds with milliseconds. */
  seen: number;
  source: MessageSource;
  /** `""` for entry types other than x509_entry and precert_entry. */
  update_type: 'X509LogEntry' | 'PrecertLogEntry' | '';
  /** Present only if the entry or its certificate could not be read entirely, or if a part was left out. */
  parse_error?: ParseError;
}

/** The log that an entry came from. */
export interface MessageSource {
  name: string;
  /** Base URL without trailing slash; in the calidog dialect with one. */
  url: string;
  /** TimestampedEntry.timestamp in Unix seconds with milliseconds. */
  timestamp: number;
  type: LogProtocol;
  operator: string;
}

/** The certificate or precertificate of an entry, or a certificate of its chain. Unreadable fields are empty. */
export interface LeafCert extends Partial<LeafEnrichment> {
  /** The dNSNames of the SAN, then the CN unless it is empty or the certificate is a CA's. No duplicates. */
  all_domains: string[];
  /** Full stream only: the submitted DER in base64; for a precert_entry the precertificate. */
  as_der?: string;
  extensions: CertificateExtensions;
  /** SHA-1 of the submitted DER, `AA:BB:..`. */
  fingerprint: string;
  sha1: string;
  sha256: string;
  /** Unix seconds, possibly negative; 0 if the date does not exist. */
  not_after: number;
  not_before: number;
  /** Upper-case hexadecimal; unpadded in the calidog dialect. */
  serial_number: string;
  signature_algorithm: string;
  subject: CertificateName;
  issuer: CertificateName;
  is_ca: boolean;
}

/** What `enrich=1` adds to {@link CertificateData}. */
export interface DataEnrichment {
  /** LogID (RFC 6962, 3.2) in base64; null if the key of the log is unknown. */
  log_id: string | null;
  /** Whether the entry was proven to be in the signed tree of its log when the server published it. */
  verification: EntryVerification;
  /** The place after this entry, for `since`; null if the entry has none. */
  cursor: string | null;
}

/** What `enrich=1` adds to the {@link LeafCert} of the entry, but not to those of its chain. */
export interface LeafEnrichment {
  /** The registrable domains (eTLD+1) of `all_domains`, each once. */
  registrable_domains: string[];
  /** Type and size of the public key, for example `RSA2048`; null if unknown. */
  key_type: string | null;
  /** By the policies of the CA/Browser Forum; null if there is none of them. */
  validation_type: ValidationType | null;
}

/** Attributes of a distinguished name; several values are joined with `,`. */
export interface CertificateName {
  C: string | null;
  /** The last CN. If there is none: `""`, in the calidog dialect null. */
  CN: string | null;
  L: string | null;
  O: string | null;
  OU: string | null;
  /** State or province. */
  ST: string | null;
  /** `/C=../CN=../L=../O=../OU=../ST=../emailAddress=..` without absent attributes. In the Go dialect `/CN=` is always present. */
  aggregated: string;
  email_address: string | null;
  emailAddress: string | null;
}

/** Extensions as text. An absent extension has no key. */
export interface CertificateExtensions {
  authorityInfoAccess?: string;
  authorityKeyIdentifier?: string;
  basicConstraints?: 'CA:TRUE' | 'CA:FALSE';
  certificatePolicies?: string;
  /** base64url of the extension value: the OCTET STRING with the SignedCertificateTimestampList. */
  ctlSignedCertificateTimestamp?: string;
  extendedKeyUsage?: string;
  keyUsage?: string;
  subjectAltName?: string;
  subjectKeyIdentifier?: string;
  ctlPoisonByte?: true;
  crlDistributionPoints?: string;
  issuerAltName?: string;
  /** Dotted OIDs of all other extensions, last extension first. */
  extra?: string[];
}
