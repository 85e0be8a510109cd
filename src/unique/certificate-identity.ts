import { randomBytes } from 'node:crypto';
import { CertificateFields } from '../certificate/certificate-fields.js';
import { DistinguishedName } from '../certificate/distinguished-name.js';
import { ENTRY_COLUMNS, type EntryBatch, EntryColumn, EntryProblem } from '../certificate/entry-batch.js';
import { HashInput, SipHash } from './sip-hash.js';

/** Most octets of a certificate that are hashed. A certificate with more, which has about a thousand names, has no identity. */
const MAX_HASHED = 65_536;
/** The lengths of the serial number, of the fields and of each subjectAltName are hashed as well. */
const LENGTH_BYTES = 4;
const CA = 0x80000000;

/**
 * Computes the identity of certificates: a hash of issuer and serial number (RFC 5280, 4.1.2.2), and of everything between serial
 * number and extensions, subjectAltName and cA. A precertificate, its certificate and their sightings in all logs have the same
 * identity. The additional fields prevent that a CA hides a certificate: without them, a certificate that was issued with the serial
 * number of an earlier one would count as a repetition, although it is for other names.
 *
 * The fields of a precert_entry are those of its TBSCertificate, which names the issuer of the final certificate even if a
 * precertificate signing certificate signed the precertificate. The hash has a random key, so that nobody can construct two
 * certificates with the same identity.
 */
export class CertificateIdentity {
  /** The two halves of the last identity. They are not both 0. */
  low = 0;
  high = 0;
  private readonly hash: SipHash;
  private readonly input = new HashInput(MAX_HASHED);
  private readonly fields = new CertificateFields();
  private readonly issuer = new DistinguishedName(this.fields.der);

  /** @param key 16 octets */
  constructor(key = randomBytes(16)) {
    this.hash = new SipHash(key);
  }

  /** Computes the identity of entry `i`. @returns false if it has none, because its certificate cannot be read entirely. */
  read(entries: EntryBatch, i: number): boolean {
    if (entries.table[i * ENTRY_COLUMNS + EntryColumn.Problem] !== EntryProblem.None) return false;
    const { fields, issuer, input } = this;
    fields.readEntry(entries, i);
    if (fields.problem !== undefined || !issuer.read(fields.issuerStart, fields.issuerEnd)) return false;
    const { subjectAltNames, isCa } = fields.extensions;
    const { octets } = input;
    octets.writeUInt32LE(fields.serialEnd - fields.serialStart, 0);
    octets.writeUInt32LE(((isCa ? CA : 0) | subjectAltNames.length) >>> 0, LENGTH_BYTES);
    let size = this.append(fields.serialStart, fields.keyEnd, 2 * LENGTH_BYTES);
    for (let list = 0; list < subjectAltNames.length && size > 0; list++)
      size = this.append(subjectAltNames.start(list), subjectAltNames.end(list), size);
    if (size === 0) return false;
    this.hash.hash(input, size);
    this.set(this.hash.low, this.hash.high);
    return true;
  }

  /** Computes the hash of a text of ASCII characters, for example of the key of a filter. */
  readText(text: string): void {
    this.hash.hash(this.input, this.input.octets.write(text, 0, MAX_HASHED, 'latin1'));
    this.set(this.hash.low, this.hash.high);
  }

  /** Appends the octets `[start, end)` of the certificate. @returns the new size; 0 if they do not fit. */
  private append(start: number, end: number, size: number): number {
    const { octets } = this.input;
    if (end < start || size + LENGTH_BYTES + end - start > MAX_HASHED) return 0;
    octets.writeUInt32LE(end - start, size);
    this.fields.der.bytes.copy(octets, size + LENGTH_BYTES, start, end);
    return size + LENGTH_BYTES + end - start;
  }

  private set(low: number, high: number): void {
    this.low = low === 0 && high === 0 ? 1 : low;
    this.high = high;
  }
}
