import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import type { CertificateUpdate } from './certificate-message.js';
import { CertificateRenderer, type TextFramer } from './certificate-renderer.js';
import type { StreamKind } from './rendered-texts.js';
import { certificate, extension, hex, name, subjectAltName, tbsCertificate } from './testing/der-builder.js';
import { batchOf, chainOf, issuersByOctet, type TestEntry, type TestHead } from './testing/log-entries.js';

const KINDS: StreamKind[] = ['lite', 'full', 'domains'];
const ca = certificate({
  subject: name(['CN', 'Issuing CA']),
  extensions: [extension('2.5.29.19', hex('30030101ff'))],
});
const root = certificate({ subject: name(['CN', 'Root']) });
const leaf = certificate({ extensions: [subjectAltName([0x82, 'a.example'], [0x82, 'b.example'])] });
const poison = extension('1.3.6.1.4.1.11129.2.4.3', hex('0500'), true);

function entry(parts: Partial<TestEntry> = {}): TestEntry {
  return { timestamp: 1763795400100, submitted: leaf, chain: chainOf(ca, root), ...parts };
}

function batch(
  entries: TestEntry[],
  head: TestHead = {},
  renderer = new CertificateRenderer(),
): CertificateBatch {
  return new CertificateBatch(batchOf(entries, head), renderer);
}

function documents(certificates: CertificateBatch, kind: StreamKind): string[] {
  const { buffer, count, frameStart, textStart } = certificates.texts(kind);
  return Array.from({ length: count }, (_, i) => buffer.toString('utf8', textStart[i], frameStart[i + 1]));
}

function fingerprint(algorithm: string, der: Buffer): string {
  return createHash(algorithm)
    .update(der)
    .digest('hex')
    .toUpperCase()
    .replace(/..(?!$)/g, '$&:');
}

describe(CertificateBatch.name, () => {
  it('writes the lite message byte for byte', () => {
    const issuer = '"C":"US","CN":"Issuing CA","L":null,"O":"Test CA","OU":null,"ST":null';
    const sha1 = fingerprint('sha1', leaf);
    expect(documents(batch([entry()], { firstIndex: 5_000_000_000, name: 'Log "1"' }), 'lite')).toEqual([
      '{"data":{"cert_index":5000000000,"cert_link":"https://log.example/ct/v1/get-entries?start=5000000000&end=5000000000",' +
        '"leaf_cert":{"all_domains":["a.example","b.example","example.com"],' +
        '"extensions":{"subjectAltName":"DNS:a.example, DNS:b.example"},' +
        `"fingerprint":"${sha1}","sha1":"${sha1}","sha256":"${fingerprint('sha256', leaf)}",` +
        '"not_after":1767225600,"not_before":1735689600,"serial_number":"0ABC","signature_algorithm":"ecdsa, sha256",' +
        `"subject":{"C":null,"CN":"example.com","L":null,"O":null,"OU":null,"ST":null,"aggregated":"/CN=example.com","email_address":null,"emailAddress":null},` +
        `"issuer":{${issuer},"aggregated":"/C=US/CN=Issuing CA/O=Test CA","email_address":null,"emailAddress":null},"is_ca":false},` +
        '"seen":1763795400.123,"source":{"name":"Log \\"1\\"","url":"https://log.example","timestamp":1763795400.1,"type":"rfc6962","operator":"Op"},' +
        '"update_type":"X509LogEntry"},"message_type":"certificate_update"}\n',
    ]);
  });

  it('makes the full message by inserting chain and as_der into the lite message', () => {
    const certificates = batch([entry(), entry({ chain: Buffer.alloc(0) })]);
    const [full, unchained] = documents(certificates, 'full').map(
      (text) => JSON.parse(text) as CertificateUpdate,
    );
    expect(Object.keys(full.data)).toEqual([
      'cert_index',
      'cert_link',
      'chain',
      'leaf_cert',
      'seen',
      'source',
      'update_type',
    ]);
    expect(Object.keys(full.data.leaf_cert).slice(0, 3)).toEqual(['all_domains', 'as_der', 'extensions']);
    expect(full.data.leaf_cert.as_der).toBe(leaf.toString('base64'));
    expect(
      full.data.chain!.map((link) => [link.subject.CN, link.as_der, link.is_ca, link.all_domains]),
    ).toEqual([
      ['Issuing CA', ca.toString('base64'), true, []],
      ['Root', root.toString('base64'), false, ['Root']],
    ]);
    expect(unchained.data.chain).toEqual([]);
    const lite = JSON.parse(documents(certificates, 'lite')[0]) as CertificateUpdate;
    delete full.data.chain;
    delete full.data.leaf_cert.as_der;
    expect(JSON.stringify(full)).toBe(JSON.stringify(lite));
  });

  it('writes the same domains texts, without newline, with and without lite texts', () => {
    const expected = [
      '{"data":["a.example","b.example","example.com"],"message_type":"dns_entries"}',
      '{"data":[],"message_type":"dns_entries"}',
    ];
    const entries = [entry(), entry({ submitted: certificate({ subject: name() }) })];
    expect(documents(batch(entries), 'domains')).toEqual(expected);
    const rendered = batch(entries);
    rendered.texts('lite');
    expect(documents(rendered, 'domains')).toEqual(expected);
  });

  it('returns the text of one entry whether or not the batch is rendered', () => {
    const entries = [entry(), entry({ submitted: root }), entry({ chain: chainOf(root) })];
    const rendered = batch(entries);
    for (const kind of KINDS) {
      const expected = documents(rendered, kind);
      for (const certificates of [rendered, batch(entries)]) {
        expect([0, 1, 2].map((i) => certificates.text(kind, i).toString())).toEqual(expected);
      }
    }
    expect(() => rendered.text('lite', 3)).toThrow(RangeError);
  });

  it('writes the texts of a stream once', () => {
    const certificates = batch([entry()]);
    for (const kind of KINDS) expect(certificates.texts(kind)).toBe(certificates.texts(kind));
  });

  it('does not change earlier texts when the renderer continues', () => {
    const renderer = new CertificateRenderer();
    const first = batch([entry()], {}, renderer);
    const before = KINDS.map((kind) => documents(first, kind));
    const second = batch([entry({ submitted: root }), entry({ submitted: ca })], {}, renderer);
    for (const kind of KINDS) second.texts(kind);
    expect(KINDS.map((kind) => documents(first, kind))).toEqual(before);
  });

  it('lets a framer surround and move every text', () => {
    const framer: TextFramer = {
      open: (out) => out.latin1('reserved'),
      close: (out, start) => {
        const size = Buffer.from(`<${out.length - start}>`);
        out.buffer.copyWithin(start - 8 + size.length, start, out.length);
        out.length += size.length - 8;
        size.copy(out.buffer, start - 8);
        return start - 8 + size.length;
      },
    };
    const framed = batch([entry(), entry({ submitted: root })], {}, new CertificateRenderer({ framer }));
    const plain = batch([entry(), entry({ submitted: root })]);
    for (const kind of ['full', 'lite', 'domains'] as const) {
      const { buffer, frameStart, textStart } = framed.texts(kind);
      expect(documents(framed, kind)).toEqual(documents(plain, kind));
      expect(buffer.toString()).toBe(
        documents(plain, kind)
          .map((text) => `<${Buffer.byteLength(text)}>${text}`)
          .join(''),
      );
      expect([frameStart[0], textStart[0], frameStart[2]]).toEqual([
        0,
        buffer.indexOf('>') + 1,
        buffer.length,
      ]);
      expect(framed.text(kind, 1).toString()).toBe(documents(plain, kind)[1]);
    }
  });

  it('is iterable and describes its entries', () => {
    const certificates = batch([entry(), entry()], { firstIndex: 40 });
    expect([...certificates].map((one) => one.index)).toEqual([40, 41]);
    expect(certificates).toMatchObject({
      firstIndex: 40,
      count: 2,
      seen: 1763795400123,
      source: { name: 'Log' },
    });
  });
});

