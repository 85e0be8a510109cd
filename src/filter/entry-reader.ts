import { isUtf8 } from 'node:buffer';
import { ByteWriter } from '../certificate/byte-writer.js';
import { CertificateFields } from '../certificate/certificate-fields.js';
import { type DerReader, type RangeList, Tag } from '../certificate/der-reader.js';
import { DomainList } from '../certificate/domain-list.js';
import type { EntryBatch } from '../certificate/entry-batch.js';
import { GeneralName } from '../certificate/general-names.js';
import { isIpAddress } from '../certificate/ip-address.js';
import { writeString } from '../certificate/json-text.js';
import { MAX_DOMAIN_BYTES } from '../certificate/text-limits.js';
import { comparedName } from './domain-labels.js';
import type { IssuerName } from './issuer-matcher.js';
import { NameLocator } from './name-locator.js';

/** Larger certificates may have more names than `all_domains` prints. */
const SMALL_CERTIFICATE = 512 * 1024;
const FIRST_MEMORY = 4096;
const FIRST_NAMES = 64;
const DOT = 0x2e;
/** Up to this number of names, a CN is compared with the others, because it is usually one of them. */
const COMPARED = 4;

const LOWER = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
);

/**
 * Reads the names of one entry in the form that matchers compare. They are the names that `all_domains` prints; a name may
 * occur twice. Names in ASCII, which are nearly all, are copied octet by octet; for others it makes a string. The object is
 * reused for the next entry. It accepts any octets.
 */
export class EntryReader {
  /** The names are `names[starts[i], ends[i])`. */
  names = Buffer.allocUnsafeSlow(FIRST_MEMORY);
  starts = new Int32Array(FIRST_NAMES);
  ends = new Int32Array(FIRST_NAMES);
  /** 1 for a name in ASCII. */
  ascii = new Uint8Array(FIRST_NAMES);
  count = 0;
  private length = 0;
  private readonly text = new ByteWriter(256);
  /** Used for well-formed certificates; {@link fields} for all others. */
  private readonly located = new NameLocator();
  private readonly fields = new CertificateFields();
  private isLocated = false;

  /** Reads the fields of entry `i`. */
  read(batch: EntryBatch, i: number): void {
    this.isLocated = this.located.locate(batch, i, SMALL_CERTIFICATE);
    if (!this.isLocated) this.fields.readEntry(batch, i);
  }

  /** The issuer of the entry that was read last. */
  get issuer(): IssuerName {
    return this.isLocated ? this.located : this.fields;
  }

  get isCa(): boolean {
    return this.isLocated ? this.located.isCa : this.fields.extensions.isCa;
  }

  /** Sets the names of the entry that was read last. */
  readNames(): void {
    const { fields, located } = this;
    this.count = 0;
    this.length = 0;
    if (this.names.length > SMALL_CERTIFICATE) this.names = Buffer.allocUnsafeSlow(FIRST_MEMORY);
    if (this.isLocated) {
      this.addDnsNames(located.der, located.subjectAltNames);
      if (!located.isCa && located.commonNameTag !== 0) this.addCommonName(located);
      return;
    }
    if (fields.size > SMALL_CERTIFICATE) return this.readPrintedNames();
    this.addDnsNames(fields.der, fields.extensions.subjectAltNames);
    if (fields.extensions.isCa || fields.subject.commonNameSize > MAX_DOMAIN_BYTES) return;
    this.text.restart(0);
    if (fields.subject.hasCommonName()) fields.subject.writeCommonName(this.text);
    this.addWritten();
  }

  /** Calls `found` with the octets of every IP address in subjectAltName. */
  readAddresses(found: (octets: Uint8Array) => void): void {
    const { der } = this.issuer;
    const { subjectAltNames } = this.isLocated ? this.located : this.fields.extensions;
    for (let i = 0; i < subjectAltNames.length; i++) {
      const end = subjectAltNames.end(i);
      for (let at = subjectAltNames.start(i); at < end && der.read(at, end); at = der.end) {
        if (der.tag === GeneralName.IpAddress && isIpAddress(der.start, der.end))
          found(der.bytes.subarray(der.start, der.end));
      }
    }
  }

