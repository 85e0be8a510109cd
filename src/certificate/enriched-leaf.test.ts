import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import type { CertificateUpdate, LeafCert } from './certificate-message.js';
import { CertificateRenderer } from './certificate-renderer.js';
import { corpusFolders, readBlobs } from './testing/corpus.js';
import { certificate, extension, hex, integer, oid, sequence, tlv } from './testing/der-builder.js';
import { batchOf } from './testing/log-entries.js';

const corpus = process.env['CT_CORPUS_DIR'];
if (corpus === undefined)
  console.warn('enriched-leaf.test.ts: the corpus is skipped, CT_CORPUS_DIR is not set');

const renderer = new CertificateRenderer();

function enrichedLeaf(der: Buffer): LeafCert {
  const entries = batchOf([{ timestamp: 0, submitted: der, chain: Buffer.alloc(0) }]);
  const text = new CertificateBatch(entries, renderer).text('lite', 0, 'go', true);
  return (JSON.parse(text.toString()) as CertificateUpdate).data.leaf_cert;
}

function withKey(publicKey: Buffer): Buffer {
  return certificate({ publicKey });
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function withPolicies(...policies: string[]): Buffer {
  const value = sequence(...policies.map((policy) => sequence(oid(policy))));
  return certificate({ extensions: [extension('2.5.29.32', value)] });
}

describe('key_type', () => {
  it.each([1024, 2047, 2048])('is the size of the modulus for RSA with %d bits', (modulusLength) => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
    expect(enrichedLeaf(withKey(spkiOf(publicKey))).key_type).toBe(`RSA${modulusLength}`);
  });

  it('is that of the key for RSASSA-PSS', () => {
    const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 1024 });
    expect(enrichedLeaf(withKey(spkiOf(publicKey))).key_type).toBe('RSA1024');
  });

  it.each([
    ['prime192v1', 'ECDSA192'],
    ['secp224r1', 'ECDSA224'],
    ['prime256v1', 'ECDSA256'],
    ['secp384r1', 'ECDSA384'],
    ['secp521r1', 'ECDSA521'],
    ['secp256k1', 'secp256k1'],
    ['brainpoolP256r1', 'brainpoolP256r1'],
    ['brainpoolP384r1', 'brainpoolP384r1'],
    ['brainpoolP512r1', 'brainpoolP512r1'],
  ])('of the curve %s is %s', (namedCurve, expected) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve });
    expect(enrichedLeaf(withKey(spkiOf(publicKey))).key_type).toBe(expected);
  });

  it('of an Edwards or Montgomery curve is its name', () => {
    const keys = [
      generateKeyPairSync('ed25519'),
      generateKeyPairSync('ed448'),
      generateKeyPairSync('x25519'),
      generateKeyPairSync('x448'),
    ];
    const types = keys.map(({ publicKey }) => enrichedLeaf(withKey(spkiOf(publicKey))).key_type);
    expect(types).toEqual(['Ed25519', 'Ed448', 'X25519', 'X448']);
  });

  it('of DSA is the size of p', () => {
    const { publicKey } = generateKeyPairSync('dsa', {
      modulusLength: 1024,
      divisorLength: 160,
    });
    expect(enrichedLeaf(withKey(spkiOf(publicKey))).key_type).toBe('DSA1024');
  });

  it.each([
    ['2.16.840.1.101.3.4.3.17', 'ML-DSA-44'],
    ['2.16.840.1.101.3.4.3.18', 'ML-DSA-65'],
    ['2.16.840.1.101.3.4.3.19', 'ML-DSA-87'],
    ['2.16.840.1.101.3.4.3.20', 'SLH-DSA-SHA2-128s'],
    ['2.16.840.1.101.3.4.3.31', 'SLH-DSA-SHAKE-256f'],
    ['2.16.840.1.101.3.4.4.2', 'ML-KEM-768'],
  ])('of %s is %s', (algorithm, expected) => {
    const key = sequence(sequence(oid(algorithm)), tlv(0x03, hex('00'), Buffer.alloc(32)));
    expect(enrichedLeaf(withKey(key)).key_type).toBe(expected);
  });

  const RSA = '1.2.840.113549.1.1.1';
  const EC = '1.2.840.10045.2.1';
  it.each([
    ['an unknown algorithm', sequence(sequence(oid('1.2.3.4')), tlv(0x03, hex('0004')))],
    ['an unknown curve', sequence(sequence(oid(EC), oid('1.2.3.4')), tlv(0x03, hex('0004')))],
    [
      'explicit curve parameters',
      sequence(sequence(oid(EC), sequence(integer('01'))), tlv(0x03, hex('0004'))),
    ],
    [
      'a modulus of 0',
      sequence(sequence(oid(RSA)), tlv(0x03, hex('00'), sequence(integer('0000'), integer('03')))),
    ],
    ['a truncated RSA key', sequence(sequence(oid(RSA)), tlv(0x03, hex('00 30')))],
    ['an RSA key without octets', sequence(sequence(oid(RSA)), tlv(0x03))],
    ['DSA without parameters', sequence(sequence(oid('1.2.840.10040.4.1')), tlv(0x03, hex('0002')))],
    ['no key', sequence()],
    ['another element', hex('0500')],
  ])('is null for %s', (_what, key) => {
    expect(enrichedLeaf(withKey(key)).key_type).toBeNull();
  });
});

