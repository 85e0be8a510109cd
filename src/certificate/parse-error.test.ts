import { describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import { CertificateRenderer } from './certificate-renderer.js';
import { EntryColumn, EntryProblem, type EntryBatch } from './entry-batch.js';
import {
  certificate,
  hex,
  integer,
  name,
  sequence,
  tbsCertificate,
  tlv,
  utcTime,
} from './testing/der-builder.js';
import { batchOf, chainOf } from './testing/log-entries.js';

const EMPTY_NAME = {
  C: null,
  CN: '',
  L: null,
  O: null,
  OU: null,
  ST: null,
  aggregated: '/CN=',
  email_address: null,
  emailAddress: null,
};

function read(entries: EntryBatch) {
  const renderer = new CertificateRenderer();
  const batch = new CertificateBatch(entries, renderer);
  for (const kind of ['domains', 'lite', 'full'] as const) batch.texts(kind);
  return { data: batch.entry(0).full().data, text: batch.entry(0).json('lite'), stats: renderer.stats };
}

function readCertificate(submitted: Buffer) {
  return read(batchOf([{ timestamp: 1000, submitted, chain: chainOf(certificate()) }]));
}

describe('an entry whose certificate cannot be read', () => {
  it('has index, source, hashes, chain and as_der; all other fields are empty', () => {
    const garbage = hex('deadbeef');
    const { data, text, stats } = readCertificate(garbage);
    expect(data).toMatchObject({
      cert_index: 7,
      chain: [{ subject: { CN: 'example.com' } }],
      source: { name: 'Log', timestamp: 1 },
      update_type: 'X509LogEntry',
      parse_error: 'malformed_certificate',
    });
    expect(data.leaf_cert).toEqual({
      all_domains: [],
      as_der: '3q2+7w==',
      extensions: {},
      fingerprint: 'D7:8F:8B:B9:92:A5:6A:59:7F:6C:7A:1F:B9:18:BB:78:27:13:67:EB',
      sha1: 'D7:8F:8B:B9:92:A5:6A:59:7F:6C:7A:1F:B9:18:BB:78:27:13:67:EB',
      sha256:
        '5F:78:C3:32:74:E4:3F:A9:DE:56:59:26:5C:1D:91:7E:25:C0:37:22:DC:B0:B8:D2:7D:B8:D5:FE:AA:81:39:53',
      not_after: 0,
      not_before: 0,
      serial_number: '',
      signature_algorithm: '',
      subject: EMPTY_NAME,
      issuer: EMPTY_NAME,
      is_ca: false,
    });
    expect(text).toMatch(/,"parse_error":"malformed_certificate"\},"message_type":"certificate_update"\}\n$/);
    expect([...stats.parseErrors]).toEqual([['malformed_certificate', 1]]);
  });

  it('has empty hashes and an empty as_der if there is no submitted DER', () => {
    const { data } = readCertificate(Buffer.alloc(0));
    expect(data.leaf_cert).toMatchObject({ fingerprint: '', sha1: '', sha256: '', as_der: '' });
  });

  it.each([
    ['malformed_tbs_certificate', sequence(integer('01'))],
    ['malformed_serial_number', certificate({ serial: tlv(0x02) })],
    ['malformed_serial_number', certificate({ serial: Buffer.alloc(0) })],
    ['malformed_signature_algorithm', certificate({ signature: integer('01') })],
    ['malformed_issuer', certificate({ issuer: tlv(0x31) })],
    ['malformed_issuer', certificate({ issuer: sequence(integer('01')) })],
    ['malformed_validity', certificate({ validity: sequence(utcTime('250101000000Z')) })],
    ['malformed_validity', certificate({ validity: sequence(integer('01'), integer('02')) })],
    ['malformed_subject', certificate({ subject: sequence(tlv(0x31, integer('01'))) })],
    ['malformed_public_key', certificate({ publicKey: integer('01') })],
    [
      'malformed_extensions',
      certificate({ publicKey: Buffer.concat([sequence(), tlv(0xa3, integer('01'))]) }),
    ],
  ])('reports %s and continues with the next field', (code, der) => {
    const { data, stats } = readCertificate(der);
    expect(data.parse_error).toBe(code);
    expect([...stats.parseErrors]).toEqual([[code, 1]]);
    if (code === 'malformed_tbs_certificate') return;
    if (code !== 'malformed_subject') expect(data.leaf_cert.all_domains).toEqual(['example.com']);
    if (code !== 'malformed_serial_number') expect(data.leaf_cert.serial_number).toBe('0ABC');
    if (code !== 'malformed_validity') expect(data.leaf_cert.not_after).toBe(1767225600);
  });

  it('prints 0 for dates that do not exist, without a parse_error', () => {
    const { data, stats } = readCertificate(
      certificate({ validity: sequence(utcTime('250230000000Z'), utcTime('x')) }),
    );
    expect(data).not.toHaveProperty('parse_error');
    expect(data.leaf_cert).toMatchObject({ not_before: 0, not_after: 0 });
    expect(stats.impossibleDates).toBe(2);
  });
});

