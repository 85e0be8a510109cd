import type { ByteWriter } from './byte-writer.js';
import type { DerReader, RangeList } from './der-reader.js';
import type { ExtensionFormats, ListWriter } from './dialects/dialect.js';
import { Extension, type ExtensionFields } from './extension-fields.js';
import * as value from './extension-values.js';
import { ascii, type TextPiece } from './text-piece.js';
import { writeOid } from './oid.js';
import { ValueMemo } from './value-memo.js';

/** Returns the key of a string member, from the comma in front of it to the opening quote of the value. */
function key(name: string): TextPiece {
  return ascii(`,"${name}":"`);
}

const AUTHORITY_INFO_ACCESS = key('authorityInfoAccess');
const SUBJECT_ALT_NAME = key('subjectAltName');
const ISSUER_ALT_NAME = key('issuerAltName');
const CA_TRUE = ascii(',"basicConstraints":"CA:TRUE"');
const CA_FALSE = ascii(',"basicConstraints":"CA:FALSE"');
const POISON = ascii(',"ctlPoisonByte":true');
const EXTRA = ascii(',"extra":[');

/** An extension whose value becomes one string. */
interface StringExtension {
  readonly name: TextPiece;
  readonly write: value.ValueWriter;
  /** True if the value is different in every certificate. */
  readonly unique?: true;
}

/** Returns the string extensions by {@link Extension}. */
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

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Writes the `extensions` object: the keys of the Go server plus the keys that only the original server prints
 * (docs/wire-format.md, 1.4 and 2.2), with values in the formats of one dialect. Malformed extensions are left out and
 * added to `extensions.malformed`.
 */
export class ExtensionsWriter {
  private readonly strings: Record<number, StringExtension>;
  private readonly memo = new ValueMemo();

  constructor(private readonly formats: ExtensionFormats) {
    this.strings = stringExtensions(formats);
  }

  /** @param precertificate whether the entry is a precert_entry, whose TBSCertificate lacks the poison */
  write(out: ByteWriter, der: DerReader, extensions: ExtensionFields, precertificate: boolean): void {
    const start = out.length;
    this.writeServiceExtensions(out, der, extensions);
    this.writeUsageExtensions(out, der, extensions);
    if (precertificate || extensions.has(Extension.Poison)) out.text(POISON);
    this.writeAdditions(out, der, extensions);
    // Every key begins with a comma, so that key and value can be cached together. The first comma becomes the brace.
    if (out.length === start) out.byte(OPENING_BRACE);
    else out.buffer[start] = OPENING_BRACE;
    out.byte(CLOSING_BRACE);
  }

  private writeServiceExtensions(out: ByteWriter, der: DerReader, extensions: ExtensionFields): void {
    this.writeAuthorityInfoAccess(out, der, extensions.authorityInfoAccess);
    this.writeValue(out, der, extensions, Extension.AuthorityKeyIdentifier);
    if (extensions.has(Extension.BasicConstraints)) out.text(extensions.isCa ? CA_TRUE : CA_FALSE);
    this.writeValue(out, der, extensions, Extension.CertificatePolicies);
    this.writeValue(out, der, extensions, Extension.SignedCertificateTimestamps);
  }

  private writeUsageExtensions(out: ByteWriter, der: DerReader, extensions: ExtensionFields): void {
    this.writeValue(out, der, extensions, Extension.ExtendedKeyUsage);
    this.writeValue(out, der, extensions, Extension.KeyUsage);
    this.writeList(out, der, SUBJECT_ALT_NAME, extensions.subjectAltNames, this.formats.generalNames);
    this.writeValue(out, der, extensions, Extension.SubjectKeyIdentifier);
  }

  /** Writes the keys that the Go server does not have. */
  private writeAdditions(out: ByteWriter, der: DerReader, extensions: ExtensionFields): void {
    this.writeValue(out, der, extensions, Extension.CrlDistributionPoints);
    this.writeList(out, der, ISSUER_ALT_NAME, extensions.issuerAltNames, this.formats.generalNames);
    if (extensions.others.length > 0) this.writeExtra(out, der, extensions);
  }

  private writeValue(out: ByteWriter, der: DerReader, extensions: ExtensionFields, kind: number): void {
    if (!extensions.has(kind)) return;
    const { name, write, unique } = this.strings[kind];
    const start = extensions.start[kind];
    const end = extensions.end[kind];
    if (unique === undefined && this.memo.write(out, kind, der, start, end)) return;
    const before = out.length;
    out.text(name);
    const outcome = write(out, der, start, end);
    if (outcome === value.Outcome.Written) {
      out.byte(QUOTE);
      if (unique === undefined) this.memo.offer(out, before, kind, der, start, end);
      return;
    }
    out.length = before;
    if (outcome === value.Outcome.Malformed) extensions.addMalformed(kind);
  }

  private writeAuthorityInfoAccess(out: ByteWriter, der: DerReader, lists: RangeList): void {
    const kind = Extension.AuthorityInfoAccess;
    if (lists.length !== 1) {
      return this.writeList(out, der, AUTHORITY_INFO_ACCESS, lists, this.formats.authorityInfoAccess);
    }
    const start = lists.start(0);
    const end = lists.end(0);
    if (this.memo.write(out, kind, der, start, end)) return;
    const text = out.length;
    out.text(AUTHORITY_INFO_ACCESS);
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
    out.text(name);
    write(out, der, lists);
    out.byte(QUOTE);
  }

  /** Writes the OIDs of extensions without a key of their own, in reverse order like the original server. */
  private writeExtra(out: ByteWriter, der: DerReader, extensions: ExtensionFields): void {
    const { others } = extensions;
    const before = out.length;
    out.text(EXTRA);
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
