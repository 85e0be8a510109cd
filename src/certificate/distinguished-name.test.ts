import { describe, expect, it } from 'vitest';
import type { CertificateName } from './certificate-message.js';
import { DistinguishedName } from './distinguished-name.js';
import { certificate, hex, leafCertOf, name, oid, sequence, text, tlv } from './testing/der-builder.js';

function subjectOf(subject: Buffer): CertificateName {
  return leafCertOf(certificate({ subject })).subject;
}

describe(DistinguishedName.name, () => {
  it('has all keys in order, even for an empty name', () => {
    const { subject } = leafCertOf(certificate({ subject: name() }));
    expect(JSON.stringify(subject)).toBe(
      '{"C":null,"CN":"","L":null,"O":null,"OU":null,"ST":null,"aggregated":"/CN=","email_address":null,"emailAddress":null}',
    );
  });

  it('aggregates in a fixed order and shows the e-mail address under both keys', () => {
    const subject = subjectOf(
      name(
        ['email', text('a@b.c', 0x16)],
        ['ST', 'Bayern'],
        ['OU', 'U'],
        ['O', 'Org'],
        ['L', 'M'],
        ['CN', 'n'],
        ['C', 'DE'],
      ),
    );
    expect(subject).toEqual({
      C: 'DE',
      CN: 'n',
      L: 'M',
      O: 'Org',
      OU: 'U',
      ST: 'Bayern',
      aggregated: '/C=DE/CN=n/L=M/O=Org/OU=U/ST=Bayern/emailAddress=a@b.c',
      email_address: 'a@b.c',
      emailAddress: 'a@b.c',
    });
  });

  it('joins several values, takes the last CN and flattens multi-valued RDNs', () => {
    const subject = subjectOf(
      name(
        ['OU', 'A'],
        [
          ['OU', 'B,1'],
          ['CN', 'first'],
          ['O', ''],
        ],
        ['CN', 'last'],
        ['OU', ''],
        ['email', 'x@y'],
        ['email', 'z@y'],
      ),
    );
    expect(subject).toMatchObject({
      OU: 'A,B,1,',
      CN: 'last',
      O: '',
      email_address: 'x@y,z@y',
      emailAddress: 'x@y,z@y',
    });
    expect(subject.aggregated).toBe('/CN=last/O=/OU=A,B,1,/emailAddress=x@y,z@y');
  });

  it('takes ST from stateOrProvinceName, not from streetAddress', () => {
    expect(subjectOf(name(['street', 'Main St'], ['DC', 'x'])).ST).toBeNull();
  });

  it('ignores values that are not strings', () => {
    const subject = subjectOf(
      name(['CN', 'kept'], ['CN', tlv(0x02, hex('05'))], ['O', tlv(0x30)], ['O', 'x']),
    );
    expect(subject).toMatchObject({ CN: 'kept', O: 'x' });
  });

  it('reads every string type and escapes it in both places', () => {
    const subject = subjectOf(
      name(
        ['CN', text(hex('0065 00df 0000'), 0x1e)],
        ['O', text(hex('00000041'), 0x1c)],
        ['OU', text(hex('43e9'), 0x14)],
        ['L', text('a"\\\u2028', 0x0c)],
        ['C', text('123', 0x12)],
        ['ST', text('a@b_c!', 0x13)],
      ),
    );
    expect(subject).toMatchObject({ CN: 'eß', O: 'A', OU: 'Cé', L: 'a"\\\u2028', C: '123', ST: 'a@b_c!' });
    expect(subject.aggregated).toBe('/C=123/CN=eß/L=a"\\\u2028/O=A/OU=Cé/ST=a@b_c!');
  });

  it('keeps the readable attributes of a malformed name', () => {
    const rdn = tlv(0x31, sequence(oid('2.5.4.10'), text('Org')));
    const broken = sequence(tlv(0x04, hex('00')), tlv(0x31, sequence(text('no type'))), rdn, hex('31 7f'));
    expect(subjectOf(broken)).toMatchObject({ O: 'Org', CN: '' });
  });

  it('is written identically from the issuer cache', () => {
    const issuer = name(['CN', 'Ca"é'], ['email', 'ca@example.com']);
    const der = certificate({ issuer });
    expect(leafCertOf(der).issuer).toEqual(leafCertOf(certificate({ subject: issuer })).subject);
  });
});
