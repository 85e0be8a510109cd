import { generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import * as der from '../../src/certificate/testing/der-builder.js';
import {
  algorithmOf,
  encodeCertificate,
  type Extension,
  type Signer,
  spkiOf,
  timeOf,
} from './certificate-encoder.js';

const PRECERTIFICATE_SIGNING = '1.3.6.1.4.1.11129.2.4.4';

/** A CA certificate with its key. */
export interface Authority extends Signer {
  readonly certificate: Buffer;
  readonly key: KeyObject;
  readonly spki: Buffer;
  readonly commonName: string;
  readonly keyIdentifier: Buffer;
  /** Contents of the INTEGER. */
  readonly serial: Buffer;
  /** Whether the certificate has an authorityKeyIdentifier. */
  readonly hasIssuerKeyId: boolean;
  /** The CA that issued the certificate; undefined for a root. */
  readonly issuer: Authority | undefined;
}

interface AuthorityOptions {
  readonly key: KeyObject;
  readonly name?: Buffer;
  readonly issuer?: Authority;
  readonly extensions?: readonly Extension[];
  /** Whether the certificate has an authorityKeyIdentifier. */
  readonly hasIssuerKeyId?: boolean;
}

/** Keys of every kind that the shapes use. */
export type KeyKind = 'rsa1024' | 'rsa2048' | 'rsa3072' | 'rsa4096' | 'p256' | 'p384' | 'p521' | 'ed25519';

/** The certification authorities of a run. No other run knows their keys. */
export class TestHierarchy {
  readonly keys = {
    rsa1024: rsa(1024),
    rsa2048: rsa(2048),
    rsa3072: rsa(3072),
    rsa4096: rsa(4096),
    p256: ec('P-256'),
    p384: ec('P-384'),
    p521: ec('P-521'),
    ed25519: generateKeyPairSync('ed25519').privateKey,
  } satisfies Record<KeyKind, KeyObject>;
  readonly rsaRoot = authority('Real Logs RSA Root', { key: rsa(2048) });
  readonly ecRoot = authority('Real Logs P-256 Root', { key: ec('P-256') });
  readonly p384Root = authority('Real Logs P-384 Root', { key: ec('P-384') });
  readonly p521Root = authority('Real Logs P-521 Root', { key: ec('P-521') });
  readonly edRoot = authority('Real Logs Ed25519 Root', { key: generateKeyPairSync('ed25519').privateKey });
  readonly rsaIssuer = authority('RSA Issuing CA', { key: rsa(2048), issuer: this.rsaRoot });
  readonly ecIssuer = authority('P-256 Issuing CA', { key: ec('P-256'), issuer: this.ecRoot });
  readonly edIssuer = authority('Ed25519 Issuing CA', {
    key: generateKeyPairSync('ed25519').privateKey,
    issuer: this.edRoot,
  });
  /** The fourth CA of a chain of five certificates. */
  readonly deepIssuer = authority('Deep Issuing CA', {
    key: ec('P-256'),
    issuer: authority('Deep Policy CA', { key: ec('P-384'), issuer: this.ecIssuer }),
  });
  readonly oddIssuer = authority('Odd "Issuing" CA\n\u2028 / CN=x', {
    key: ec('P-256'),
    issuer: this.rsaRoot,
    name: der.name(
      ['O', 'Größe & Söhne, <Łódź>'],
      [
        ['OU', 'a=b+c;d\\'],
        ['L', der.text(Buffer.from('Zürich', 'utf16le').swap16(), 0x1e)],
      ],
      ['CN', 'Odd "Issuing" CA\n\u2028 / CN=x'],
    ),
  });
  readonly largeIssuer = authority('Large Issuing CA', {
    key: ec('P-256'),
    issuer: this.ecRoot,
    extensions: [{ id: '1.3.6.1.4.1.99999.1', value: Buffer.alloc(60_000, 7) }],
  });
  readonly precertSigner = this.signerOfPrecertificates('Precert Signer', true);
  readonly precertSignerWithoutKeyId = this.signerOfPrecertificates('Precert Signer without Key Id', false);
  /** Roots that are themselves submitted. */
  readonly submittedRoots: readonly Authority[];

  /** @param submittedRoots number of roots that are submitted. */
  constructor(submittedRoots: number) {
    this.submittedRoots = Array.from({ length: submittedRoots }, (_, n) =>
      authority(`Submitted Root ${n}`, { key: ec('P-256') }),
    );
  }

  /** All roots as PEM. */
  rootsPem(): string {
    const { rsaRoot, ecRoot, p384Root, p521Root, edRoot, submittedRoots } = this;
    return [rsaRoot, ecRoot, p384Root, p521Root, edRoot, ...submittedRoots]
      .map(({ certificate }) => pem('CERTIFICATE', certificate))
      .join('');
  }

  private signerOfPrecertificates(commonName: string, hasIssuerKeyId: boolean): Authority {
    const purpose = der.sequence(der.oid(PRECERTIFICATE_SIGNING));
    return authority(commonName, {
      key: ec('P-256'),
      issuer: this.ecIssuer,
      extensions: [{ id: '2.5.29.37', value: purpose, critical: true }],
      hasIssuerKeyId,
    });
  }
}

/** Returns the certificates of a CA and of those above it, without the root if `hasRoot` is false. */
export function chainOf(issuer: Authority, hasRoot = true): readonly Buffer[] {
  const chain: Buffer[] = [];
  for (let at: Authority | undefined = issuer; at !== undefined; at = at.issuer)
    if (hasRoot || at.issuer !== undefined) chain.push(at.certificate);
  return chain;
}

export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

export function authorityKeyIdentifier({ keyIdentifier }: { readonly keyIdentifier: Buffer }): Extension {
  return { id: '2.5.29.35', value: der.sequence(der.tlv(0x80, keyIdentifier)) };
}

function authority(commonName: string, options: AuthorityOptions): Authority {
  const { key, issuer, extensions = [], hasIssuerKeyId = true } = options;
  const name = options.name ?? der.name(['C', 'CH'], ['O', 'Real Logs'], ['CN', commonName]);
  const algorithm = algorithmOf(key);
  const spki = spkiOf(key);
  const keyIdentifier = hash('sha1', spki, 'buffer');
  const signer = issuer ?? { name, algorithm, keyIdentifier };
  const serial = Buffer.concat([Buffer.from([1]), hash('sha256', spki, 'buffer').subarray(0, 15)]);
  const certificate = encodeCertificate(
    {
      version: 3,
      serial,
      subject: name,
      notBefore: timeOf('2020-01-01T00:00:00Z'),
      notAfter: timeOf('2049-12-31T23:59:59Z'),
      publicKey: spki,
      extensions: [
        { id: '2.5.29.19', value: der.sequence(der.hex('0101ff')), critical: true },
        { id: '2.5.29.15', value: der.hex('03020106'), critical: true },
        { id: '2.5.29.14', value: der.octets(keyIdentifier) },
        ...(hasIssuerKeyId ? [authorityKeyIdentifier(signer)] : []),
        ...extensions,
      ],
    },
    signer,
  );
  return {
    certificate,
    name,
    key,
    spki,
    algorithm,
    commonName,
    keyIdentifier,
    serial,
    hasIssuerKeyId,
    issuer,
  };
}

function rsa(modulusLength: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey;
}

function ec(namedCurve: string): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}
