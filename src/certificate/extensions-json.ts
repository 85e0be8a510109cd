import type { ByteWriter } from './byte-writer.js';
import type { DerReader, RangeList } from './der-reader.js';
import type { ExtensionFormats, ListWriter } from './dialects/dialect.js';
import { Extension, type ExtensionFields } from './extension-fields.js';
import * as value from './extension-values.js';
import { ascii, type TextPiece } from './text-piece.js';
import { writeOid } from './oid.js';
import { ValueMemo } from './value-memo.js';

function key(name: string): TextPiece {
  return ascii(`"${name}":`);
}

const AUTHORITY_INFO_ACCESS = key('authorityInfoAccess');
const BASIC_CONSTRAINTS = key('basicConstraints');
const SUBJECT_ALT_NAME = key('subjectAltName');
const POISON = key('ctlPoisonByte');
const ISSUER_ALT_NAME = key('issuerAltName');
const EXTRA = key('extra');

/** An extension whose value becomes one string. */
interface StringExtension {
  readonly name: TextPiece;
  readonly write: value.ValueWriter;
  /** Another one in every certificate. */
  readonly unique?: true;
}

/** By {@link Extension}. */
function stringExtensions(formats: ExtensionFormats): Record<number, StringExtension> {
  return {
    [Extension.AuthorityKeyIdentifier]: {
      name: key('authorityKeyIdentifier'),
      write: formats.authorityKeyIdentifier,
    },
    [Extension.CertificatePolicies]: { name: key('certificatePolicies'), write: formats.certificatePolicies },
    [Extension.SignedCertificateTimestamps]: {
      name: key('ctlSignedCertificateTimestamp'),
      write: value.writeSctList,
      unique: true,
    },
    [Extension.ExtendedKeyUsage]: { name: key('extendedKeyUsage'), write: value.writeExtendedKeyUsage },
    [Extension.KeyUsage]: { name: key('keyUsage'), write: formats.keyUsage },
    [Extension.SubjectKeyIdentifier]: {
      name: key('subjectKeyIdentifier'),
      write: formats.subjectKeyIdentifier,
      unique: true,
    },
    [Extension.CrlDistributionPoints]: {
      name: key('crlDistributionPoints'),
      write: value.writeDistributionPoints,
    },
  };
}

const CA_TRUE = ascii('"CA:TRUE"');
const CA_FALSE = ascii('"CA:FALSE"');
const TRUE = ascii('true');
const QUOTE = 0x22;
const COMMA = 0x2c;

/**
 * Writes the `extensions` object: the keys of the Go server, completed by what only the original prints (wire
 * format, 1.4 and 2.2), with values in the formats of one dialect. Extensions that turn out to be malformed are left out and added to
 * `extensions.malformed`.
 */
export class ExtensionsWriter {
  /** Where the first key goes. */
  private first = 0;
  private readonly strings: Record<number, StringExtension>;
  private readonly memo = new ValueMemo();

  constructor(private readonly formats: ExtensionFormats) {
    this.strings = stringExtensions(formats);
  }

  /** @param precertificate the entry is a precert_entry, whose TBSCertificate lacks the poison. */
  write(out: ByteWriter, der: DerReader, extensions: ExtensionFields, precertificate: boolean): void {
    out.byte(0x7b);
    this.first = out.length;
    this.writeServiceExtensions(out, der, extensions);
    this.writeUsageExtensions(out, der, extensions);
    if (precertificate || extensions.has(Extension.Poison)) this.writeConstant(out, POISON, TRUE);
    this.writeAdditions(out, der, extensions);
    out.byte(0x7d);
  }

  private writeServiceExtensions(out: ByteWriter, der: DerReader, extensions: ExtensionFields): void {
    this.writeAuthorityInfoAccess(out, der, extensions.authorityInfoAccess);
    this.writeValue(out, der, extensions, Extension.AuthorityKeyIdentifier);
    if (extensions.has(Extension.BasicConstraints)) {
      this.writeConstant(out, BASIC_CONSTRAINTS, extensions.isCa ? CA_TRUE : CA_FALSE);
    }
    this.writeValue(out, der, extensions, Extension.CertificatePolicies);
    this.writeValue(out, der, extensions, Extension.SignedCertificateTimestamps);
  }

