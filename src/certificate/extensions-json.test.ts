import { describe, expect, it } from 'vitest';
import type { CertificateExtensions } from './certificate-message.js';
import { ExtensionsWriter } from './extensions-json.js';
import {
  certificate,
  extension,
  generalNames,
  hex,
  integer,
  leafCertOf,
  octets,
  oid,
  sequence,
  subjectAltName,
  text,
  tlv,
} from './testing/der-builder.js';

function extensionsOf(...extensions: Buffer[]): CertificateExtensions {
  return leafCertOf(certificate({ extensions })).extensions;
}

const AIA = '1.3.6.1.5.5.7.1.1';
const CA_ISSUERS = '1.3.6.1.5.5.7.48.2';
const OCSP = '1.3.6.1.5.5.7.48.1';

function access(method: string, tag: number, location: string): Buffer {
  return sequence(oid(method), tlv(tag, Buffer.from(location)));
}

function point(...parts: Buffer[]): Buffer {
  return sequence(...parts);
}

function fullName(...uris: string[]): Buffer {
  return tlv(0xa0, tlv(0xa0, ...uris.map((uri) => tlv(0x86, Buffer.from(uri)))));
}

describe(ExtensionsWriter.name, () => {
  it('prints only URIs, caIssuers before OCSP', () => {
    const value = sequence(
      access(OCSP, 0x86, 'http://ocsp1'),
      access(CA_ISSUERS, 0x86, 'http://ca1'),
      access('1.3.6.1.5.5.7.48.3', 0x86, 'http://other'),
      access(CA_ISSUERS, 0x82, 'dns.example'),
      access(CA_ISSUERS, 0x86, 'http://ca2'),
      access(OCSP, 0x86, 'http://ocsp2'),
    );
    expect(extensionsOf(extension(AIA, value)).authorityInfoAccess).toBe(
      'URI:http://ca1, URI:http://ca2, URI:http://ocsp1, URI:http://ocsp2',
    );
    expect(extensionsOf(extension(AIA, sequence(access(OCSP, 0x82, 'x')))).authorityInfoAccess).toBe('');
  });

  it('prints key identifiers in lower case and omits an authorityKeyIdentifier without identifier', () => {
    expect(extensionsOf(extension('2.5.29.14', octets(hex('abcd0f'))))).toEqual({
      subjectKeyIdentifier: 'keyid:ab:cd:0f',
    });
    const aki = (...parts: Buffer[]) => extensionsOf(extension('2.5.29.35', sequence(...parts)));
    expect(aki(tlv(0x80, hex('00ff')), tlv(0x82, hex('01')))).toEqual({
      authorityKeyIdentifier: 'keyid:00:ff',
    });
    expect(aki(tlv(0xa1), tlv(0x82, hex('01')))).toEqual({});
    expect(aki()).toEqual({});
  });

  it('prints CA:TRUE and CA:FALSE and sets is_ca accordingly', () => {
    const constraints = (...parts: Buffer[]) =>
      leafCertOf(certificate({ extensions: [extension('2.5.29.19', sequence(...parts))] }));
    expect(constraints(hex('0101ff'), integer('00'))).toMatchObject({
      is_ca: true,
      extensions: { basicConstraints: 'CA:TRUE' },
      all_domains: [],
    });
    expect(constraints()).toMatchObject({ is_ca: false, extensions: { basicConstraints: 'CA:FALSE' } });
    expect(constraints(hex('010100'))).toMatchObject({
      is_ca: false,
      extensions: { basicConstraints: 'CA:FALSE' },
    });
  });

  it('prints a line per policy', () => {
    const value = sequence(
      sequence(oid('2.23.140.1.2.1'), sequence(text('qualifier'))),
      sequence(oid('1.2.3')),
    );
    expect(extensionsOf(extension('2.5.29.32', value)).certificatePolicies).toBe(
      'Policy: 2.23.140.1.2.1\nPolicy: 1.2.3\n',
    );
  });

  it('prints the SCT list extension in padded base64url, including the inner header', () => {
    const value = octets(hex('fffefdfc'));
    expect(extensionsOf(extension('1.3.6.1.4.1.11129.2.4.2', value)).ctlSignedCertificateTimestamp).toBe(
      'BAT__v38',
    );
    expect(
      extensionsOf(extension('1.3.6.1.4.1.11129.2.4.2', octets(hex('ff')))).ctlSignedCertificateTimestamp,
    ).toBe('BAH_');
    expect(extensionsOf(extension('1.3.6.1.4.1.11129.2.4.2', octets())).ctlSignedCertificateTimestamp).toBe(
      'BAA=',
    );
  });

  it('prints names of purposes and dotted OIDs of unknown ones', () => {
    const all = Array.from({ length: 9 }, (_, i) => oid(`1.3.6.1.5.5.7.3.${i + 1}`));
    expect(extensionsOf(extension('2.5.29.37', sequence(...all, oid('2.5.29.37.0')))).extendedKeyUsage).toBe(
      'TLS Web server authentication, TLS Web client authentication, Code signing, E-mail protection, ' +
        'IP security end system, IP security tunnel termination, IP security user, Timestamping, OCSPstamping, 2.5.29.37.0',
    );
  });

  it.each([
    ['0780', 'Digital Signature'],
    ['0006', 'Certificate Signing, CRL Signing'],
    [
      '07ff80',
      'Digital Signature, Content Commitment, Key Encipherment, Data Encipherment, Key Agreement, Certificate Signing, CRL Signing, Encipher Only, Decipher Only',
    ],
    ['00', ''],
    ['05a0', 'Digital Signature, Key Encipherment'],
  ])('prints the key usage bits %s', (bits, expected) => {
    const value = tlv(0x03, hex(bits));
    expect(extensionsOf(extension('2.5.29.15', value)).keyUsage).toBe(expected);
  });

  it('groups alternative names by kind and leaves other kinds out', () => {
    const san = subjectAltName(
      [0x86, 'https://u.example'],
      [0x82, 'b.example'],
      [0x87, hex('20010db8000000000000000000000001')],
      [0x81, 'e@example'],
      [0xa4, ''],
      [0x88, hex('2a03')],
      [0x82, 'a.example'],
      [0x87, hex('c0000201')],
      [0x82, 'b.example'],
    );
    expect(extensionsOf(san).subjectAltName).toBe(
      'DNS:b.example, DNS:a.example, DNS:b.example, email:e@example, IP Address:2001:db8::1, IP Address:192.0.2.1, URI:https://u.example',
    );
    expect(extensionsOf(subjectAltName([0xa4, ''])).subjectAltName).toBe('');
  });

  it('merges several subjectAltName extensions', () => {
    const leaf = leafCertOf(
      certificate({
        extensions: [
          subjectAltName([0x81, 'e@x'], [0x82, 'one']),
          subjectAltName([0x82, 'two'], [0x82, 'one']),
        ],
      }),
    );
    expect(leaf.extensions.subjectAltName).toBe('DNS:one, DNS:two, DNS:one, email:e@x');
    expect(leaf.all_domains).toEqual(['one', 'two', 'example.com']);
  });

  it('prints every distribution point that has a URI', () => {
    const value = sequence(
      point(fullName('http://a', 'ldap://b')),
      point(tlv(0x81, hex('0640'))),
      point(tlv(0xa0, tlv(0xa1, sequence(oid('2.5.4.3'), text('relative'))))),
      point(fullName('http://c'), tlv(0x81, hex('0640')), tlv(0xa2, tlv(0x82, Buffer.from('issuer')))),
    );
    expect(extensionsOf(extension('2.5.29.31', value)).crlDistributionPoints).toBe(
      'Full Name:\n URI:http://a\n URI:ldap://b\nFull Name:\n URI:http://c',
    );
    expect(extensionsOf(extension('2.5.29.31', sequence(point(tlv(0x81, hex('0640'))))))).toEqual({});
  });

  it('prints issuerAltName like subjectAltName', () => {
    const value = generalNames([0x86, 'http://ca'], [0x81, 'ca@example']);
    const leaf = leafCertOf(certificate({ extensions: [extension('2.5.29.18', value)] }));
    expect(leaf.extensions).toEqual({ issuerAltName: 'email:ca@example, URI:http://ca' });
    expect(leaf.all_domains).toEqual(['example.com']);
  });

  it('lists other extensions in reverse order, critical or not', () => {
    const names = ['1.2.3', '2.5.29.30', '1.3.6.1.5.5.7.1.24', '1.2.3'];
    expect(extensionsOf(...names.map((id, i) => extension(id, hex('0500'), i % 2 === 0))).extra).toEqual(
      names.toReversed(),
    );
  });

  it('keeps the key order of the Go server', () => {
    const everything = [
      extension('1.2.3', hex('0500')),
      extension('2.5.29.18', generalNames([0x82, 'x'])),
      extension('2.5.29.31', sequence(point(fullName('http://a')))),
      extension('1.3.6.1.4.1.11129.2.4.3', hex('0500'), true),
      extension('2.5.29.14', octets(hex('01'))),
      subjectAltName([0x82, 'x']),
      extension('2.5.29.15', hex('03020780')),
      extension('2.5.29.37', sequence(oid('1.2.3'))),
      extension('1.3.6.1.4.1.11129.2.4.2', octets()),
      extension('2.5.29.32', sequence()),
      extension('2.5.29.19', sequence()),
      extension('2.5.29.35', sequence(tlv(0x80, hex('01')))),
      extension(AIA, sequence()),
    ];
    const extensions = extensionsOf(...everything);
    expect(Object.keys(extensions)).toEqual([
      'authorityInfoAccess',
      'authorityKeyIdentifier',
      'basicConstraints',
      'certificatePolicies',
      'ctlSignedCertificateTimestamp',
      'extendedKeyUsage',
      'keyUsage',
      'subjectAltName',
      'subjectKeyIdentifier',
      'ctlPoisonByte',
      'crlDistributionPoints',
      'issuerAltName',
      'extra',
    ]);
    expect(extensions.ctlPoisonByte).toBe(true);
  });
});
