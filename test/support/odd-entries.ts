import type { ParseError } from '../../src/certificate/certificate-message.js';
import {
  certificate,
  extension,
  generalizedTime,
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
  utcTime,
} from '../../src/certificate/testing/der-builder.js';
import type { CertificateData } from '../../src/certificate/certificate-message.js';
import { extraData, leafInput, u, vector } from './ct-log-bytes.js';

/** An entry that a log may contain although no CA should have issued it. */
export interface OddEntry {
  readonly title: string;
  readonly leafInput: Buffer;
  readonly extraData: Buffer;
  /** Expected `parse_error`. Default: none. */
  readonly parseError?: ParseError;
  /** Fields that are readable nevertheless. */
  readonly data?: object;
  /** The submitted certificate, as far as the entry contains it. */
  readonly der: Buffer;
}

type Expected = Pick<OddEntry, 'parseError'> & { readonly leaf?: object; readonly data?: object };

const root = certificate({ subject: name(['O', 'Root']) });

function x509(
  title: string,
  der: Buffer,
  { parseError, leaf, data }: Expected = {},
  chain: readonly Buffer[] = [root],
): OddEntry {
  const parts = { certificate: der, chain };
  const expected = data ?? (leaf && { leaf_cert: leaf });
  return { title, leafInput: leafInput(parts), extraData: extraData(parts), parseError, der, data: expected };
}

function precert(title: string, tbs: Buffer, der: Buffer, expected: Expected = {}): OddEntry {
  const parts = { certificate: tbs, precertificate: der, chain: [root] };
  const data = expected.leaf && { leaf_cert: expected.leaf };
  const { parseError } = expected;
  return { title, leafInput: leafInput(parts), extraData: extraData(parts), parseError, der, data };
}

function odd(title: string, parts: Parts, leaf: object, parseError?: ParseError): OddEntry {
  return x509(title, certificate(parts), { leaf, parseError });
}

const unreadable: OddEntry[] = [
  x509('text in place of a certificate', Buffer.from('not a certificate'), {
    parseError: 'malformed_certificate',
    leaf: { all_domains: [], serial_number: '' },
  }),
  x509('an empty SEQUENCE', hex('3000'), { parseError: 'malformed_tbs_certificate' }),
  x509('a single byte', hex('30'), { parseError: 'malformed_certificate' }),
  x509('an endless length', hex('3084ffffffff'), { parseError: 'malformed_certificate' }),
  x509(
    'half a certificate',
    certificate({ serial: integer('77'), extensions: [octets(Buffer.alloc(400))] }).subarray(0, 200),
    { parseError: 'malformed_certificate', leaf: { serial_number: '77', all_domains: ['example.com'] } },
  ),
  precert('a TBSCertificate of zeros', Buffer.alloc(64), certificate(), {
    parseError: 'malformed_tbs_certificate',
  }),
];

const partly: OddEntry[] = [
  odd(
    'a serial number that is text',
    { serial: text('one') },
    { serial_number: '', all_domains: ['example.com'] },
    'malformed_serial_number',
  ),
  odd('no dates', { validity: sequence() }, { not_before: 0, not_after: 0 }, 'malformed_validity'),
  odd('an issuer that is a number', { issuer: integer('05') }, { issuer: { CN: '' } }, 'malformed_issuer'),
  odd(
    'a truncated subject',
    { subject: sequence(tlv(0x31, sequence(oid('2.5.4.3'), text('kept.example'))), hex('3105')) },
    { all_domains: ['kept.example'] },
    'malformed_subject',
  ),
  odd(
    'truncated extensions',
    { extensions: [subjectAltName([0x82, 'kept.example']), hex('3030')] },
    { all_domains: ['kept.example', 'example.com'] },
    'malformed_extensions',
  ),
];

const MANY = Array.from({ length: 2000 }, (_, i) => `h${i}.x`);

