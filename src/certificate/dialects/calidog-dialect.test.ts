import { describe, expect, it } from 'vitest';
import { CertificateBatch } from '../certificate-batch.js';
import type { CertificateUpdate, LeafCert } from '../certificate-message.js';
import { CertificateRenderer } from '../certificate-renderer.js';
import {
  certificate,
  extension,
  generalNames,
  hex,
  integer,
  name,
  octets,
  oid,
  type Parts,
  sequence,
  subjectAltName,
  tbsCertificate,
  text,
  tlv,
} from '../testing/der-builder.js';
import { batchOf, chainOf, type TestEntry } from '../testing/log-entries.js';
import { calidogDialect } from './calidog-dialect.js';
import type { DialectName } from './dialect.js';

const PRESENT = 1763795400123;

function batch(...entries: Omit<TestEntry, 'timestamp'>[]): CertificateBatch {
  return new CertificateBatch(
    batchOf(entries.map((entry) => ({ timestamp: PRESENT, ...entry }))),
    new CertificateRenderer(),
  );
}

function messageOf(parts: Parts, dialect: DialectName = 'calidog'): CertificateUpdate {
  return batch({ submitted: certificate(parts), chain: Buffer.alloc(0) })
    .entry(0)
    .message(dialect);
}

function leafOf(parts: Parts, dialect: DialectName = 'calidog'): LeafCert {
  return messageOf(parts, dialect).data.leaf_cert;
}

function extensionsOf(...extensions: Buffer[]) {
  return leafOf({ extensions }).extensions;
}

const AIA = '1.3.6.1.5.5.7.1.1';
const CA_ISSUERS = '1.3.6.1.5.5.7.48.2';
const OCSP = '1.3.6.1.5.5.7.48.1';
const POLICIES = '2.5.29.32';

function access(method: Buffer, tag: number, location: string): Buffer {
  return sequence(method, tlv(tag, Buffer.from(location)));
}

function qualifier(type: string, value: Buffer): Buffer {
  return sequence(oid(type), value);
}

function policy(id: string, ...qualifiers: Buffer[]): Buffer {
  return sequence(oid(id), ...(qualifiers.length > 0 ? [sequence(...qualifiers)] : []));
}

const cps = (url: string) => qualifier('1.3.6.1.5.5.7.2.1', text(url, 0x16));
const notice = (...parts: Buffer[]) => qualifier('1.3.6.1.5.5.7.2.2', sequence(...parts));

describe('the extensions of calidogDialect', () => {
  it('prints a line per URI of authorityInfoAccess in reverse order', () => {
    const value = sequence(
      access(oid(OCSP), 0x86, 'http://ocsp1'),
      access(oid(CA_ISSUERS), 0x86, 'http://ca1'),
      access(oid('1.3.6.1.5.5.7.48.3'), 0x86, 'http://other'),
      access(oid(CA_ISSUERS), 0x82, 'dns.example'),
      access(tlv(0x06, hex('80')), 0x86, 'http://method.is.malformed'),
      access(oid(OCSP), 0x86, 'http://ocsp2'),
    );
    expect(extensionsOf(extension(AIA, value)).authorityInfoAccess).toBe(
      'OCSP - URI:http://ocsp2\n1.3.6.1.5.5.7.48.3 - URI:http://other\nCA Issuers - URI:http://ca1\nOCSP - URI:http://ocsp1\n',
    );
    expect(extensionsOf(extension(AIA, sequence())).authorityInfoAccess).toBe('');
  });

  it('prints key identifiers in upper case', () => {
    expect(extensionsOf(extension('2.5.29.14', octets(hex('abcd0f'))))).toEqual({
      subjectKeyIdentifier: 'AB:CD:0F',
    });
    const authority = (...parts: Buffer[]) => extensionsOf(extension('2.5.29.35', sequence(...parts)));
    expect(authority(tlv(0x80, hex('00ff')))).toEqual({ authorityKeyIdentifier: 'keyid:00:FF\n' });
    expect(authority(tlv(0xa1), tlv(0x82, hex('01')))).toEqual({});
  });

  it('prints policies in reverse order, each with its qualifiers', () => {
    const value = sequence(
      policy('1.2.3', cps('http://cps'), notice(text('This notice, whole'))),
      policy('2.23.140.1.2.1'),
      policy('1.2.4', notice(sequence(text('Org'), sequence(integer('01'))), tlv(0x1e, hex('004e 00e9')))),
    );
    expect(extensionsOf(extension(POLICIES, value)).certificatePolicies).toBe(
      'Policy: 1.2.4\n  User Notice: Né\nPolicy: 2.23.140.1.2.1\nPolicy: 1.2.3\n  CPS: http://cps\n  User Notice: This notice, whole',
    );
  });

  it('leaves out only the qualifiers that it cannot print', () => {
    const reference = sequence(sequence(text('Org'), sequence(integer('01'))));
    const value = sequence(
      policy('1.2.3', qualifier('1.2.9', text('?')), notice(), cps('http://cps')),
      policy(
        '1.2.4',
        qualifier('1.3.6.1.5.5.7.2.2', reference),
        sequence(integer('05')),
        sequence(oid('1.2')),
      ),
      sequence(oid('1.2.5'), text('no qualifiers')),
    );
    expect(extensionsOf(extension(POLICIES, value)).certificatePolicies).toBe(
      'Policy: 1.2.5\nPolicy: 1.2.4\nPolicy: 1.2.3\n  CPS: http://cps',
    );
    expect(extensionsOf(extension(POLICIES, sequence())).certificatePolicies).toBe('');
  });

  it('has only the OID of malformed policies', () => {
    for (const value of [text('x'), sequence(integer('01')), sequence(sequence()), sequence(hex('3005'))]) {
      const { data } = messageOf({ extensions: [extension(POLICIES, value), subjectAltName([0x82, 'a'])] });
      expect(data.leaf_cert.extensions).toEqual({ subjectAltName: 'DNS:a', extra: [POLICIES] });
      expect(data).not.toHaveProperty('parse_error');
    }
  });

  it('names key usages by their ASN.1 identifiers', () => {
    expect(extensionsOf(extension('2.5.29.15', tlv(0x03, hex('07ff80')))).keyUsage).toBe(
      'Digital Signature, Non Repudiation, Key Encipherment, Data Encipherment, Key Agreement, Key Cert Sign, C R L Sign, Encipher Only, Decipher Only',
    );
    expect(extensionsOf(extension('2.5.29.15', tlv(0x03, hex('00')))).keyUsage).toBe('');
  });

  it('prints alternative names in reverse order and addresses as decimal octets', () => {
    const names: Parameters<typeof subjectAltName> = [
      [0x86, 'https://u.example'],
      [0x82, 'b.example'],
      [0x87, hex('20010db8000000000000000000000001')],
      [0x81, 'e@example'],
      [0xa4, ''],
      [0x87, hex('2a03')],
      [0x82, 'a.example'],
      [0x87, hex('c0000201')],
    ];
    const printed =
      'IP:192.0.2.1, DNS:a.example, IP:42.3, RFC 822Name:e@example, IP:32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1, DNS:b.example, URI:https://u.example';
    expect(extensionsOf(subjectAltName(...names)).subjectAltName).toBe(printed);
    expect(extensionsOf(extension('2.5.29.18', generalNames(...names))).issuerAltName).toBe(printed);
    expect(extensionsOf(subjectAltName([0xa4, ''])).subjectAltName).toBe('');
  });

  it('merges repeated extensions', () => {
    const { extensions, all_domains } = leafOf({
      extensions: [subjectAltName([0x82, 'one'], [0x82, 'two']), subjectAltName([0x82, 'three'])],
    });
    expect(extensions.subjectAltName).toBe('DNS:three, DNS:two, DNS:one');
    expect(all_domains).toEqual(['one', 'two', 'three', 'example.com']);
  });
});

