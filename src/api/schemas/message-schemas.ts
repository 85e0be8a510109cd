import { z } from 'zod';
import type {
  CertificateExtensions,
  CertificateName,
  CertificateUpdate,
  DnsEntries,
  LeafCert,
  MessageSource,
  ParseError,
} from '../../certificate/certificate-message.js';
import type { All, SameType } from './same-type.js';

const orNull = () => z.string().nullable();
const fingerprint = (algorithm: string) =>
  z
    .string()
    .regex(/^([\dA-F]{2}(:[\dA-F]{2})*)?$/)
    .describe(`${algorithm} of the submitted DER, \`AA:BB:..\`; empty without DER.`);

const name = z
  .object({
    C: orNull(),
    CN: orNull().describe('The last CN. If there is none: the empty text, in the calidog dialect null.'),
    L: orNull(),
    O: orNull(),
    OU: orNull(),
    ST: orNull().describe('State or province.'),
    aggregated: z
      .string()
      .describe('`/C=../CN=../L=../O=../OU=../ST=../emailAddress=..` without absent attributes.'),
    email_address: orNull(),
    emailAddress: orNull(),
  })
  .describe('Attributes of a distinguished name. Several values are joined with a comma.');

const extensions = z
  .object({
    authorityInfoAccess: z.string().optional(),
    authorityKeyIdentifier: z.string().optional(),
    basicConstraints: z.enum(['CA:TRUE', 'CA:FALSE']).optional(),
    certificatePolicies: z.string().optional(),
    ctlSignedCertificateTimestamp: z
      .string()
      .optional()
      .describe('base64url of the OCTET STRING with the SignedCertificateTimestampList.'),
    extendedKeyUsage: z.string().optional(),
    keyUsage: z.string().optional(),
    subjectAltName: z.string().optional(),
    subjectKeyIdentifier: z.string().optional(),
    ctlPoisonByte: z.literal(true).optional(),
    crlDistributionPoints: z.string().optional(),
    issuerAltName: z.string().optional(),
    extra: z
      .array(z.string())
      .optional()
      .describe('Dotted OIDs of all other extensions, last extension first.'),
  })
  .describe('Extensions as text. An absent extension has no key.');

export const leafCertShape = {
  all_domains: z
    .array(z.string())
    .describe(
      "The dNSNames of the SAN, then the CN unless it is empty or the certificate is a CA's; each once.",
    ),
  extensions,
  fingerprint: fingerprint('SHA-1'),
  sha1: fingerprint('SHA-1'),
  sha256: fingerprint('SHA-256'),
  not_after: z.number().describe('Unix seconds, possibly negative; 0 if the date does not exist.'),
  not_before: z.number().describe('Unix seconds, possibly negative; 0 if the date does not exist.'),
  serial_number: z
    .string()
    .regex(/^-?[\dA-F]*$/)
    .describe('Upper-case hexadecimal.'),
  signature_algorithm: z.string(),
  subject: name,
  issuer: name,
  is_ca: z.boolean(),
};

const leafEnrichment = {
  registrable_domains: z
    .array(z.string())
    .optional()
    .describe('With `enrich=1`, not in `chain`: the registrable domains of `all_domains`, each once.'),
  key_type: orNull()
    .optional()
    .describe('With `enrich=1`, not in `chain`: type and size of the public key; null if unknown.'),
  validation_type: z
    .enum(['DV', 'OV', 'IV', 'EV'])
    .nullable()
    .optional()
    .describe('With `enrich=1`, not in `chain`: by the policies of the CA/Browser Forum; null without one.'),
};

const leafCert = z
  .object({
    ...leafCertShape,
    ...leafEnrichment,
    as_der: z
      .string()
      .regex(/^[A-Za-z\d+/]*=*$/)
      .optional()
      .describe('Full stream only: the submitted DER in base64; for a precert_entry the precertificate.'),
  })
  .describe('A certificate or precertificate. Unreadable fields are empty.');

