import { describe, expect, it } from 'vitest';
import { DomainList } from './domain-list.js';
import {
  certificate,
  extension,
  hex,
  leafCertOf,
  name,
  sequence,
  subjectAltName,
  text,
  tlv,
} from './testing/der-builder.js';

function domainsOf(cn: string | Buffer | undefined, ...names: (string | Buffer)[]): string[] {
  const san = subjectAltName(...names.map((value): [number, string | Buffer] => [0x82, value]));
  const subject = cn === undefined ? name() : name(['CN', cn]);
  return leafCertOf(certificate({ subject, extensions: [san] })).all_domains;
}

describe(DomainList.name, () => {
  it('keeps the order of the certificate and appends the CN', () => {
    expect(domainsOf('cn.example', 'b.example', '*.a.example')).toEqual([
      'b.example',
      '*.a.example',
      'cn.example',
    ]);
    expect(domainsOf('b.example', 'b.example', 'a.example')).toEqual(['b.example', 'a.example']);
    expect(domainsOf('John Q. Public')).toEqual(['John Q. Public']);
  });

  it('keeps the first of equal names and compares them exactly', () => {
    expect(domainsOf('EDGE.example', 'edge.example', 'edge.example', 'edge.example.')).toEqual([
      'edge.example',
      'edge.example.',
      'EDGE.example',
    ]);
  });

  it('compares texts, not bytes', () => {
    expect(domainsOf(text(hex('00e9'), 0x1e), hex('e9'), 'é')).toEqual(['é']);
  });

  it('keeps an empty dNSName but drops an empty CN', () => {
    expect(domainsOf('', '', 'a')).toEqual(['', 'a']);
    expect(domainsOf('')).toEqual([]);
    expect(domainsOf(undefined)).toEqual([]);
  });

  it('ignores the CN of a CA', () => {
    const ca = extension('2.5.29.19', sequence(hex('0101ff')));
    expect(leafCertOf(certificate({ extensions: [ca, subjectAltName([0x82, 'a'])] })).all_domains).toEqual([
      'a',
    ]);
  });

  it.each([23, 24, 25, 26, 500])('finds duplicates among %d names', (count) => {
    const names = Array.from({ length: count }, (_, i) => `h${i}.example`);
    expect(domainsOf('h3.example', ...names, ...names, 'last.example')).toEqual([...names, 'last.example']);
  });

  it('writes a list of 200,000 names', () => {
    const names = Array.from({ length: 200_000 }, (_, i) => tlv(0x82, Buffer.from(`h${i % 150_000}`)));
    const san = extension('2.5.29.17', tlv(0x30, Buffer.concat(names)));
    const domains = leafCertOf(certificate({ extensions: [san] })).all_domains;
    expect(domains).toHaveLength(150_001);
    expect(domains.at(-2)).toBe('h149999');
  });
});