describe('a precert_entry with an unreadable TBSCertificate', () => {
  const names = { subject: name(['CN', 'precertificate.example']) };
  const precert = certificate(names);
  /** Reads a precert_entry. Checks that domains and lite texts have the same names and that the parse_error is counted once. */
  function readPrecert(tbs: Buffer, submitted: Buffer, problem: number = EntryProblem.None) {
    const entries = batchOf([{ timestamp: 1000, tbs, submitted, chain: Buffer.alloc(0) }]);
    entries.table[EntryColumn.Problem] = problem;
    const { data, stats } = read(entries);
    const domains = new CertificateBatch(entries, new CertificateRenderer()).entry(0).allDomains();
    expect(domains).toEqual(data.leaf_cert.all_domains);
    expect([...stats.parseErrors]).toEqual([[data.parse_error, 1]]);
    return data;
  }

  it.each([
    ['malformed_tbs_certificate', Buffer.alloc(0)],
    ['malformed_tbs_certificate', tbsCertificate(names).subarray(0, 60)],
    ['malformed_subject', tbsCertificate({ subject: integer('01') })],
  ])('has the fields of the submitted precertificate and the parse_error %s', (code, tbs) => {
    const data = readPrecert(tbs, precert);
    expect(data).toMatchObject({ parse_error: code, update_type: 'PrecertLogEntry' });
    const sound = read(
      batchOf([{ timestamp: 1000, tbs: tbsCertificate(names), submitted: precert, chain: Buffer.alloc(0) }]),
    );
    expect(data.leaf_cert).toEqual(sound.data.leaf_cert);
    expect(data.leaf_cert).toMatchObject({
      all_domains: ['precertificate.example'],
      extensions: { ctlPoisonByte: true },
      serial_number: '0ABC',
    });
  });

  it('has the readable fields of the TBSCertificate if the precertificate has a defect too', () => {
    const tbs = tbsCertificate({ ...names, publicKey: integer('01') });
    const data = readPrecert(tbs, precert.subarray(0, -1));
    expect(data).toMatchObject({
      parse_error: 'malformed_public_key',
      leaf_cert: { all_domains: ['precertificate.example'] },
    });
  });

  it('has the fields of the precertificate if the leaf has no TBSCertificate', () => {
    const data = readPrecert(Buffer.alloc(0), precert, EntryProblem.MalformedLeaf);
    expect(data).toMatchObject({
      parse_error: 'malformed_leaf',
      leaf_cert: { all_domains: ['precertificate.example'] },
    });
  });
});

describe('an entry with a problem', () => {
  function problemBatch(
    problem: number,
    change: (set: (column: number, value: number) => void) => void = () => {},
  ) {
    const entries = batchOf([
      { timestamp: 5, submitted: certificate({ subject: name(['CN', 'x']) }), chain: Buffer.alloc(0) },
    ]);
    entries.table[EntryColumn.Problem] = problem;
    change((column, value) => (entries.table[column] = value));
    return read(entries);
  }

  it('keeps the parts that were located', () => {
    const { data, stats } = problemBatch(EntryProblem.MalformedExtraData);
    expect(data).toMatchObject({
      parse_error: 'malformed_extra_data',
      chain: [],
      leaf_cert: { all_domains: ['x'] },
    });
    expect([...stats.parseErrors]).toEqual([['malformed_extra_data', 1]]);
  });

  it('may have no parts at all', () => {
    const { data } = problemBatch(EntryProblem.MalformedLeaf, (set) => {
      for (const column of [3, 4, 5, 6, 7, 8]) set(column, 0);
    });
    expect(data).toMatchObject({
      parse_error: 'malformed_leaf',
      leaf_cert: { fingerprint: '', subject: EMPTY_NAME },
    });
  });

  it('has an empty update_type if its entry type is unknown', () => {
    const { data } = problemBatch(EntryProblem.UnknownEntryType, (set) => set(EntryColumn.Type, 0x8000));
    expect(data).toMatchObject({ parse_error: 'unknown_entry_type', update_type: '' });
  });
});
