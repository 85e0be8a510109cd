import { describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import { CertificateRenderer } from './certificate-renderer.js';
import {
  certificate,
  extension,
  hex,
  integer,
  octets,
  oid,
  sequence,
  subjectAltName,
  tlv,
} from './testing/der-builder.js';
import { batchOf } from './testing/log-entries.js';

const GOOD = extension('2.5.29.14', octets(hex('01')));
const UNREADABLE = hex('30 7f');

function read(...extensions: Buffer[]) {
  const renderer = new CertificateRenderer();
  const entry = { timestamp: 0, submitted: certificate({ extensions }), chain: Buffer.alloc(0) };
  const batch = new CertificateBatch(batchOf([entry]), renderer);
  batch.texts('lite');
  return { data: batch.entry(0).message().data, stats: renderer.stats };
}

describe('a malformed extension', () => {
  it.each<[string, Buffer, string?]>([
    ['authorityInfoAccess', extension('1.3.6.1.5.5.7.1.1', UNREADABLE), '1.3.6.1.5.5.7.1.1'],
    [
      'authorityInfoAccess without location',
      extension('1.3.6.1.5.5.7.1.1', sequence(sequence(oid('1.2.3')))),
      '1.3.6.1.5.5.7.1.1',
    ],
    ['authorityKeyIdentifier', extension('2.5.29.35', octets(hex('01'))), '2.5.29.35'],
    ['basicConstraints', extension('2.5.29.19', hex('0500')), '2.5.29.19'],
    ['basicConstraints with a long BOOLEAN', extension('2.5.29.19', sequence(hex('0102ffff'))), '2.5.29.19'],
    ['certificatePolicies', extension('2.5.29.32', sequence(sequence(hex('0601ff')))), '2.5.29.32'],
    [
      'extendedKeyUsage',
      extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'), hex('0601'))),
      '2.5.29.37',
    ],
    ['keyUsage of no octets', extension('2.5.29.15', hex('0300')), '2.5.29.15'],
    ['keyUsage with 8 unused bits', extension('2.5.29.15', hex('030208ff')), '2.5.29.15'],
    ['nothing at all', sequence()],
    [
      'crlDistributionPoints',
      extension('2.5.29.31', sequence(sequence(tlv(0xa0, tlv(0xa0, hex('867f')))))),
      '2.5.29.31',
    ],
    [
      'subjectAltName',
      extension('2.5.29.17', sequence(tlv(0x82, Buffer.from('fine')), hex('827f'))),
      '2.5.29.17',
    ],
    ['issuerAltName', extension('2.5.29.18', sequence(hex('867f'))), '2.5.29.18'],
    ['an unknown one with an endless arc', sequence(tlv(0x06, Buffer.alloc(40, 0x81), hex('01')), octets())],
    ['one without OID', sequence(octets(hex('00')))],
    ['one without value', sequence(oid('1.2.3')), '1.2.3'],
    ['one whose value is not an OCTET STRING', sequence(oid('1.2.3'), integer('01')), '1.2.3'],
    ['one that is not a SEQUENCE', integer('01')],
  ])('does not affect other extensions, and its OID is in extra: %s', (_, broken, shown) => {
    const { data, stats } = read(broken, GOOD);
    const { extra, ...others } = data.leaf_cert.extensions;
    expect(others).toEqual({ subjectKeyIdentifier: 'keyid:01' });
    expect(extra).toEqual(shown === undefined ? undefined : [shown]);
    expect(stats.malformedExtensions).toBe(1);
    expect(stats.parseErrors.size).toBe(0);
    expect(data).not.toHaveProperty('parse_error');
    expect(data.leaf_cert.is_ca).toBe(false);
  });

  it('keeps the readable names of a list with an invalid IP address', () => {
    const { data, stats } = read(
      subjectAltName([0x87, hex('0a0000')], [0x82, 'fine.example'], [0x87, hex('0a000001')]),
    );
    expect(data.leaf_cert.extensions.subjectAltName).toBe('DNS:fine.example, IP Address:10.0.0.1');
    expect(data.leaf_cert.extensions.extra).toEqual(['2.5.29.17']);
    expect(data.leaf_cert.all_domains).toEqual(['fine.example', 'example.com']);
    expect(stats.malformedExtensions).toBe(1);
  });

  it('is not caused by bytes after a value, which TLS clients ignore', () => {
    const value = Buffer.concat([sequence(tlv(0x82, Buffer.from('fine.example'))), hex('0500')]);
    expect(read(extension('2.5.29.17', value)).data.leaf_cert.all_domains).toEqual([
      'fine.example',
      'example.com',
    ]);
  });

  it('ends the list if its own length is wrong, and the extensions before it stay', () => {
    const { data, stats } = read(GOOD, hex('30 50'));
    expect(data.leaf_cert.extensions).toEqual({ subjectKeyIdentifier: 'keyid:01' });
    expect(data.parse_error).toBe('malformed_extensions');
    expect([...stats.parseErrors]).toEqual([['malformed_extensions', 1]]);
  });
});
