import { generateKeyPairSync } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from './pki/certificate-builder.js';
import type { SubjectAltName } from './pki/certificate-builder.js';
import { issueCa, spkiOf } from './pki/certificate-authority.js';
import type { CertificateAuthority } from './pki/certificate-authority.js';
import { ipAddressBytes } from './pki/certificate-builder.js';

const DAY = 86_400_000;
const DIGITAL_SIGNATURE = 0x80;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export interface ServerCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  /** The CA certificate that a TLS client must trust. */
  readonly caPem: string;
  /** The CA, which can issue further certificates. */
  readonly ca: CertificateAuthority;
}

export interface ServerCertificateOptions {
  /** Default: a new CA. */
  readonly ca?: CertificateAuthority;
  /** Start of the validity, milliseconds since the epoch. Default: yesterday. */
  readonly notBefore?: number;
}

/**
 * Creates an ECDSA certificate for a TLS server, which clients can use too, valid for 90 days.
 * @param hosts DNS names and IPv4 or IPv6 addresses. The first one is also the common name.
 */
export function createServerCertificate(
  hosts: readonly string[],
  options: ServerCertificateOptions = {},
): ServerCertificate {
  const { ca = issueCa('Simulated TLS Root', newKey(), 1), notBefore = Date.now() - DAY } = options;
  const key = newKey();
  const spki = spkiOf(key);
  const tbs = x509.tbsCertificate(
    {
      serialNumber: Buffer.from(`${Date.now()}`),
      issuer: ca.name,
      subject: x509.distinguishedName({ CN: hosts[0] ?? 'localhost' }),
      notBefore: new Date(notBefore),
      notAfter: new Date(notBefore + 90 * DAY),
      spki,
      extensions: [
        x509.basicConstraints(false),
        x509.keyUsage(DIGITAL_SIGNATURE),
        x509.extendedKeyUsage(SERVER_AUTH, CLIENT_AUTH),
        x509.subjectAltName(hosts.map(altName), false),
        x509.subjectKeyIdentifier(spki),
        x509.authorityKeyIdentifier(ca.spki),
      ],
    },
    ca.privateKey,
  );
  return {
    certPem: pem('CERTIFICATE', x509.signCertificate(tbs, ca.privateKey)),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    caPem: pem('CERTIFICATE', ca.der),
    ca,
  };
}

function newKey() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function altName(host: string): SubjectAltName {
  return isIP(host) ? { ip: ipAddressBytes(host) } : { dns: host };
}

export function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
