import type { ByteWriter } from './byte-writer.js';
import type { CertificateFields } from './certificate-fields.js';
import type { Dialect } from './dialects/dialect.js';
import { DistinguishedName } from './distinguished-name.js';
import { DomainList } from './domain-list.js';
import { ExtensionsWriter } from './extensions-json.js';
import { digest, writeFingerprint } from './fingerprint.js';
import { base64Text } from './native-text.js';
import { ascii } from './text-piece.js';
import { ValueMemo } from './value-memo.js';

const ALL_DOMAINS = ascii('{"all_domains":');
const AS_DER = ascii(',"as_der":"');
const EXTENSIONS = ascii(',"extensions":');
const FINGERPRINT = ascii(',"fingerprint":"');
const SHA1 = ascii('","sha1":"');
const SHA256 = ascii('","sha256":"');
const NOT_AFTER = ascii('","not_after":');
const NOT_BEFORE = ascii(',"not_before":');
const SERIAL_NUMBER = ascii(',"serial_number":"');
const SIGNATURE_ALGORITHM = ascii('","signature_algorithm":"');
const SUBJECT = ascii('","subject":');
const ISSUER = ascii(',"issuer":');
const CA = ascii(',"is_ca":true}');
const NOT_CA = ascii(',"is_ca":false}');
const QUOTE = 0x22;

/** In a {@link ValueMemo} that has no other kind. */
const ISSUER_NAME = 0;

/**
 * Writes the LeafCert object of one certificate (docs/wire-format.md): the second of the two passes. One writer is
 * one dialect.
 */
export class LeafCertWriter {
  /** End of the `all_domains` array of the certificate written last: where `as_der` is spliced in. */
  domainsEnd = 0;
  private readonly domains = new DomainList();
  private readonly extensions: ExtensionsWriter;
  private readonly issuers = new ValueMemo();

  constructor(private readonly dialect: Dialect) {
    this.extensions = new ExtensionsWriter(dialect.extensions);
  }

  /**
   * @param fields what was read from the certificate or TBSCertificate
   * @param submitted the DER that is hashed; empty when there is none, then the hashes are empty as well
   * @param precertificate the entry is a precert_entry
   * @param asDer print `submitted` as `as_der`
   */
  write(
    out: ByteWriter,
    fields: CertificateFields,
    submitted: Buffer,
    precertificate: boolean,
    asDer: boolean,
  ): void {
    out.text(ALL_DOMAINS);
    this.domains.write(out, fields);
    this.domainsEnd = out.length;
    if (asDer) writeAsDer(out, submitted, 0, submitted.length);
    out.text(EXTENSIONS);
    this.extensions.write(out, fields.der, fields.extensions, precertificate);
    writeHashes(out, submitted);
    out.text(NOT_AFTER);
    out.integer(fields.notAfter);
    out.text(NOT_BEFORE);
    out.integer(fields.notBefore);
    out.text(SERIAL_NUMBER);
    this.dialect.writeSerialNumber(out, fields.der.bytes, fields.serialStart, fields.serialEnd);
    out.text(SIGNATURE_ALGORITHM);
    out.text(this.dialect.signatureAlgorithms[fields.signatureAlgorithm]);
    out.text(SUBJECT);
    fields.subject.write(out, this.dialect.names);
    out.text(ISSUER);
    this.writeIssuer(out, fields);
    out.text(fields.extensions.isCa ? CA : NOT_CA);
  }

  /** Only the `all_domains` array. */
  writeDomains(out: ByteWriter, fields: CertificateFields): void {
    this.domains.write(out, fields);
  }

  /** Notes a malformed issuer, which otherwise shows when it is written. */
  checkIssuer(fields: CertificateFields): void {
    const { der, issuerStart, issuerEnd } = fields;
    if (this.issuers.knows(ISSUER_NAME, der, issuerStart, issuerEnd)) return;
    if (!new DistinguishedName(der).read(issuerStart, issuerEnd)) fields.note('malformed_issuer');
  }

  private writeIssuer(out: ByteWriter, fields: CertificateFields): void {
    const { der, issuerStart, issuerEnd } = fields;
    if (this.issuers.write(out, ISSUER_NAME, der, issuerStart, issuerEnd)) return;
    const issuer = new DistinguishedName(der);
    const wellFormed = issuer.read(issuerStart, issuerEnd);
    const start = out.length;
    issuer.write(out, this.dialect.names);
    if (wellFormed) this.issuers.offer(out, start, ISSUER_NAME, der, issuerStart, issuerEnd);
    else fields.note('malformed_issuer');
  }
}

/** Writes the `as_der` member for the DER `bytes[start, end)`, with a comma in front. */
export function writeAsDer(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  out.text(AS_DER);
  out.latin1(base64Text(bytes, start, end));
  out.byte(QUOTE);
}

function writeHashes(out: ByteWriter, submitted: Buffer): void {
  out.text(FINGERPRINT);
  const start = out.length;
  if (submitted.length > 0) writeFingerprint(out, digest('sha1', submitted));
  const end = out.length;
  out.text(SHA1);
  out.repeat(start, end);
  out.text(SHA256);
  if (submitted.length > 0) writeFingerprint(out, digest('sha256', submitted));
}