describe('the other fields of calidogDialect', () => {
  it.each([
    [name(['CN', 'n'], ['O', 'Org']), 'n', '/CN=n/O=Org'],
    [name(['O', 'Org']), null, '/O=Org'],
    [name(['email', text('a@b.c', 0x16)]), null, '/emailAddress=a@b.c'],
    [name(['CN', '']), '', '/CN='],
    [name(), null, '/'],
  ])('prints an absent CN as null (%#)', (subject, CN, aggregated) => {
    expect(leafOf({ subject }).subject).toMatchObject({ CN, aggregated });
    expect(leafOf({ issuer: subject }).issuer).toMatchObject({ CN, aggregated });
  });

  it.each([
    ['00', '0'],
    ['0abc', 'ABC'],
    ['01', '1'],
    ['00ff10', 'FF10'],
    ['ff10', '-F0'],
  ])('does not pad the serial number %s', (serial, printed) => {
    expect(leafOf({ serial: integer(serial) }).serial_number).toBe(printed);
  });

  it.each([
    ['1.2.840.113549.1.1.5', 'sha, rsa'],
    ['1.2.840.113549.1.1.11', 'sha256, rsa'],
    ['1.2.840.10045.4.1', 'sha, ecdsa'],
    ['1.2.840.10045.4.3.3', 'sha384, ecdsa'],
    ['2.16.840.1.101.3.4.3.2', 'sha256, dsa'],
    ['1.3.101.112', 'none, eddsa'],
    ['1.2.840.113549.1.1.10', 'sha, rsa-pss'],
    ['1.2.3', 'unknown'],
  ])('names %s %s', (algorithm, printed) => {
    expect(leafOf({ signature: sequence(oid(algorithm)) }).signature_algorithm).toBe(printed);
  });

  it('ends source.url with a slash', () => {
    const { source, cert_link } = messageOf({}).data;
    expect(source.url).toBe('https://log.example/');
    expect(cert_link).toBe('https://log.example/ct/v1/get-entries?start=7&end=7');
    expect(calidogDialect.sourceUrl('https://log.example/2026')).toBe('https://log.example/2026/');
  });

  it('has the keys of the Go dialect, in the same order, down to the chain', () => {
    const root = certificate({ subject: name(['O', 'Root']), serial: integer('01') });
    const both = batch({
      tbs: tbsCertificate({ extensions: [subjectAltName([0x82, 'a'])] }),
      submitted: certificate(),
      chain: chainOf(root),
    }).entry(0);
    const keys = (value: unknown): unknown =>
      typeof value !== 'object' || value === null
        ? 0
        : Object.entries(value).map(([key, member]) => [key, keys(member)]);
    expect(keys(both.full('calidog'))).toEqual(keys(both.full('go')));
    expect(both.full('calidog').data.chain![0]).toMatchObject({
      serial_number: '1',
      signature_algorithm: 'sha256, ecdsa',
      subject: { CN: null },
    });
    expect(both.full('go').data.chain![0]).toMatchObject({ serial_number: '01', subject: { CN: '' } });
  });

  it('reports what cannot be read', () => {
    const { data } = batch({ submitted: hex('3000'), chain: Buffer.alloc(0) })
      .entry(0)
      .message('calidog');
    expect(data).toMatchObject({
      parse_error: 'malformed_tbs_certificate',
      leaf_cert: { subject: { CN: null, aggregated: '/' }, serial_number: '', signature_algorithm: '' },
    });
  });
});