const strange: OddEntry[] = [
  odd(
    'a malformed extension among good ones',
    { extensions: [extension('2.5.29.15', text('?')), subjectAltName([0x82, 'kept.example'])] },
    { extensions: { subjectAltName: 'DNS:kept.example' } },
  ),
  odd(
    'an unknown critical extension',
    { extensions: [extension('1.2.3.4', Buffer.alloc(5000, 1), true)] },
    { extensions: { extra: ['1.2.3.4'] } },
  ),
  odd(
    'every kind of alternative name',
    {
      extensions: [
        subjectAltName(
          [0xa0, oid('1.2.3')],
          [0x81, 'e@x'],
          [0x82, ''],
          [0x82, hex('636166e9')],
          [0xa3, ''],
          [0xa4, ''],
          [0xa5, ''],
          [0x86, 'http://[bad'],
          [0x87, hex('0102')],
          [0x88, hex('2a03')],
        ),
      ],
    },
    { all_domains: ['', 'café', 'example.com'] },
  ),
  odd(
    'names in every alphabet',
    {
      subject: name(
        ['O', text(hex('004300e90441'), 0x1e)],
        ['OU', text(hex('0001f600'), 0x1c)],
        ['L', text(hex('e9'), 0x14)],
        ['ST', text(hex('fffe'))],
        ['CN', 'quoted "\\\u2028'],
      ),
    },
    { subject: { O: 'Céс', OU: '😀', L: 'é', ST: 'ÿþ', CN: 'quoted "\\\u2028' } },
  ),
  odd('no name at all', { subject: name() }, { subject: { CN: '', aggregated: '/CN=' }, all_domains: [] }),
  odd('a negative serial number', { serial: integer('ff10') }, { serial_number: '-F0' }),
  odd(
    'a very long serial number',
    { serial: integer('7f'.repeat(200)) },
    { serial_number: '7F'.repeat(200) },
  ),
  odd(
    'dates that do not exist',
    { validity: sequence(utcTime('250230000000Z'), generalizedTime('99991231235959Z')) },
    { not_before: 0, not_after: 253402300799 },
  ),
  odd(
    'an unknown signature algorithm',
    { signature: sequence(oid('1.2.3')) },
    {
      signature_algorithm: 'unknown',
    },
  ),
  odd(
    'two thousand names',
    {
      extensions: [subjectAltName(...MANY.map((host): [number, string] => [0x82, host]))],
    },
    { all_domains: [...MANY, 'example.com'] },
  ),
  precert('a precertificate with another TBSCertificate', tbsCertificate(), hex('3000'), {
    leaf: { all_domains: ['example.com'], extensions: { ctlPoisonByte: true } },
  }),
  x509('a chain of garbage', certificate(), { leaf: { all_domains: ['example.com'] } }, [
    Buffer.from('garbage'),
    hex('3000'),
    root,
  ]),
];

const framed = { certificate: certificate(), chain: [root] };

/** Entries with odd certificates, which any log may serve. */
export const ODD_CERTIFICATES: readonly OddEntry[] = [...unreadable, ...partly, ...strange];

/** Odd entries. Only get-entries can serve them, since in a tile the end of such an entry is unknown. */
export const ODD_LEAVES: readonly OddEntry[] = [
  {
    title: 'a leaf with trailing bytes',
    leafInput: Buffer.concat([leafInput(framed), u(1, 0)]),
    extraData: extraData(framed),
    parseError: 'malformed_leaf',
    der: Buffer.alloc(0),
  },
  {
    title: 'an entry type of the future',
    leafInput: Buffer.concat([u(2, 0), u(8, 1_763_795_400_123), u(2, 7), vector(3, certificate())]),
    extraData: extraData(framed),
    parseError: 'unknown_entry_type',
    data: { update_type: '' } satisfies Partial<CertificateData>,
    der: Buffer.alloc(0),
  },
  {
    title: 'a truncated chain',
    leafInput: leafInput(framed),
    extraData: extraData(framed).subarray(0, 20),
    parseError: 'malformed_extra_data',
    data: { leaf_cert: { all_domains: ['example.com'] } },
    der: framed.certificate,
  },
];
