import type { LogProtocol } from './entry-batch.js';
import type { ParseError } from './parse-error.js';

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
export interface CertificateData {
  /** 0-based index in the log. */
  cert_index: number;
  /** get-entries URL of this entry; `""` for tiled logs. */
  cert_link: string;
  /** Full stream only: the issuer of the leaf first, the root last. Ends early when an issuer could not be had. */
  chain?: LeafCert[];
  leaf_cert: LeafCert;
  /** Wall clock when the entry was received, Unix seconds with milliseconds. */
  seen: number;
  source: MessageSource;
  /** `""` for entry types other than x509_entry and precert_entry. */
  update_type: 'X509LogEntry' | 'PrecertLogEntry' | '';
  /** Only when the entry or its certificate could not be read entirely, or a part was left out. */
  parse_error?: ParseError;
}

/** The log that an entry came from. */
export interface MessageSource {
  name: string;
  /** Without trailing slash; with one in the calidog dialect. */
  url: string;
  /** TimestampedEntry.timestamp, Unix seconds with milliseconds. */
  timestamp: number;
  type: LogProtocol;
  operator: string;
}

/** The certificate or precertificate of an entry, or a certificate of its chain. What is unreadable is empty. */
export interface LeafCert {
  /** SAN dNSNames, then the CN unless empty or a CA's; without duplicates. */
  all_domains: string[];
  /** Full stream only: the submitted DER in base64; for a precert_entry the precertificate. */
  as_der?: string;
  extensions: CertificateExtensions;
  /** SHA-1 of the submitted DER, `AA:BB:..`. */
  fingerprint: string;
  sha1: string;
  sha256: string;
  /** Unix seconds, may be negative; 0 when there is no such date. */
  not_after: number;
  not_before: number;
  /** Upper-case hexadecimal; unpadded in the calidog dialect. */
  serial_number: string;
  signature_algorithm: string;
  subject: CertificateName;
  issuer: CertificateName;
  is_ca: boolean;
}

/** Attributes of a distinguished name; several values are joined with `,`. */
export interface CertificateName {
  C: string | null;
  /** The last CN. Without any `""`, in the calidog dialect null. */
  CN: string | null;
  L: string | null;
  O: string | null;
  OU: string | null;
  /** State or province. */
  ST: string | null;
  /** `/C=../CN=../L=../O=../OU=../ST=../emailAddress=..`, what is there; `/CN=` always, but not in the calidog dialect. */
  aggregated: string;
  email_address: string | null;
  emailAddress: string | null;
}

/** Extensions as text; a key is absent when the extension is. */
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
  /** Dotted OIDs of all other extensions, last one first. */
  extra?: string[];
}
