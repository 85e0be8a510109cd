import { CertificateBatch } from '../certificate-batch.js';
import type { LeafCert } from '../certificate-message.js';
import { CertificateRenderer } from '../certificate-renderer.js';
import { encodeOid } from '../oid.js';
import { batchOf } from './log-entries.js';

/** Encodes one element with a definite, minimal length (X.690, 8.1). */
export function tlv(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const length = [body.length & 0xff];
  for (let high = body.length >>> 8; high > 0; high >>>= 8) length.unshift(high & 0xff);
  const header = body.length < 0x80 ? [body.length] : [0x80 | length.length, ...length];
  return Buffer.concat([Buffer.from([tag, ...header]), body]);
}

export function sequence(...items: Buffer[]): Buffer {
  return tlv(0x30, ...items);
}

export function oid(dotted: string): Buffer {
  return tlv(0x06, encodeOid(dotted));
}

export function octets(...contents: Buffer[]): Buffer {
  return tlv(0x04, ...contents);
}

export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(/[\s:]/g, ''), 'hex');
}

export function integer(contents: string): Buffer {
  return tlv(0x02, hex(contents));
}

/** Encodes a character string, by default a UTF8String. */
export function text(value: string | Buffer, tag = 0x0c): Buffer {
  return tlv(tag, Buffer.from(value as string));
}

/** An attribute `[type, value]`. {@link name} makes one RDN of each attribute or list of attributes. */
export type Rdn = [type: string, value: string | Buffer];

export function name(...rdns: (Rdn | Rdn[])[]): Buffer {
  const types: Record<string, string> = {
    C: '2.5.4.6',
    CN: '2.5.4.3',
    L: '2.5.4.7',
    O: '2.5.4.10',
    OU: '2.5.4.11',
    ST: '2.5.4.8',
    street: '2.5.4.9',
    DC: '0.9.2342.19200300.100.1.25',
    email: '1.2.840.113549.1.9.1',
  };
  const attribute = ([type, value]: Rdn): Buffer =>
    sequence(oid(types[type] ?? type), Buffer.isBuffer(value) ? value : text(value));
  return sequence(
    ...rdns.map((rdn) =>
      tlv(0x31, ...(Array.isArray(rdn[0]) ? (rdn as Rdn[]) : [rdn as Rdn]).map(attribute)),
    ),
  );
}

export function extension(type: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(type), ...(critical ? [hex('0101ff')] : []), octets(value));
}

export function utcTime(value: string): Buffer {
  return tlv(0x17, Buffer.from(value, 'latin1'));
}

export function generalizedTime(value: string): Buffer {
  return tlv(0x18, Buffer.from(value, 'latin1'));
}

/** Encodes a subjectAltName extension from `[tag, contents]` pairs. */
export function subjectAltName(...names: [tag: number, contents: string | Buffer][]): Buffer {
  return extension('2.5.29.17', generalNames(...names));
}

export function generalNames(...names: [tag: number, contents: string | Buffer][]): Buffer {
  return sequence(...names.map(([tag, contents]) => tlv(tag, Buffer.from(contents as string))));
}

export const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

/** Parts of a certificate that replace those of the default certificate. */
export interface Parts {
  version?: Buffer;
  serial?: Buffer;
  signature?: Buffer;
  issuer?: Buffer;
  validity?: Buffer;
  subject?: Buffer;
  publicKey?: Buffer;
  extensions?: Buffer[];
}

export function tbsCertificate(parts: Parts = {}): Buffer {
  return sequence(
    parts.version ?? tlv(0xa0, integer('02')),
    parts.serial ?? integer('0abc'),
    parts.signature ?? ECDSA_SHA256,
    parts.issuer ?? name(['C', 'US'], ['O', 'Test CA'], ['CN', 'Issuing CA']),
    parts.validity ?? sequence(utcTime('250101000000Z'), utcTime('260101000000Z')),
    parts.subject ?? name(['CN', 'example.com']),
    parts.publicKey ?? sequence(ECDSA_SHA256, tlv(0x03, hex('0004'))),
    ...(parts.extensions === undefined ? [] : [tlv(0xa3, sequence(...parts.extensions))]),
  );
}

export function certificate(parts: Parts = {}): Buffer {
  return sequence(tbsCertificate(parts), parts.signature ?? ECDSA_SHA256, tlv(0x03, hex('00 30 00')));
}

/** Returns `leaf_cert` of the lite message for one certificate. */
export function leafCertOf(der: Buffer): LeafCert {
  const entry = { timestamp: 1763795400123, submitted: der, chain: Buffer.alloc(0) };
  return new CertificateBatch(batchOf([entry]), new CertificateRenderer()).entry(0).message().data.leaf_cert;
}
