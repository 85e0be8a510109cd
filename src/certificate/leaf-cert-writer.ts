import { ByteWriter, TextTooLongError } from './byte-writer.js';
import type { CertificateFields } from './certificate-fields.js';
import type { Dialect } from './dialects/dialect.js';
import { DistinguishedName } from './distinguished-name.js';
import { DomainList } from './domain-list.js';
import { ExtensionsWriter } from './extensions-json.js';
import { digest, writeFingerprint } from './fingerprint.js';
import { base64Text } from './native-text.js';
import { ascii } from './text-piece.js';
import { leafTextLimit, MAX_CERTIFICATE_BYTES, SMALL_CERTIFICATE_BYTES } from './text-limits.js';
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

/** The only kind of value in the {@link ValueMemo} of issuers. */
const ISSUER_NAME = 0;
/** Largest serial number, in octets, in a reduced text. RFC 5280 (4.1.2.2) allows 20. */
const MAX_SERIAL_BYTES = 64;
const NO_EXTENSIONS = ascii('{}');
const ONLY_POISON = ascii('{"ctlPoisonByte":true}');

/**
 * Writes the LeafCert object of one certificate (docs/wire-format.md); this is the second of the two passes. A writer is
 * bound to one dialect.
 */
export class LeafCertWriter {
  /** End of the `all_domains` array of the last written certificate. The full text inserts `as_der` there. */
  domainsEnd = 0;
  private readonly domains = new DomainList();
  private readonly extensions: ExtensionsWriter;
  private readonly issuers = new ValueMemo();
  /** Memory for the text of a certificate that may become too long. */
  private readonly bounded = new ByteWriter(SMALL_CERTIFICATE_BYTES);

  constructor(private readonly dialect: Dialect) {
    this.extensions = new ExtensionsWriter(dialect.extensions);
  }

  /**
   * Writes the object. If the text would be longer than {@link leafTextLimit}, extensions, subject and issuer are left out,
   * and the certificate gets a problem.
   * @param fields fields of the certificate or TBSCertificate
   * @param submitted DER to hash; if it is empty, the hashes are empty too
   * @param precertificate whether the entry is a precert_entry
   * @param asDer whether to print `submitted` as `as_der`
   */
  write(
    out: ByteWriter,
    fields: CertificateFields,
    submitted: Buffer,
    precertificate: boolean,
    asDer: boolean,
  ): void {
    if (fields.size > SMALL_CERTIFICATE_BYTES)
      return this.writeLarge(out, fields, submitted, precertificate, asDer);
    const start = out.length;
    this.writeFields(out, fields, submitted, precertificate, asDer, false);
    if (out.length - start <= leafTextLimit(fields.size)) return;
    out.length = start;
    this.writeFields(out, fields, submitted, precertificate, asDer, true);
  }

  /** Writes the text into memory that cannot grow beyond the limit, so that a text that is too long is abandoned early. */
  private writeLarge(
    out: ByteWriter,
    fields: CertificateFields,
    submitted: Buffer,
    precertificate: boolean,
    asDer: boolean,
  ): void {
    const { bounded } = this;
    if (!this.fitsBounded(fields, submitted, precertificate)) {
      bounded.restart(0);
      bounded.maxBytes = Infinity;
      this.writeFields(bounded, fields, submitted, precertificate, false, true);
    }
    const { buffer, length } = bounded;
    const { domainsEnd } = this;
    this.domainsEnd = out.length + domainsEnd;
    out.bytes(buffer.subarray(0, domainsEnd));
    if (asDer) writeAsDer(out, submitted, 0, submitted.length);
    out.bytes(buffer.subarray(domainsEnd, length));
    bounded.restart(0);
  }

  /** Writes the text without `as_der` into {@link bounded}. @returns false if it is too long. */
  private fitsBounded(fields: CertificateFields, submitted: Buffer, precertificate: boolean): boolean {
    try {
      this.bounded.restart(0);
      this.bounded.maxBytes = leafTextLimit(fields.size);
      this.writeFields(this.bounded, fields, submitted, precertificate, false, false);
      return true;
    } catch (error) {
      if (error instanceof TextTooLongError) return false;
      throw error;
    }
  }

  /** @param isReduced whether to leave out the fields of unlimited length; the names in `all_domains` stay */
  private writeFields(
    out: ByteWriter,
    fields: CertificateFields,
    submitted: Buffer,
    precertificate: boolean,
    asDer: boolean,
    isReduced: boolean,
  ): void {
    const { names } = this.dialect;
    const { serialStart, serialEnd } = fields;
    const emptyName = isReduced ? new DistinguishedName(fields.der) : undefined;
    if (isReduced) fields.problem = 'oversized_certificate';
    out.text(ALL_DOMAINS);
    this.domains.write(out, fields);
    this.domainsEnd = out.length;
    if (asDer) writeAsDer(out, submitted, 0, submitted.length);
    out.text(EXTENSIONS);
    if (isReduced) out.text(precertificate ? ONLY_POISON : NO_EXTENSIONS);
    else this.extensions.write(out, fields.der, fields.extensions, precertificate);
    writeHashes(out, submitted);
    out.text(NOT_AFTER);
    out.integer(fields.notAfter);
    out.text(NOT_BEFORE);
    out.integer(fields.notBefore);
    out.text(SERIAL_NUMBER);
    if (!isReduced || serialEnd - serialStart <= MAX_SERIAL_BYTES)
      this.dialect.writeSerialNumber(out, fields.der.bytes, serialStart, serialEnd);
    out.text(SIGNATURE_ALGORITHM);
    out.text(this.dialect.signatureAlgorithms[fields.signatureAlgorithm]);
    out.text(SUBJECT);
    (emptyName ?? fields.subject).write(out, names);
    out.text(ISSUER);
    if (emptyName === undefined) this.writeIssuer(out, fields);
    else emptyName.write(out, names);
    out.text(fields.extensions.isCa ? CA : NOT_CA);
  }

  /** Writes only the `all_domains` array. */
  writeDomains(out: ByteWriter, fields: CertificateFields): void {
    this.domains.write(out, fields);
  }

  /** Notes a malformed issuer. Texts without issuer need this check, because {@link write} finds the defect only while writing. */
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

/**
 * Writes the `as_der` member for the DER `bytes[start, end)`, with a comma in front. The value is empty if the DER is larger
 * than {@link MAX_CERTIFICATE_BYTES}.
 */
export function writeAsDer(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  out.text(AS_DER);
  if (end - start <= MAX_CERTIFICATE_BYTES) out.latin1(base64Text(bytes, start, end));
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
