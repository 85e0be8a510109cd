import { createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import * as x509 from './certificate-builder.js';

const generate = promisify(generateKeyPair);

const NOT_BEFORE = new Date('2025-01-01T00:00:00Z');
const NOT_AFTER = new Date('2040-01-01T00:00:00Z');
const KEY_CERT_SIGN_AND_CRL_SIGN = 0x06;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const PRECERTIFICATE_SIGNING = '1.3.6.1.4.1.11129.2.4.4';

/** A CA certificate with its key. */
export interface CertificateAuthority {
  readonly der: Buffer;
  /** DER Name of its subject. */
  readonly name: Buffer;
  readonly spki: Buffer;
  readonly privateKey: KeyObject;
  /** Certificates above this one, up to and including the root. */
  readonly issuers: readonly Buffer[];
}

/** The test PKI: an RSA and an ECDSA root with one intermediate each, and a precertificate signing certificate. */
export interface CaHierarchy {
  readonly rsaRoot: CertificateAuthority;
  readonly ecdsaRoot: CertificateAuthority;
  readonly rsaIntermediate: CertificateAuthority;
  readonly ecdsaIntermediate: CertificateAuthority;
  /** Issued by `ecdsaIntermediate`, for precertificates only (RFC 6962, 3.1). */
  readonly precertSigning: CertificateAuthority;
}

let shared: Promise<CaHierarchy> | undefined;

/** Returns the hierarchy of this process. The first call generates its keys. */
export function sharedCaHierarchy(): Promise<CaHierarchy> {
  shared ??= createCaHierarchy();
  return shared;
}

async function createCaHierarchy(): Promise<CaHierarchy> {
  const [rsaRootKey, rsaKey, ecRootKey, ecKey, precertKey] = await Promise.all([
    rsaKeyPair(),
    rsaKeyPair(),
    ecdsaKeyPair(),
    ecdsaKeyPair(),
    ecdsaKeyPair(),
  ]);
  const rsaRoot = issueCa('Simulated RSA Root', rsaRootKey, 1);
  const ecdsaRoot = issueCa('Simulated ECDSA Root', ecRootKey, 2);
  const rsaIntermediate = issueCa('Simulated RSA Issuing CA', rsaKey, 3, rsaRoot);
  const ecdsaIntermediate = issueCa('Simulated ECDSA Issuing CA', ecKey, 4, ecdsaRoot);
  const precertSigning = issueCa('Simulated Precert Signing', precertKey, 5, ecdsaIntermediate, [
    x509.extendedKeyUsage(PRECERTIFICATE_SIGNING),
  ]);
  return { rsaRoot, ecdsaRoot, rsaIntermediate, ecdsaIntermediate, precertSigning };
}

export async function ecdsaKeyPair(): Promise<KeyObject> {
  return (await generate('ec', { namedCurve: 'P-256' })).privateKey;
}

async function rsaKeyPair(): Promise<KeyObject> {
  return (await generate('rsa', { modulusLength: 2048 })).privateKey;
}

export function spkiOf(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
}

/** Issues a CA certificate, which is self-signed without `issuer`. */
export function issueCa(
  commonName: string,
  privateKey: KeyObject,
  serial: number,
  issuer?: CertificateAuthority,
  extensions: readonly Buffer[] = issuer ? [x509.extendedKeyUsage(SERVER_AUTH)] : [],
): CertificateAuthority {
  const name = x509.distinguishedName({ C: 'CH', O: 'CT Log Simulator', CN: commonName });
  const spki = spkiOf(privateKey);
  const tbs = x509.tbsCertificate(
    {
      serialNumber: Buffer.from([serial]),
      issuer: issuer?.name ?? name,
      subject: name,
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      spki,
      extensions: [
        x509.basicConstraints(true),
        x509.keyUsage(KEY_CERT_SIGN_AND_CRL_SIGN),
        ...extensions,
        x509.subjectKeyIdentifier(spki),
        x509.authorityKeyIdentifier(issuer?.spki ?? spki),
      ],
    },
    issuer?.privateKey ?? privateKey,
  );
  const der = x509.signCertificate(tbs, issuer?.privateKey ?? privateKey);
  return { der, name, spki, privateKey, issuers: issuer ? [issuer.der, ...issuer.issuers] : [] };
}