describe('validation_type', () => {
  it.each([
    [['2.23.140.1.2.1'], 'DV'],
    [['2.23.140.1.2.2'], 'OV'],
    [['2.23.140.1.2.3'], 'IV'],
    [['2.23.140.1.1'], 'EV'],
    [['1.2.3', '2.23.140.1.2.1', '2.23.140.1.2.2'], 'OV'],
    [['2.23.140.1.2.2', '2.23.140.1.2.3'], 'OV'],
    [['2.23.140.1.2.3', '2.23.140.1.2.1'], 'IV'],
    [['2.23.140.1.1', '2.23.140.1.2.2'], 'EV'],
    [['2.23.140.1.3', '2.23.140.1.4.1', '2.23.140.1.2'], null],
    [[], null],
  ])('of %j is %s', (policies, expected) => {
    expect(enrichedLeaf(withPolicies(...policies)).validation_type).toBe(expected);
  });

  it('is null without the extension and for a malformed one', () => {
    const malformed = extension('2.5.29.32', sequence(sequence(oid('2.23.140.1.1')), hex('0500')));
    expect(enrichedLeaf(certificate({ extensions: [malformed] })).validation_type).toBeNull();
    expect(enrichedLeaf(certificate()).validation_type).toBeNull();
  });
});

describe.skipIf(corpus === undefined)('every blob of the corpus', () => {
  const CURVES: Readonly<Record<string, string>> = {
    prime192v1: 'ECDSA192',
    secp224r1: 'ECDSA224',
    prime256v1: 'ECDSA256',
    secp384r1: 'ECDSA384',
    secp521r1: 'ECDSA521',
  };

  /** OpenSSL also reads indefinite lengths, and explicit parameters that are those of a named curve. */
  const KNOWN_DIFFERENCES = /asn1_indefinite_length_encoding|explicit-curve/;
  /** Node aborts the process when it reads the details of some damaged EC keys, so the fuzzed certificates have no comparison. */
  const folders = corpusFolders(corpus).filter((folder) => !folder.includes('fuzz'));

  /** Returns the key type that OpenSSL reads; undefined if it cannot read the certificate or its key. */
  function openSslKeyType(der: Buffer): string | undefined {
    let key: KeyObject;
    try {
      key = new X509Certificate(der).publicKey;
    } catch {
      return undefined;
    }
    // Node aborts the process when it reads the details of a DSA key without parameters.
    if (key.asymmetricKeyType === 'dsa') return undefined;
    const { modulusLength, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
    switch (key.asymmetricKeyType) {
      case 'rsa':
      case 'rsa-pss':
        return `RSA${modulusLength}`;
      case 'ec':
        return CURVES[namedCurve] ?? namedCurve;
      case 'ed25519':
        return 'Ed25519';
      default:
        return undefined;
    }
  }

  it.each(folders)(
    '%s: has the key type that OpenSSL reads and the validation type of its policies',
    (folder) => {
      const differences: unknown[] = [];
      for (const { name: blob, der } of readBlobs(corpus!, folder)) {
        const found = enrichedLeaf(der);
        const openSsl = openSslKeyType(der);
        if (openSsl !== undefined && openSsl !== found.key_type && !KNOWN_DIFFERENCES.test(blob))
          differences.push([blob, openSsl, found.key_type]);
        const policies = [...(found.extensions.certificatePolicies ?? '').matchAll(/Policy: ([\d.]+)/g)].map(
          ([, policy]) => policy,
        );
        const types = {
          '2.23.140.1.1': 'EV',
          '2.23.140.1.2.2': 'OV',
          '2.23.140.1.2.3': 'IV',
          '2.23.140.1.2.1': 'DV',
        };
        const expected = Object.entries(types).find(([policy]) => policies.includes(policy))?.[1] ?? null;
        if (expected !== found.validation_type) differences.push([blob, policies, found.validation_type]);
      }
      expect(differences).toEqual([]);
    },
  );
});