describe('a precert_entry', () => {
  it('takes fields from the TBSCertificate and hashes from the precertificate', () => {
    const issuer = name(['CN', 'Real Issuing CA']);
    const tbs = tbsCertificate({ issuer });
    const submitted = certificate({ issuer: name(['CN', 'Precert Signing Cert']), extensions: [poison] });
    const { data } = batch([entry({ tbs, submitted })])
      .entry(0)
      .full();
    expect(data.update_type).toBe('PrecertLogEntry');
    expect(data.leaf_cert).toMatchObject({
      issuer: { CN: 'Real Issuing CA' },
      extensions: { ctlPoisonByte: true },
      as_der: submitted.toString('base64'),
      sha1: fingerprint('sha1', submitted),
      sha256: fingerprint('sha256', submitted),
    });
  });

  it('differs from an x509_entry with poison', () => {
    const { data } = batch([entry({ submitted: certificate({ extensions: [poison] }) })])
      .entry(0)
      .message();
    expect(data).toMatchObject({
      update_type: 'X509LogEntry',
      leaf_cert: { extensions: { ctlPoisonByte: true } },
    });
  });
});

describe('an entry of a tiled log', () => {
  const chain = Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(32, 3)]);

  it('has a chain of its issuers and no link', () => {
    const issuers = issuersByOctet({ 1: ca, 2: root, 3: leaf });
    const find = vi.spyOn(issuers, 'find');
    const certificates = batch([entry({ chain }), entry({ chain })], { type: 'tiled', issuers });
    const messages = documents(certificates, 'full').map((text) => JSON.parse(text) as CertificateUpdate);
    for (const { data } of messages) {
      expect(data.chain!.map((link) => link.subject.CN)).toEqual(['Issuing CA', 'Root', 'example.com']);
      expect(data).toMatchObject({ cert_link: '', source: { type: 'tiled' } });
    }
    expect(find.mock.calls.map(([bytes, offset]) => bytes[offset])).toEqual([1, 2, 3]);
  });

  it('ends its chain before an unavailable issuer and counts the gap once', () => {
    const renderer = new CertificateRenderer();
    const issuers = issuersByOctet({ 1: ca, 3: root });
    const certificates = batch([entry({ chain })], { type: 'tiled', issuers }, renderer);
    certificates.text('full', 0);
    const [text] = documents(certificates, 'full');
    expect((JSON.parse(text) as CertificateUpdate).data.chain!.map((link) => link.subject.CN)).toEqual([
      'Issuing CA',
    ]);
    expect(renderer.stats.chainGaps).toBe(1);
    const complete = issuersByOctet({ 1: ca, 2: root, 3: root });
    const later = batch([entry({ chain })], { type: 'tiled', issuers: complete }, renderer)
      .entry(0)
      .full();
    expect(later.data.chain).toHaveLength(3);
  });

  it('has an empty chain without issuers', () => {
    expect(
      batch([entry({ chain })], { type: 'tiled' })
        .entry(0)
        .full().data.chain,
    ).toEqual([]);
  });
});
