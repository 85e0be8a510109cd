import { hash, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import * as der from './der-writer.js';

const ECDSA_SHA256 = der.sequence(der.oid('1.2.840.10045.4.3.2'));
const RSA_SHA256 = der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nullValue());

const ATTRIBUTE_OIDS = {
  C: '2.5.4.6',
  ST: '2.5.4.8',
  L: '2.5.4.7',
  street: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  CN: '2.5.4.3',
  email: '1.2.840.113549.1.9.1',
} as const;

/** Attributes of a distinguished name, in the order in which they are encoded. */
export type NameAttributes = Partial<Record<keyof typeof ATTRIBUTE_OIDS, string>>;

export type SubjectAltName =
  | { dns: string }
  | { email: string }
  | { uri: string }
  /** 4 or 16 bytes */
  | { ip: Buffer };

/** The fields of a TBSCertificate (RFC 5280, 4.1) except for the signature algorithm. */
export interface CertificateFields {
  /** Big-endian magnitude, at most 20 bytes. */
  readonly serialNumber: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER SubjectPublicKeyInfo of the subject. */
  readonly spki: Buffer;
  readonly extensions: readonly Buffer[];
}

/** Encodes a Name (RFC 5280, 4.1.2.4) with one attribute per RDN. */
export function distinguishedName(attributes: NameAttributes): Buffer {
  const names = Object.entries(attributes) as [keyof typeof ATTRIBUTE_OIDS, string][];
  const rdns = names.map(([name, value]) =>
    der.setOf(der.sequence(der.oid(ATTRIBUTE_OIDS[name]), attributeValue(name, value))),
  );
  return der.sequence(...rdns);
}

function attributeValue(name: keyof typeof ATTRIBUTE_OIDS, value: string): Buffer {
  if (name === 'C') return der.printableString(value);
  return name === 'email' ? der.ia5String(value) : der.utf8String(value);
}

/** Encodes a TBSCertificate of version 3 that `signer` signs. */
export function tbsCertificate(fields: CertificateFields, signer: KeyObject): Buffer {
  return der.sequence(
    der.explicit(0, der.smallInteger(2)),
    der.unsignedInteger(fields.serialNumber),
    signatureAlgorithm(signer),
    fields.issuer,
    der.sequence(der.time(fields.notBefore), der.time(fields.notAfter)),
    fields.subject,
    fields.spki,
    der.explicit(3, der.sequence(...fields.extensions)),
  );
}

export function signCertificate(tbs: Buffer, signer: KeyObject): Buffer {
  return der.sequence(tbs, signatureAlgorithm(signer), der.bitString(sign('sha256', tbs, signer)));
}

function signatureAlgorithm(signer: KeyObject): Buffer {
  return signer.asymmetricKeyType === 'rsa' ? RSA_SHA256 : ECDSA_SHA256;
}

export function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der.boolean(true)] : [];
  return der.sequence(der.oid(id), ...flag, der.octetString(value));
}

export function basicConstraints(isCa: boolean): Buffer {
  return extension('2.5.29.19', der.sequence(...(isCa ? [der.boolean(true)] : [])), true);
}

/** Encodes a KeyUsage extension. @param firstByte bits 0 to 7, with bit 0 as the most significant bit. */
export function keyUsage(firstByte: number): Buffer {
  const unusedBits = Math.min(7, 31 - Math.clz32(firstByte & -firstByte));
  return extension('2.5.29.15', der.bitString(Buffer.from([firstByte]), unusedBits), true);
}

export function extendedKeyUsage(...purposes: string[]): Buffer {
  return extension('2.5.29.37', der.sequence(...purposes.map((purpose) => der.oid(purpose))));
}

/** Returns the keyIdentifier by method 1 of RFC 5280, 4.2.1.2, over the whole SubjectPublicKeyInfo. */
export function keyIdentifier(spki: Buffer): Buffer {
  return hash('sha1', spki, 'buffer');
}

export function subjectKeyIdentifier(spki: Buffer): Buffer {
  return extension('2.5.29.14', der.octetString(keyIdentifier(spki)));
}

export function authorityKeyIdentifier(issuerSpki: Buffer): Buffer {
  return extension('2.5.29.35', der.sequence(der.implicit(0, keyIdentifier(issuerSpki))));
}

export function subjectAltName(names: readonly SubjectAltName[], critical: boolean): Buffer {
  return extension('2.5.29.17', der.sequence(...names.map(generalName)), critical);
}

function generalName(name: SubjectAltName): Buffer {
  if ('dns' in name) return der.implicit(2, Buffer.from(name.dns, 'latin1'));
  if ('email' in name) return der.implicit(1, Buffer.from(name.email, 'latin1'));
  if ('uri' in name) return der.implicit(6, Buffer.from(name.uri, 'latin1'));
  return der.implicit(7, name.ip);
}

export function authorityInfoAccess(ocsp: string, caIssuers: string): Buffer {
  const access = (method: string, uri: string): Buffer =>
    der.sequence(der.oid(method), der.implicit(6, Buffer.from(uri, 'latin1')));
  return extension(
    '1.3.6.1.5.5.7.1.1',
    der.sequence(access('1.3.6.1.5.5.7.48.1', ocsp), access('1.3.6.1.5.5.7.48.2', caIssuers)),
  );
}

export function certificatePolicies(...policies: string[]): Buffer {
  return extension('2.5.29.32', der.sequence(...policies.map((policy) => der.sequence(der.oid(policy)))));
}

export function crlDistributionPoint(uri: string): Buffer {
  const fullName = der.explicit(0, der.implicit(6, Buffer.from(uri, 'latin1')));
  return extension('2.5.29.31', der.sequence(der.sequence(der.explicit(0, fullName))));
}

/** Encodes the critical poison extension of a precertificate (RFC 6962, 3.1). */
export function poison(): Buffer {
  return extension('1.3.6.1.4.1.11129.2.4.3', der.nullValue(), true);
}

/** Encodes the extension with embedded SCTs. @param list SignedCertificateTimestampList (RFC 6962, 3.3). */
export function embeddedSctList(list: Buffer): Buffer {
  return extension('1.3.6.1.4.1.11129.2.4.2', der.octetString(list));
}

/** Returns the 4 or 16 bytes of an address in text form. An IPv6 zone is not allowed. */
export function ipAddressBytes(address: string): Buffer {
  const version = isIP(address);
  if (version === 4) return Buffer.from(address.split('.').map(Number));
  if (version !== 6 || address.includes('%')) throw new TypeError(`not an IP address: ${address}`);
  const [head = '', tail] = withoutEmbeddedIpv4(address).split('::');
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  const bytes = Buffer.alloc(16);
  [...left, ...zeros, ...right].forEach((group, index) => bytes.writeUInt16BE(group, index * 2));
  return bytes;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function withoutEmbeddedIpv4(address: string): string {
  const start = address.lastIndexOf(':') + 1;
  if (!address.includes('.')) return address;
  const bytes = Buffer.from(address.slice(start).split('.').map(Number));
  return `${address.slice(0, start)}${bytes.readUInt16BE(0).toString(16)}:${bytes.readUInt16BE(2).toString(16)}`;
}