const PARSE_ERRORS = [
  'malformed_certificate',
  'malformed_tbs_certificate',
  'malformed_serial_number',
  'malformed_signature_algorithm',
  'malformed_issuer',
  'malformed_validity',
  'malformed_subject',
  'malformed_public_key',
  'malformed_extensions',
  'oversized_certificate',
  'malformed_leaf',
  'malformed_extra_data',
  'mismatched_extra_data',
  'oversized_chain',
  'missing_issuer',
  'unknown_entry_type',
] as const satisfies readonly ParseError[];

export const source = z
  .object({
    name: z.string(),
    url: z.string().describe('Base URL without trailing slash; in the calidog dialect with one.'),
    timestamp: z.number().describe('TimestampedEntry.timestamp in Unix seconds with milliseconds.'),
    type: z.enum(['rfc6962', 'tiled']),
    operator: z.string(),
  })
  .describe('The log that the entry came from.');

export const dataShape = {
  cert_index: z.int().describe('0-based index in the log.'),
  cert_link: z.string().describe('URL of the entry in get-entries; empty for tiled logs.'),
  seen: z.number().describe('Time at which the entry was received, in Unix seconds with milliseconds.'),
  update_type: z
    .enum(['X509LogEntry', 'PrecertLogEntry', ''])
    .describe('Empty for entry types other than x509_entry and precert_entry.'),
  parse_error: z
    .enum(PARSE_ERRORS)
    .optional()
    .describe('Present only if the entry could not be read entirely, or if a part was left out.'),
};

const dataEnrichment = {
  log_id: orNull()
    .optional()
    .describe('With `enrich=1`: LogID (RFC 6962, 3.2) in base64; null if the key of the log is unknown.'),
  verification: z
    .enum(['verified', 'unverified', 'failed', 'off'])
    .optional()
    .describe('With `enrich=1`: whether the entry was proven when the server published it.'),
  cursor: orNull()
    .optional()
    .describe('With `enrich=1`: the place after this entry, for `since`; null if it has none.'),
};

const certificateUpdate = z.object({
  data: z.object({
    ...dataShape,
    ...dataEnrichment,
    chain: z
      .array(leafCert)
      .optional()
      .describe(
        'Full stream only: from the issuer of the leaf to the root. It ends early if an issuer is unavailable.',
      ),
    leaf_cert: leafCert,
    source,
  }),
  message_type: z.literal('certificate_update'),
});

const [full, lite] = [true, false].map((isFull) => {
  const { data } = certificateUpdate.shape;
  const leaf = isFull ? leafCert.required({ as_der: true }) : leafCert.omit({ as_der: true });
  return certificateUpdate.extend({
    data: isFull
      ? data.extend({ leaf_cert: leaf, chain: z.array(leaf) })
      : data.omit({ chain: true }).extend({ leaf_cert: leaf }),
  });
});

const dnsEntries = z.object({ data: z.array(z.string()), message_type: z.literal('dns_entries') });

/** Schemas of the messages of the three streams, by name. */
export const messageSchemas = {
  'certificate_update.full': full.describe('A message of the full stream.'),
  'certificate_update.lite': lite.describe('A message of the lite stream.'),
  dns_entries: dnsEntries.describe('A message of the domains-only stream: `all_domains` of one entry.'),
} as const;

/** The compiler refuses a schema that differs from the type of its message. */
export type MessageSchemasAgree = All<
  [
    SameType<z.infer<typeof certificateUpdate>, CertificateUpdate>,
    SameType<z.infer<typeof dnsEntries>, DnsEntries>,
    SameType<z.infer<typeof leafCert>, LeafCert>,
    SameType<z.infer<typeof name>, CertificateName>,
    SameType<z.infer<typeof extensions>, CertificateExtensions>,
    SameType<z.infer<typeof source>, MessageSource>,
    SameType<(typeof PARSE_ERRORS)[number], ParseError>,
  ]
>;
