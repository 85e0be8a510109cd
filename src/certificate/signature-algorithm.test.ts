import { describe, expect, it } from 'vitest';
import { signatureAlgorithm } from './signature-algorithm.js';
import { certificate, hex, integer, leafCertOf, oid, sequence, tlv } from './testing/der-builder.js';

function nameOf(...parts: Buffer[]): string {
  return leafCertOf(certificate({ signature: sequence(...parts) })).signature_algorithm;
}

const NULL = hex('0500');
const PSS = oid('1.2.840.113549.1.1.10');
const SALT = tlv(0xa2, integer('14'));

function pssHash(dotted: string): Buffer {
  return tlv(0xa0, sequence(oid(dotted), NULL));
}

describe(signatureAlgorithm.name, () => {
  it.each([
    ['1.2.840.113549.1.1.2', 'md2, rsa'],
    ['1.2.840.113549.1.1.4', 'md5, rsa'],
    ['1.2.840.113549.1.1.5', 'sha1, rsa'],
    ['1.3.14.3.2.29', 'sha1, rsa'],
    ['1.2.840.113549.1.1.14', 'sha224, rsa'],
    ['1.2.840.113549.1.1.11', 'sha256, rsa'],
    ['1.2.840.113549.1.1.12', 'sha384, rsa'],
    ['1.2.840.113549.1.1.13', 'sha512, rsa'],
    ['1.2.840.10040.4.3', 'dsa, sha1'],
    ['2.16.840.1.101.3.4.3.2', 'dsa, sha256'],
    ['1.2.840.10045.4.1', 'ecdsa, sha1'],
    ['1.2.840.10045.4.3.1', 'ecdsa, sha224'],
    ['1.2.840.10045.4.3.2', 'ecdsa, sha256'],
    ['1.2.840.10045.4.3.3', 'ecdsa, sha384'],
    ['1.2.840.10045.4.3.4', 'ecdsa, sha512'],
    ['1.3.101.112', 'ed25519'],
    ['1.3.101.113', 'ed448'],
    ['2.16.840.1.101.3.4.3.18', 'unknown'],
    ['1.2.3', 'unknown'],
  ])('%s is %s, with or without parameters', (dotted, expected) => {
    expect(nameOf(oid(dotted))).toBe(expected);
    expect(nameOf(oid(dotted), NULL)).toBe(expected);
  });

  it.each([
    ['1.3.14.3.2.26', 'sha1, rsa-pss'],
    ['2.16.840.1.101.3.4.2.4', 'sha224, rsa-pss'],
    ['2.16.840.1.101.3.4.2.1', 'sha256, rsa-pss'],
    ['2.16.840.1.101.3.4.2.2', 'sha384, rsa-pss'],
    ['2.16.840.1.101.3.4.2.3', 'sha512, rsa-pss'],
    ['1.2.3', 'unknown'],
  ])('RSASSA-PSS with the hash %s is %s, regardless of the salt', (dotted, expected) => {
    expect(nameOf(PSS, sequence(pssHash(dotted), SALT))).toBe(expected);
    expect(nameOf(PSS, sequence(pssHash(dotted)))).toBe(expected);
  });

  it('RSASSA-PSS without a hash algorithm uses SHA-1', () => {
    expect(nameOf(PSS)).toBe('sha1, rsa-pss');
    expect(nameOf(PSS, sequence())).toBe('sha1, rsa-pss');
    expect(nameOf(PSS, sequence(SALT))).toBe('sha1, rsa-pss');
  });

  it('malformed parameters or identifiers are unknown', () => {
    expect(nameOf(PSS, NULL)).toBe('unknown');
    expect(nameOf(PSS, sequence(tlv(0xa0, NULL)))).toBe('unknown');
    expect(nameOf()).toBe('unknown');
    expect(nameOf(integer('01'))).toBe('unknown');
  });
});