  private addDnsNames(der: DerReader, lists: RangeList): void {
    for (let i = 0; i < lists.length; i++) {
      const end = lists.end(i);
      for (let at = lists.start(i); at < end && der.read(at, end); at = der.end) {
        if (der.tag === GeneralName.Dns && der.end - der.start <= MAX_DOMAIN_BYTES)
          this.addOctets(der.bytes, der.start, der.end);
      }
    }
  }

  private addCommonName({ der, commonNameTag, commonNameStart, commonNameEnd }: NameLocator): void {
    const size = commonNameEnd - commonNameStart;
    if (size === 0 || size > MAX_DOMAIN_BYTES) return;
    if (commonNameTag === Tag.BmpString || commonNameTag === Tag.UniversalString) {
      this.text.restart(0);
      writeString(this.text, commonNameTag, der, commonNameStart, commonNameEnd);
      return this.addWritten();
    }
    this.addOctets(der.bytes, commonNameStart, commonNameEnd);
    if (this.count > 1 && this.count <= COMPARED + 1 && this.isRepeated(this.count - 1)) this.count--;
  }

  /** Adds the inside of a JSON string, unless it is empty. */
  private addWritten(): void {
    const { buffer, length } = this.text;
    if (length > 0) this.addText(JSON.parse(`"${buffer.toString('utf8', 0, length)}"`) as string);
  }

  /** Takes the names from the text of `all_domains`, which contains each of them once and is bounded. */
  private readPrintedNames(): void {
    const out = new ByteWriter();
    new DomainList().write(out, this.fields);
    for (const name of JSON.parse(out.buffer.toString('utf8', 0, out.length)) as string[]) this.addText(name);
  }

  /** Adds a name in ASCII or, as `all_domains` prints it, in UTF-8 if the octets are valid UTF-8, and otherwise in Latin-1. */
  private addOctets(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start);
    const { names } = this;
    let at = this.length;
    let all = 0;
    for (let i = start; i < end; i++) {
      const octet = bytes[i];
      all |= octet;
      names[at++] = LOWER[octet];
    }
    if (all >= 0x80) {
      const encoding = isUtf8(bytes.subarray(start, end)) ? 'utf8' : 'latin1';
      return this.addText(bytes.toString(encoding, start, end));
    }
    this.add(at > this.length && names[at - 1] === DOT ? at - 1 : at, true);
  }

  private addText(text: string): void {
    const name = comparedName(text);
    const size = Buffer.byteLength(name);
    this.reserve(size);
    this.names.write(name, this.length);
    this.add(this.length + size, size === name.length);
  }

  private add(end: number, isAscii: boolean): void {
    this.starts[this.count] = this.length;
    this.ends[this.count] = end;
    this.ascii[this.count] = isAscii ? 1 : 0;
    this.count++;
    this.length = end;
  }

  private isRepeated(name: number): boolean {
    const { names, starts, ends } = this;
    const size = ends[name] - starts[name];
    next: for (let i = 0; i < name; i++) {
      if (ends[i] - starts[i] !== size) continue;
      for (let k = 0; k < size; k++) if (names[starts[i] + k] !== names[starts[name] + k]) continue next;
      return true;
    }
    return false;
  }

  /** Makes room for one name of `size` octets. */
  private reserve(size: number): void {
    if (this.length + size > this.names.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (this.length + size));
      this.names.copy(larger, 0, 0, this.length);
      this.names = larger;
    }
    if (this.count < this.starts.length) return;
    const capacity = 2 * this.count;
    const copyTo = <T extends Int32Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.starts = copyTo(this.starts, new Int32Array(capacity));
    this.ends = copyTo(this.ends, new Int32Array(capacity));
    this.ascii = copyTo(this.ascii, new Uint8Array(capacity));
  }
}
