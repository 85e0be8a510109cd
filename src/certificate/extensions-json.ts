import type { ByteWriter } from './byte-writer.js';
import { type CertificateFields, Extension } from './certificate-fields.js';
import type { RangeList } from './der-reader.js';
import * as value from './extension-values.js';
import { writeGeneralNames } from './general-names.js';
import { ascii } from './json-constants.js';
import { writeOid } from './oid.js';

function key(name: string): Uint8Array {
  return ascii(`"${name}":`);
}

const AUTHORITY_INFO_ACCESS = key('authorityInfoAccess');
const AUTHORITY_KEY_IDENTIFIER = key('authorityKeyIdentifier');
const BASIC_CONSTRAINTS = key('basicConstraints');
const CERTIFICATE_POLICIES = key('certificatePolicies');
const SCT_LIST = key('ctlSignedCertificateTimestamp');
const EXTENDED_KEY_USAGE = key('extendedKeyUsage');
const KEY_USAGE = key('keyUsage');
const SUBJECT_ALT_NAME = key('subjectAltName');
const SUBJECT_KEY_IDENTIFIER = key('subjectKeyIdentifier');
const POISON = key('ctlPoisonByte');
const DISTRIBUTION_POINTS = key('crlDistributionPoints');
const ISSUER_ALT_NAME = key('issuerAltName');
const EXTRA = key('extra');

const CA_TRUE = ascii('"CA:TRUE"');
const CA_FALSE = ascii('"CA:FALSE"');
const TRUE = ascii('true');
const QUOTE = 0x22;
const COMMA = 0x2c;

/**
 * Writes the `extensions` object in the format of the Go server, completed by what only the original prints
 * (wire format, 1.4 and 2.2). Extensions that turn out to be malformed are left out and added to
 * `fields.malformedExtensions`.
 */
export class ExtensionsWriter {
  private first = 0;

  /** @param precertificate the entry is a precert_entry, whose TBSCertificate lacks the poison. */
  write(out: ByteWriter, fields: CertificateFields, precertificate: boolean): void {
    out.byte(0x7b);
    this.first = out.length;
    this.writeList(
      out,
      fields,
      AUTHORITY_INFO_ACCESS,
      fields.authorityInfoAccess,
      value.writeAuthorityInfoAccess,
    );
    this.writeValue(
      out,
      fields,
      AUTHORITY_KEY_IDENTIFIER,
      Extension.AuthorityKeyIdentifier,
      value.writeAuthorityKeyIdentifier,
    );
    if (fields.hasExtension(Extension.BasicConstraints)) {
      this.writeConstant(out, BASIC_CONSTRAINTS, fields.isCa ? CA_TRUE : CA_FALSE);
    }
    this.writeValue(
      out,
      fields,
      CERTIFICATE_POLICIES,
      Extension.CertificatePolicies,
      value.writeCertificatePolicies,
    );
    this.writeValue(out, fields, SCT_LIST, Extension.SignedCertificateTimestamps, value.writeSctList);
    this.writeValue(out, fields, EXTENDED_KEY_USAGE, Extension.ExtendedKeyUsage, value.writeExtendedKeyUsage);
    this.writeValue(out, fields, KEY_USAGE, Extension.KeyUsage, value.writeKeyUsage);
    this.writeList(out, fields, SUBJECT_ALT_NAME, fields.subjectAltNames, writeGeneralNames);
    this.writeValue(
      out,
      fields,
      SUBJECT_KEY_IDENTIFIER,
      Extension.SubjectKeyIdentifier,
      value.writeSubjectKeyIdentifier,
    );
    if (precertificate || fields.hasExtension(Extension.Poison)) this.writeConstant(out, POISON, TRUE);
    this.writeValue(
      out,
      fields,
      DISTRIBUTION_POINTS,
      Extension.CrlDistributionPoints,
      value.writeDistributionPoints,
    );
    this.writeList(out, fields, ISSUER_ALT_NAME, fields.issuerAltNames, writeGeneralNames);
    if (fields.otherExtensions.length > 0) this.writeExtra(out, fields);
    out.byte(0x7d);
  }

  private writeKey(out: ByteWriter, name: Uint8Array): void {
    if (out.length > this.first) out.byte(COMMA);
    out.bytes(name);
  }

  private writeConstant(out: ByteWriter, name: Uint8Array, text: Uint8Array): void {
    this.writeKey(out, name);
    out.bytes(text);
  }

  private writeValue(
    out: ByteWriter,
    fields: CertificateFields,
    name: Uint8Array,
    kind: number,
    write: value.ValueWriter,
  ): void {
    if (!fields.hasExtension(kind)) return;
    const before = out.length;
    this.writeKey(out, name);
    out.byte(QUOTE);
    const outcome = write(out, fields.der, fields.extensionStart[kind]!, fields.extensionEnd[kind]!);
    if (outcome === value.Outcome.Written) return out.byte(QUOTE);
    out.length = before;
    if (outcome === value.Outcome.Malformed) fields.malformedExtensions++;
  }

  private writeList(
    out: ByteWriter,
    fields: CertificateFields,
    name: Uint8Array,
    lists: RangeList,
    write: (out: ByteWriter, der: CertificateFields['der'], lists: RangeList) => void,
  ): void {
    if (lists.length === 0) return;
    this.writeKey(out, name);
    out.byte(QUOTE);
    write(out, fields.der, lists);
    out.byte(QUOTE);
  }

  /** OIDs of the extensions that have no key of their own, last one first, as the original prints them. */
  private writeExtra(out: ByteWriter, fields: CertificateFields): void {
    const before = out.length;
    this.writeKey(out, EXTRA);
    out.byte(0x5b);
    const { otherExtensions, der } = fields;
    const first = out.length;
    for (let i = otherExtensions.length - 1; i >= 0; i--) {
      const item = out.length;
      if (item > first) out.byte(COMMA);
      out.byte(QUOTE);
      if (writeOid(out, der.bytes, otherExtensions.start(i), otherExtensions.end(i))) out.byte(QUOTE);
      else {
        out.length = item;
        fields.malformedExtensions++;
      }
    }
    if (out.length === first) out.length = before;
    else out.byte(0x5d);
  }
}
