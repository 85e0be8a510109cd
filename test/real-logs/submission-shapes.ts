import * as der from '../../src/certificate/testing/der-builder.js';
import type { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import {
  type Extension,
  generalizedTimeOf,
  minuteTimeOf,
  pssAlgorithm,
  rsaAlgorithm,
  type SignatureAlgorithm,
  spkiOf,
  timeOf,
} from './certificate-encoder.js';
import { NAME_SHAPES } from './name-shapes.js';
import { DNS, type Shape } from './shape-plan.js';
import type { Authority, TestHierarchy } from './test-hierarchy.js';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

function keyed(kind: keyof TestHierarchy['keys']): Shape {
  return ({ hierarchy }) => ({ parts: { publicKey: spkiOf(hierarchy.keys[kind]) } });
}

function dated(notBefore: string, notAfter: string, form = timeOf): Shape {
  return () => ({ parts: { notBefore: form(notBefore), notAfter: form(notAfter) } });
}

function issuedBy(
  name: 'edIssuer' | 'deepIssuer' | 'oddIssuer' | 'largeIssuer' | 'p384Root' | 'p521Root',
): Shape {
  return ({ hierarchy }) => ({ issuer: hierarchy[name] });
}

function signedWithRsa(algorithm: (key: Authority['key']) => SignatureAlgorithm): Shape {
  return ({ hierarchy: { rsaIssuer } }) => ({ issuer: rsaIssuer, algorithm: algorithm(rsaIssuer.key) });
}

function policies(...ids: string[]): Extension {
  return { id: '2.5.29.32', value: der.sequence(...ids.map((id) => der.sequence(der.oid(id)))) };
}

/** An unknown algorithm with key bits of any form. */
function unknownKey(random: SeededRandom): Buffer {
  const bits = der.tlv(0x03, Buffer.from([0]), random.bytes(1312));
  return der.sequence(der.sequence(der.oid('1.3.6.1.4.1.99999.42')), bits);
}

/** The kinds of certificates and precertificates that are submitted. Every log must accept all of them. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  ordinary: () => ({}),
  ...NAME_SHAPES,
  'RSA-1024 key': keyed('rsa1024'),
  'RSA-2048 key': keyed('rsa2048'),
  'RSA-3072 key': keyed('rsa3072'),
  'RSA-4096 key': keyed('rsa4096'),
  'P-384 key': keyed('p384'),
  'P-521 key': keyed('p521'),
  'Ed25519 key': keyed('ed25519'),
  'unknown key': ({ random }) => ({ parts: { publicKey: unknownKey(random) } }),
  'dates from 1950 on': dated('1950-01-01T00:00:00Z', '1969-12-31T23:59:59Z'),
  'year 1': dated('0001-01-01T00:00:00Z', '1949-12-31T23:59:59Z'),
  'dates after 2050': dated('2049-12-31T23:59:59Z', '9999-12-31T23:59:59Z'),
  'GeneralizedTime before 2050': dated('1999-12-31T23:59:59Z', '2049-12-31T23:59:59Z', generalizedTimeOf),
  'UTCTime without seconds': dated('2025-02-28T12:34:00Z', '2026-02-28T12:34:00Z', minuteTimeOf),
  'end before the beginning': dated('2030-01-01T00:00:00Z', '2020-02-29T00:00:00Z'),
  'explicit critical FALSE': ({ host }) => ({
    names: [],
    extensions: [
      { id: '2.5.29.17', value: der.generalNames([DNS, host]), critical: 'explicit-false' },
      { id: '2.5.29.37', value: der.sequence(der.oid(SERVER_AUTH)), critical: 'explicit-false' },
    ],
  }),
  'unknown extensions': ({ random }) => ({
    extensions: [
      { id: '1.3.6.1.4.1.99999.2147483647.1', value: Buffer.alloc(0), critical: true },
      { id: '2.999.1', value: random.bytes(20_000) },
      { id: '1.3.6.1.4.1.99999.2', value: der.sequence(), critical: 'explicit-false' },
    ],
  }),
  'embedded SCTs': ({ random }) => ({
    extensions: [
      { id: '1.3.6.1.4.1.11129.2.4.2', value: der.octets(Buffer.from([0, 60, 0, 58]), random.bytes(58)) },
    ],
  }),
  'organization validated': () => ({
    extensions: [
      policies('2.23.140.1.2.2', '2.23.140.1.2.1', '1.3.6.1.4.1.99999.6'),
      {
        id: '1.3.6.1.5.5.7.1.1',
        value: der.sequence(
          der.sequence(der.oid('1.3.6.1.5.5.7.48.1'), der.text('http://ocsp.example', 0x86)),
          der.sequence(der.oid('1.3.6.1.5.5.7.48.2'), der.text('http://ca.example/a.cer', 0x86)),
        ),
      },
      {
        id: '2.5.29.31',
        value: der.sequence(
          der.sequence(der.tlv(0xa0, der.tlv(0xa0, der.text('http://crl.example/a.crl', 0x86)))),
        ),
      },
    ],
  }),
  'CA certificate': ({ host }) => ({
    isCa: true,
    names: [],
    extensions: [
      { id: '2.5.29.19', value: der.sequence(der.hex('0101ff'), der.integer('00')), critical: true },
      { id: '2.5.29.15', value: der.hex('03020106'), critical: true },
      {
        id: '2.5.29.30',
        value: der.sequence(der.tlv(0xa0, der.sequence(der.text(host, DNS)))),
        critical: true,
      },
    ],
  }),
  'precertificate signing certificate': ({ hierarchy }) => ({ precertSigner: hierarchy.precertSigner }),
  'precertificate signing certificate, other key id': ({ hierarchy }) => ({
    precertSigner: hierarchy.precertSignerWithoutKeyId,
  }),
  'precertificate signing certificate, no key id': ({ hierarchy, host }) => ({
    precertSigner: hierarchy.precertSigner,
    extensions: [{ id: '2.5.29.37', value: der.sequence(der.oid(SERVER_AUTH)), critical: 'explicit-false' }],
    names: [[DNS, host]],
  }),
  'chain of one': ({ hierarchy }) => ({ issuer: hierarchy.ecRoot, hasRoot: false }),
  'chain of five': ({ hierarchy }) => ({ issuer: hierarchy.deepIssuer, hasRoot: true }),
  'root with P-384': issuedBy('p384Root'),
  'root with P-521': issuedBy('p521Root'),
  'root with Ed25519': issuedBy('edIssuer'),
  'issuer with odd names': issuedBy('oddIssuer'),
  'issuer of 60 KB': issuedBy('largeIssuer'),
  'SHA-1 with RSA': signedWithRsa((key) => rsaAlgorithm(key, 'sha1')),
  'SHA-384 with RSA': signedWithRsa((key) => rsaAlgorithm(key, 'sha384')),
  'SHA-512 with RSA': signedWithRsa((key) => rsaAlgorithm(key, 'sha512')),
  'RSA-PSS': signedWithRsa(pssAlgorithm),
  'serial number of one octet': ({ random }) => ({ parts: { serial: Buffer.from([random.below(0x80)]) } }),
  'serial number of 40 octets': ({ random }) => ({
    parts: { serial: Buffer.concat([der.hex('00ff'), random.bytes(38)]) },
  }),
  'unique identifiers': ({ random }) => ({ parts: { uniqueIds: [random.bytes(8), random.bytes(8)] } }),
  '100 KB': ({ random }) => ({ extensions: [{ id: '1.3.6.1.4.1.99999.7', value: random.bytes(100_000) }] }),
};
