import { type KeyObject, constants, createPublicKey, sign } from 'node:crypto';
import * as der from '../../src/certificate/testing/der-builder.js';

const NULL = der.hex('0500');
const MGF1 = '1.2.840.113549.1.1.8';
const SHA256 = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'), NULL);

/** A time as the certificate has it, and as a log encodes it again (DER of RFC 5280, 4.1.2.5). */
export interface CertificateTime {
  readonly seconds: number;
  readonly written: Buffer;
  readonly canonical: Buffer;
}

export interface Extension {
  readonly id: string;
  readonly value: Buffer;
  /** `explicit-false`: the default value is written, which DER forbids and parsers accept. */
  readonly critical?: boolean | 'explicit-false';
}

/** The fields of a TBSCertificate except for those of its issuer. */
export interface CertificateParts {
  readonly version: 1 | 3;
  /** Contents of the INTEGER. */
  readonly serial: Buffer;
  readonly subject: Buffer;
  readonly notBefore: CertificateTime;
  readonly notAfter: CertificateTime;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  /** issuerUniqueID and subjectUniqueID. */
  readonly uniqueIds?: readonly [Buffer, Buffer];
  readonly extensions: readonly Extension[];
}

/** The name and key that sign a certificate. */
export interface Signer {
  /** DER Name. */
  readonly name: Buffer;
  readonly algorithm: SignatureAlgorithm;
}

/** An AlgorithmIdentifier, and the function that signs with it. */
export interface SignatureAlgorithm {
  readonly identifier: Buffer;
  sign(tbs: Buffer): Buffer;
}

/**
 * How a TBSCertificate is encoded: as it was written, or as logs do that parse it and encode it again. Some of these write an empty list
 * of extensions.
 */
export type Encoding = 'written' | 'canonical' | 'with-empty-extensions';

/** Encodes a TBSCertificate. */
export function encodeTbs(parts: CertificateParts, signer: Signer, encoding: Encoding = 'written'): Buffer {
  const { version, serial, subject, notBefore, notAfter, publicKey, uniqueIds, extensions } = parts;
  const form = encoding === 'written' ? 'written' : 'canonical';
  const ids = (uniqueIds ?? []).map((id, i) => der.tlv(0x81 + i, Buffer.from([0]), id));
  const list = extensions.map((extension) => encodeExtension(extension, form));
  return der.sequence(
    ...(version === 1 ? [] : [der.tlv(0xa0, der.integer('02'))]),
    der.tlv(0x02, serial),
    signer.algorithm.identifier,
    signer.name,
    der.sequence(notBefore[form], notAfter[form]),
    subject,
    publicKey,
    ...ids,
    ...(list.length === 0 && encoding !== 'with-empty-extensions'
      ? []
      : [der.tlv(0xa3, der.sequence(...list))]),
  );
}

/** Encodes a certificate. */
export function encodeCertificate(parts: CertificateParts, signer: Signer): Buffer {
  const tbs = encodeTbs(parts, signer);
  const { algorithm } = signer;
  return der.sequence(tbs, algorithm.identifier, der.tlv(0x03, Buffer.from([0]), algorithm.sign(tbs)));
}

function encodeExtension({ id, value, critical = false }: Extension, form: Encoding): Buffer {
  const isWritten = critical === 'explicit-false' && form === 'written';
  const flag = critical === true ? [der.hex('0101ff')] : isWritten ? [der.hex('010100')] : [];
  return der.sequence(der.oid(id), ...flag, der.octets(value));
}

/** Returns a time in the encoding of RFC 5280, 4.1.2.5. */
export function timeOf(iso: string): CertificateTime {
  const seconds = Date.parse(iso) / 1000;
  const digits = `${new Date(seconds * 1000)
    .toISOString()
    .replace(/[-:T]|\.\d+Z$/g, '')
    .padStart(14, '0')}Z`;
  const year = Number(digits.slice(0, 4));
  const canonical = year >= 1950 && year < 2050 ? der.utcTime(digits.slice(2)) : der.generalizedTime(digits);
  return { seconds, written: canonical, canonical };
}

/** Returns a time that is written as GeneralizedTime, whatever its year. */
export function generalizedTimeOf(iso: string): CertificateTime {
  const time = timeOf(iso);
  const digits = new Date(time.seconds * 1000).toISOString().replace(/[-:T]|\.\d+Z$/g, '');
  return { ...time, written: der.generalizedTime(`${digits}Z`) };
}

/** Returns a time that is written as UTCTime without seconds. `iso` must have zero seconds. */
export function minuteTimeOf(iso: string): CertificateTime {
  const time = timeOf(iso);
  return { ...time, written: der.utcTime(time.canonical.toString('latin1', 2, 12) + 'Z') };
}

export function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** Returns the usual signature algorithm of a key. */
export function algorithmOf(key: KeyObject): SignatureAlgorithm {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return rsaAlgorithm(key, 'sha256');
    case 'ed25519':
      return { identifier: der.sequence(der.oid('1.3.101.112')), sign: (tbs) => sign(null, tbs, key) };
    default:
      return ecdsaAlgorithm(key);
  }
}

/** Returns RSASSA-PKCS1-v1_5 with a hash. */
export function rsaAlgorithm(
  key: KeyObject,
  digest: 'sha1' | 'sha256' | 'sha384' | 'sha512',
): SignatureAlgorithm {
  const arc = { sha1: 5, sha256: 11, sha384: 12, sha512: 13 }[digest];
  const identifier = der.sequence(der.oid(`1.2.840.113549.1.1.${arc}`), NULL);
  return { identifier, sign: (tbs) => sign(digest, tbs, key) };
}

/** Returns RSASSA-PSS with SHA-256 and a salt of 32 octets. */
export function pssAlgorithm(key: KeyObject): SignatureAlgorithm {
  const parameters = der.sequence(
    der.tlv(0xa0, SHA256),
    der.tlv(0xa1, der.sequence(der.oid(MGF1), SHA256)),
    der.tlv(0xa2, der.integer('20')),
  );
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return {
    identifier: der.sequence(der.oid('1.2.840.113549.1.1.10'), parameters),
    sign: (tbs) => sign('sha256', tbs, { key, padding, saltLength: 32 }),
  };
}

function ecdsaAlgorithm(key: KeyObject): SignatureAlgorithm {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const [arc, digest] =
    curve === 'secp384r1' ? [3, 'sha384'] : curve === 'secp521r1' ? [4, 'sha512'] : [2, 'sha256'];
  return {
    identifier: der.sequence(der.oid(`1.2.840.10045.4.3.${arc}`)),
    sign: (tbs) => sign(digest, tbs, key),
  };
}