  private writeUsageExtensions(out: ByteWriter, der: DerReader, extensions: ExtensionFields): void {
    this.writeValue(out, der, extensions, Extension.ExtendedKeyUsage);
    this.writeValue(out, der, extensions, Extension.KeyUsage);
    this.writeList(out, der, SUBJECT_ALT_NAME, extensions.subjectAltNames, this.formats.generalNames);
    this.writeValue(out, der, extensions, Extension.SubjectKeyIdentifier);
  }

  /** Keys that the Go server does not have. */
  private writeAdditions(out: ByteWriter, der: DerReader, extensions: ExtensionFields): void {
    this.writeValue(out, der, extensions, Extension.CrlDistributionPoints);
    this.writeList(out, der, ISSUER_ALT_NAME, extensions.issuerAltNames, this.formats.generalNames);
    if (extensions.others.length > 0) this.writeExtra(out, der, extensions);
  }

  private writeKey(out: ByteWriter, name: TextPiece): void {
    if (out.length > this.first) out.byte(COMMA);
    out.text(name);
  }

  private writeConstant(out: ByteWriter, name: TextPiece, text: TextPiece): void {
    this.writeKey(out, name);
    out.text(text);
  }

  private writeValue(out: ByteWriter, der: DerReader, extensions: ExtensionFields, kind: number): void {
    if (!extensions.has(kind)) return;
    const { name, write, unique } = this.strings[kind];
    const start = extensions.start[kind];
    const end = extensions.end[kind];
    const before = out.length;
    this.writeKey(out, name);
    if (unique === undefined && this.memo.write(out, kind, der, start, end)) return;
    const text = out.length;
    out.byte(QUOTE);
    const outcome = write(out, der, start, end);
    if (outcome === value.Outcome.Written) {
      out.byte(QUOTE);
      if (unique === undefined) this.memo.offer(out, text, kind, der, start, end);
      return;
    }
    out.length = before;
    if (outcome === value.Outcome.Malformed) extensions.malformed++;
  }

  private writeAuthorityInfoAccess(out: ByteWriter, der: DerReader, lists: RangeList): void {
    const kind = Extension.AuthorityInfoAccess;
    if (lists.length !== 1) {
      return this.writeList(out, der, AUTHORITY_INFO_ACCESS, lists, this.formats.authorityInfoAccess);
    }
    this.writeKey(out, AUTHORITY_INFO_ACCESS);
    const start = lists.start(0);
    const end = lists.end(0);
    if (this.memo.write(out, kind, der, start, end)) return;
    const text = out.length;
    out.byte(QUOTE);
    this.formats.authorityInfoAccess(out, der, lists);
    out.byte(QUOTE);
    this.memo.offer(out, text, kind, der, start, end);
  }

  private writeList(
    out: ByteWriter,
    der: DerReader,
    name: TextPiece,
    lists: RangeList,
    write: ListWriter,
  ): void {
    if (lists.length === 0) return;
    this.writeKey(out, name);
    out.byte(QUOTE);
    write(out, der, lists);
    out.byte(QUOTE);
  }

  /** OIDs of the extensions that have no key of their own, last one first, as the original prints them. */
  private writeExtra(out: ByteWriter, der: DerReader, extensions: ExtensionFields): void {
    const { others } = extensions;
    const before = out.length;
    this.writeKey(out, EXTRA);
    out.byte(0x5b);
    const first = out.length;
    for (let i = others.length - 1; i >= 0; i--) {
      const item = out.length;
      if (item > first) out.byte(COMMA);
      out.byte(QUOTE);
      if (writeOid(out, der.bytes, others.start(i), others.end(i))) out.byte(QUOTE);
      else {
        out.length = item;
        extensions.malformed++;
      }
    }
    if (out.length === first) out.length = before;
    else out.byte(0x5d);
  }
}
