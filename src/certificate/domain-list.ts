import type { ByteWriter } from './byte-writer.js';
import type { CertificateFields } from './certificate-fields.js';
import { GeneralName } from './general-names.js';
import { writeText } from './json-text.js';
import { MAX_DOMAIN_BYTES, MAX_DOMAINS_BYTES } from './text-limits.js';

/** Up to this number, names are compared with each other; further names are looked up in a Set. */
const COMPARED = 24;
const QUOTE = 0x22;
const COMMA = 0x2c;

/**
 * Writes `all_domains` (docs/wire-format.md): the dNSNames of the SAN in the order of the certificate, then the CN of the
 * subject unless it is empty or the certificate is a CA's. Names with equal JSON texts are written once, at the first
 * position. The time is linear in the number of names. Names beyond {@link MAX_DOMAINS_BYTES} and names longer than
 * {@link MAX_DOMAIN_BYTES} are left out and noted as a problem of the certificate.
 */
export class DomainList {
  private readonly starts = new Int32Array(COMPARED);
  private readonly ends = new Int32Array(COMPARED);
  private count = 0;
  private known: Set<string> | undefined;

  write(out: ByteWriter, fields: CertificateFields): void {
    this.count = 0;
    this.known = undefined;
    out.byte(0x5b);
    this.writeDnsNames(out, fields);
    if (!fields.extensions.isCa && fields.subject.hasCommonName()) this.writeCommonName(out, fields);
    out.byte(0x5d);
  }

  private writeDnsNames(out: ByteWriter, fields: CertificateFields): void {
    const { der, extensions } = fields;
    const { subjectAltNames } = extensions;
    const limit = out.length + MAX_DOMAINS_BYTES;
    for (let i = 0; i < subjectAltNames.length; i++) {
      const end = subjectAltNames.end(i);
      for (let at = subjectAltNames.start(i); at < end && der.read(at, end); at = der.end) {
        if (der.tag !== GeneralName.Dns) continue;
        if (out.length > limit) return fields.note('oversized_certificate');
        if (der.end - der.start > MAX_DOMAIN_BYTES) {
          fields.note('oversized_certificate');
          continue;
        }
        const before = this.open(out);
        writeText(out, der, der.start, der.end);
        this.close(out, before);
      }
    }
  }

  private writeCommonName(out: ByteWriter, fields: CertificateFields): void {
    if (fields.subject.commonNameSize > MAX_DOMAIN_BYTES) return fields.note('oversized_certificate');
    const before = this.open(out);
    const start = out.length;
    fields.subject.writeCommonName(out);
    if (out.length === start) out.length = before;
    else this.close(out, before);
  }

  /** @returns the length to restore if the name turns out to be a duplicate. */
  private open(out: ByteWriter): number {
    const before = out.length;
    if (this.count > 0) out.byte(COMMA);
    out.byte(QUOTE);
    return before;
  }

  private close(out: ByteWriter, before: number): void {
    const start = before + (this.count > 0 ? 2 : 1);
    const end = out.length;
    if (this.isKnown(out, start, end)) out.length = before;
    else {
      out.byte(QUOTE);
      this.count++;
    }
  }

  /** Reports whether the text `[start, end)` is already in the list, and adds it if not. */
  private isKnown(out: ByteWriter, start: number, end: number): boolean {
    if (this.known === undefined) {
      for (let i = 0; i < this.count; i++) {
        if (this.ends[i] - this.starts[i] === end - start && this.equals(out.buffer, i, start)) return true;
      }
      if (this.count < COMPARED) {
        this.starts[this.count] = start;
        this.ends[this.count] = end;
        return false;
      }
      this.known = this.rememberAll(out.buffer);
    }
    const size = this.known.size;
    this.known.add(out.buffer.toString('latin1', start, end));
    return this.known.size === size;
  }

  private equals(buffer: Buffer, i: number, start: number): boolean {
    // Names of one certificate usually differ at the beginning and share their end.
    const other = this.starts[i];
    const size = this.ends[i] - other;
    for (let k = 0; k < size; k++) if (buffer[other + k] !== buffer[start + k]) return false;
    return true;
  }

  private rememberAll(buffer: Buffer): Set<string> {
    const names = new Set<string>();
    for (let i = 0; i < this.count; i++) names.add(buffer.toString('latin1', this.starts[i], this.ends[i]));
    return names;
  }
}
