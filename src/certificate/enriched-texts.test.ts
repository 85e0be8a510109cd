import { describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import type { CertificateUpdate, LeafCert } from './certificate-message.js';
import { CertificateRenderer, type TextFramer } from './certificate-renderer.js';
import { withVerification } from './entry-batch-builder.js';
import type { BatchPlace } from './entry-batch.js';
import {
  certificate,
  hex,
  name,
  oid,
  sequence,
  subjectAltName,
  tbsCertificate,
  tlv,
} from './testing/der-builder.js';
import { batchOf, chainOf, type TestEntry, type TestHead } from './testing/log-entries.js';
import { DIALECTS } from './testing/rendered-messages.js';
import { MAX_REGISTRABLE_NAMES } from './text-limits.js';

const NO_CHAIN = Buffer.alloc(0);
const leaf = certificate({
  subject: name(['CN', '*.a.example']),
  extensions: [
    subjectAltName([0x82, 'a.example'], [0x82, 'www.b.co.uk'], [0x82, 'x.github.io'], [0x82, 'com']),
  ],
});

function entry(submitted = leaf, parts: Partial<TestEntry> = {}): TestEntry {
  return { timestamp: 1763795400100, submitted, chain: NO_CHAIN, ...parts };
}

function batch(entries: TestEntry[], head: TestHead = {}, place?: BatchPlace): CertificateBatch {
  const renderer = new CertificateRenderer();
  renderer.cursorPrefix = 'EPOCH.7.';
  return new CertificateBatch(batchOf(entries, head), renderer, place);
}

function messages(certificates: CertificateBatch, kind: 'lite' | 'full' = 'lite'): CertificateUpdate[] {
  const { buffer, count, frameStart, textStart } = certificates.texts(kind, 'go', true);
  return Array.from(
    { length: count },
    (_, i) => JSON.parse(buffer.toString('utf8', textStart[i], frameStart[i + 1])) as CertificateUpdate,
  );
}

function enrichedLeaf(der: Buffer): LeafCert {
  return messages(batch([entry(der)]))[0].data.leaf_cert;
}

describe('enriched texts', () => {
  it('add their fields after all_domains and at the end of data, and change nothing else', () => {
    const place = { seq: 12, offset: 100 };
    const head = { logId: 'bG9nIGlk' };
    for (const dialect of DIALECTS) {
      const certificates = batch([entry(), entry()], head, place);
      for (const kind of ['lite', 'full'] as const) {
        const plain = certificates.text(kind, 1, dialect).toString();
        const enriched = certificates.text(kind, 1, dialect, true).toString();
        const ofLeaf =
          ',"registrable_domains":["a.example","b.co.uk","x.github.io"],"key_type":null,"validation_type":null';
        const ofData = ',"log_id":"bG9nIGlk","verification":"off","cursor":"EPOCH.7.12.102"';
        expect(enriched).toContain(`${ofLeaf},"extensions"`);
        expect(enriched).toContain(`${ofData}},"message_type"`);
        expect(enriched.replace(ofLeaf, '').replace(ofData, '')).toBe(plain);
      }
    }
  });

  it('are the same for a whole batch and for one entry, before and after the batch is written', () => {
    const entries = [entry(), entry(certificate()), entry(hex('30')), entry(leaf, { chain: chainOf(leaf) })];
    const place = { seq: 1, offset: 0 };
    const rendered = batch(entries, {}, place);
    for (const dialect of DIALECTS) {
      for (const kind of ['lite', 'full'] as const) {
        const { buffer, textStart, frameStart } = rendered.texts(kind, dialect, true);
        for (let i = 0; i < entries.length; i++) {
          const text = buffer.toString('utf8', textStart[i], frameStart[i + 1]);
          expect(rendered.text(kind, i, dialect, true).toString()).toBe(text);
          expect(batch(entries, {}, place).text(kind, i, dialect, true).toString()).toBe(text);
        }
      }
    }
  });

  it('are written once, and the plain texts are the same with and without them', () => {
    const one = batch([entry()]);
    const enriched = one.texts('full', 'go', true);
    expect(one.texts('full', 'go', true)).toBe(enriched);
    expect(one.texts('full')).not.toBe(enriched);
    const other = batch([entry()]);
    for (const kind of ['lite', 'full', 'domains'] as const)
      expect(one.texts(kind).buffer).toEqual(other.texts(kind).buffer);
  });

  it('leave domains-only texts unchanged', () => {
    const certificates = batch([entry()]);
    expect(certificates.texts('domains', 'go', true)).toBe(certificates.texts('domains'));
  });

  it('have frames', () => {
    const framer: TextFramer = {
      open: (out) => out.latin1('<'),
      close: (_out, textStart) => textStart,
    };
    const certificates = new CertificateBatch(
      batchOf([entry(), entry()]),
      new CertificateRenderer({ framer }),
    );
    const { buffer, textStart, frameStart } = certificates.texts('lite', 'go', true);
    for (let i = 0; i < 2; i++) {
      expect(buffer.toString('utf8', frameStart[i], textStart[i])).toBe('<');
      expect(buffer.toString('utf8', textStart[i], frameStart[i + 1])).toBe(
        certificates.text('lite', i, 'go', true).toString(),
      );
    }
  });

  it('count the defects of entries and chains once', () => {
    const renderer = new CertificateRenderer();
    const entries = batchOf([entry(hex('30'), { chain: chainOf(hex('30')) })]);
    const certificates = new CertificateBatch(entries, renderer);
    certificates.texts('full', 'go', true);
    certificates.texts('full');
    expect([...renderer.stats.parseErrors.values()]).toEqual([1]);
    expect(renderer.stats.malformedChainCertificates).toBe(1);
  });

  it('have parse_error, also one of the chain, which only the full text has', () => {
    const head = { type: 'tiled', encoding: 'data-tile' } as const;
    const [{ data }] = messages(batch([entry(leaf, { chain: Buffer.alloc(32) })], head), 'full');
    expect(data).toMatchObject({ parse_error: 'missing_issuer', log_id: null, cursor: null });
    expect(messages(batch([entry(hex('30'))]))[0].data.parse_error).toMatch(/^malformed/);
  });
});

describe('log_id, verification and cursor', () => {
  it.each(['verified', 'unverified', 'failed', 'off'] as const)('verification is %s', (verification) => {
    const entries = withVerification(batchOf([entry()]), verification);
    const certificates = new CertificateBatch(entries, new CertificateRenderer());
    expect(messages(certificates)[0].data.verification).toBe(verification);
    for (const part of [certificates.newest(1, 1e6), certificates])
      expect(messages(part)[0].data.verification).toBe(verification);
  });

  it('cursor is the place after the entry, also in a part of the batch', () => {
    const certificates = batch([entry(), entry(), entry()], {}, { seq: 5, offset: 40 });
    const cursorsOf = (part: CertificateBatch) => messages(part).map(({ data }) => data.cursor);
    expect(cursorsOf(certificates)).toEqual(['EPOCH.7.5.41', 'EPOCH.7.5.42', 'EPOCH.7.5.43']);
    expect(cursorsOf(certificates.newest(2, 1e6))).toEqual(['EPOCH.7.5.42', 'EPOCH.7.5.43']);
  });

  it('cursor is null without a place, log_id is null for a log whose key is unknown', () => {
    expect(messages(batch([entry()]))[0].data).toMatchObject({ cursor: null, log_id: null });
  });
});

describe('registrable_domains', () => {
  it('are those of all_domains, each once', () => {
    const der = certificate({
      subject: name(['CN', 'Example Inc.']),
      extensions: [
        subjectAltName(
          [0x82, '*.shop.example.com'],
          [0x82, 'EXAMPLE.com.'],
          [0x82, 'münchen.de'],
          [0x82, 'xn--mnchen-3ya.de'],
          [0x82, '10.0.0.1'],
          [0x82, 'a"\\.b.example.org'],
          [0x82, ''],
        ),
      ],
    });
    expect(enrichedLeaf(der).registrable_domains).toEqual(['example.com', 'münchen.de', 'xn--mnchen-3ya.de']);
  });

  it('are those of a bounded number of names', () => {
    const names = Array.from({ length: MAX_REGISTRABLE_NAMES + 5 }, (_, i): [number, string] => [
      0x82,
      `a${i}.net`,
    ]);
    const der = certificate({ subject: name(), extensions: [subjectAltName(...names)] });
    const { registrable_domains: domains, all_domains: all } = enrichedLeaf(der);
    expect(all).toHaveLength(names.length);
    expect(domains).toEqual(all.slice(0, MAX_REGISTRABLE_NAMES));
  });
});

describe('the leaf of a precert_entry', () => {
  it('gives the fields, even if only the submitted precertificate is readable', () => {
    const publicKey = sequence(sequence(oid('1.3.101.112')), tlv(0x03, hex('00'), Buffer.alloc(32)));
    const parts = { publicKey, subject: name(['CN', 'a.example']) };
    const tbs = tbsCertificate(parts);
    const submitted = certificate(parts);
    const entries = [entry(submitted, { tbs }), entry(submitted, { tbs: tbs.subarray(0, 9) })];
    const keyTypes = messages(batch(entries)).map(({ data }) => data.leaf_cert.key_type);
    expect(keyTypes).toEqual(['Ed25519', 'Ed25519']);
  });
});
