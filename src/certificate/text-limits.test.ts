import { describe, expect, it } from 'vitest';
import { CertificateBatch, type StreamKind } from './certificate-batch.js';
import type { CertificateData, CertificateUpdate, DnsEntries } from './certificate-message.js';
import { CertificateRenderer } from './certificate-renderer.js';
import { ENTRY_COLUMNS, EntryColumn } from './entry-batch.js';
import { webSocketFramer } from '../stream/encoding/websocket-encoding.js';
import { certificate, extension, name, subjectAltName, text, tlv } from './testing/der-builder.js';
import { batchOf, chainOf, issuersByOctet, type TestEntry, type TestHead } from './testing/log-entries.js';
import { DIALECTS } from './testing/rendered-messages.js';
import {
  leafTextLimit,
  MAX_CERTIFICATE_BYTES,
  MAX_CHAIN_TEXT_BYTES,
  MAX_LEAF_TEXT_BYTES,
} from './text-limits.js';

const KB = 1024;
const MB = 1024 * KB;
/** Size of the parts of a message that do not depend on the certificate. */
const REST = 4 * KB;
const BASE64 = 4 / 3;

function entry(submitted: Buffer, chain: Buffer = Buffer.alloc(0)): TestEntry {
  return { timestamp: 0, submitted, chain };
}

interface Message {
  readonly kind: StreamKind;
  /** Size of the text in octets. */
  readonly size: number;
  /** Data of the message. Messages of the domains-only stream have `domains` only. */
  readonly data: CertificateData;
  readonly domains: string[];
}

/** Returns the parsed text of the first entry in every stream and dialect. */
function messagesOf(entries: TestEntry[], head?: TestHead): Message[] {
  const batch = new CertificateBatch(batchOf(entries, head), new CertificateRenderer());
  return DIALECTS.flatMap((dialect) =>
    (['lite', 'full', 'domains'] as const).map((kind) => {
      const { buffer, textStart, frameStart } = batch.texts(kind, dialect);
      const bytes = buffer.subarray(textStart[0], frameStart[1]);
      const { data } = JSON.parse(bytes.toString()) as CertificateUpdate | DnsEntries;
      const domains = Array.isArray(data) ? data : data.leaf_cert.all_domains;
      return { kind, size: bytes.length, data: data as CertificateData, domains };
    }),
  );
}

const controls = (size: number): Buffer => text(Buffer.alloc(size, 1), 0x16);

describe('a certificate of control characters', () => {
  it.each([
    ['an e-mail address', (size: number) => certificate({ subject: name(['email', controls(size)]) })],
    ['an organization', (size: number) => certificate({ subject: name(['O', controls(size)]) })],
    ['the issuer', (size: number) => certificate({ issuer: name(['CN', controls(size)]) })],
    [
      'many attributes',
      (size: number) =>
        certificate({
          subject: name(
            ...Array.from({ length: size / 100 }, () => ['OU', controls(100)] as [string, Buffer]),
          ),
        }),
    ],
    [
      'DNS names',
      (size: number) =>
        certificate({
          extensions: [
            subjectAltName(
              ...Array.from(
                { length: size / 100 },
                (_, i) => [0x82, `${i}${'\u0001'.repeat(95)}`] as [number, string],
              ),
            ),
          ],
        }),
    ],
    [
      'URLs of issuers',
      (size: number) =>
        certificate({
          extensions: [
            extension(
              '1.3.6.1.5.5.7.1.1',
              tlv(
                0x30,
                tlv(
                  0x30,
                  tlv(0x06, Buffer.from('2b06010505073001', 'hex')),
                  tlv(0x86, Buffer.alloc(size, 2)),
                ),
              ),
            ),
          ],
        }),
    ],
  ])('in %s has a bounded text in every stream and a parse_error if a part is left out', (where, make) => {
    for (const size of [4 * KB, 30 * KB, 40 * KB, 1.1 * MB]) {
      const der = make(size);
      for (const { kind, size: length, data } of messagesOf([entry(der)])) {
        const asDer = kind === 'full' ? BASE64 * der.length : 0;
        expect(length).toBeLessThan(leafTextLimit(der.length) + asDer + REST);
        if (kind === 'domains') continue;
        expect(data.leaf_cert.sha256).toMatch(/^([0-9A-F]{2}:){31}/);
        expect(data.leaf_cert.serial_number).toMatch(/^0?ABC$/);
        expect(data.leaf_cert.not_after).toBeGreaterThan(0);
        // URLs are printed once, so their text is not too long.
        if (size > MB && where !== 'URLs of issuers') expect(data.parse_error).toBe('oversized_certificate');
      }
    }
  });

  it('keeps the names in all_domains', () => {
    const der = certificate({
      subject: name(['email', controls(40 * KB)], ['CN', 'phish.example']),
      extensions: [subjectAltName([0x82, 'a.example'], [0x82, 'b.example'])],
    });
    for (const { domains } of messagesOf([entry(der)])) {
      expect(domains).toEqual(['a.example', 'b.example', 'phish.example']);
    }
  });
});

it('a certificate that is too large to be read is streamed with its hashes', () => {
  const der = certificate({ subject: name(['O', text('x'.repeat(MAX_CERTIFICATE_BYTES))]) });
  for (const { kind, data, size } of messagesOf([entry(der)])) {
    expect(size).toBeLessThan(REST);
    if (kind === 'domains') continue;
    expect(data.parse_error).toBe('oversized_certificate');
    expect(data.leaf_cert).toMatchObject({ all_domains: [], serial_number: '' });
    expect(data.leaf_cert.sha256).not.toBe('');
  }
});

it('a large certificate of ordinary names is complete', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => [0x82, `host-${i}.example.com`] as [number, string]);
  const der = certificate({ extensions: [subjectAltName(...names)] });
  for (const { kind, data, domains } of messagesOf([entry(der)])) {
    expect(domains).toHaveLength(names.length + 1);
    if (kind === 'domains') continue;
    expect(data.parse_error).toBeUndefined();
    expect(data.leaf_cert.extensions.subjectAltName).toContain('host-19999.example.com');
    if (kind === 'full') expect(Buffer.from(data.leaf_cert.as_der!, 'base64').equals(der)).toBe(true);
  }
});

it('a name that is too long for a DNS name is left out', () => {
  const der = certificate({
    extensions: [subjectAltName([0x82, 'a'.repeat(100 * KB)], [0x82, 'b.example'])],
  });
  for (const { kind, data, domains } of messagesOf([entry(der)])) {
    if (kind === 'domains') expect(domains).toEqual(['b.example', 'example.com']);
    else expect(data.parse_error).toBe('oversized_certificate');
  }
});

describe('a long chain', () => {
  const large = certificate({ subject: name(['O', text('x'.repeat(60 * KB))]) });
  const hostile = certificate({ subject: name(['email', controls(60 * KB)]) });

  it.each([
    ['of large certificates', large, 100],
    ['of control characters', hostile, 100],
    ['of more certificates than are printed', certificate(), 101],
    ['with one certificate of control characters', hostile, 1],
  ])('%s is cut, and the full message has a parse_error', (_what, der, count) => {
    const lists: [TestEntry, TestHead][] = [
      [entry(certificate(), chainOf(...Array.from({ length: count }, () => der))), {}],
      [
        entry(certificate(), Buffer.alloc(32 * count)),
        { type: 'tiled', issuers: issuersByOctet({ 0: der }) },
      ],
    ];
    for (const [one, head] of lists) {
      for (const { kind, data, size } of messagesOf([one], head)) {
        if (kind === 'domains') continue;
        expect(data.parse_error).toBe(kind === 'full' ? 'oversized_chain' : undefined);
        expect(size).toBeLessThan(MAX_CHAIN_TEXT_BYTES + 8 * KB);
        if (kind === 'full') expect(data.chain?.length).toBeGreaterThan(0);
      }
    }
  });
});

describe('a long chain that entries of a page share', () => {
  const large = certificate({ subject: name(['O', text('x'.repeat(60 * KB))]) });
  const damaged = large.subarray(0, -1);

  /** Makes entries that refer to the same octets, as the entries of a page do. */
  function shared(chain: Buffer, count: number) {
    const batch = batchOf(Array.from({ length: count }, () => entry(certificate(), chain)));
    for (let row = ENTRY_COLUMNS; row < batch.table.length; row += ENTRY_COLUMNS) {
      batch.table[row + EntryColumn.ChainStart] = batch.table[EntryColumn.ChainStart];
      batch.table[row + EntryColumn.ChainEnd] = batch.table[EntryColumn.ChainEnd];
    }
    return batch;
  }

  it.each([
    ['that is cut', chainOf(...Array.from({ length: 100 }, () => large))],
    ['that is too long to be kept', chainOf(...Array.from({ length: 3 }, () => large))],
    ['of a damaged certificate', chainOf(damaged)],
    ['of small damaged certificates', chainOf(certificate().subarray(0, -1))],
  ])('%s is identical in every frame', (_what, chain) => {
    for (const options of [{ framer: webSocketFramer }, {}]) {
      const batch = new CertificateBatch(shared(chain, 5), new CertificateRenderer(options));
      for (const dialect of DIALECTS) {
        const { buffer, textStart, frameStart } = batch.texts('full', dialect);
        const chains = Array.from(textStart, (start, i) => {
          const { data } = JSON.parse(buffer.toString('utf8', start, frameStart[i + 1])) as CertificateUpdate;
          return JSON.stringify([data.chain, data.parse_error]);
        });
        expect(new Set(chains).size).toBe(1);
      }
    }
  });
});

it('a submitted precertificate that is too large is not printed', () => {
  const huge = certificate({ subject: name(['O', text('x'.repeat(MAX_CERTIFICATE_BYTES))]) });
  const { data } = messagesOf([{ ...entry(huge), tbs: Buffer.from('3000', 'hex') }]).find(
    ({ kind }) => kind === 'full',
  )!;
  expect(data.leaf_cert.as_der).toBe('');
});

it('the text sizes of one log do not affect the memory for another log', () => {
  const renderer = new CertificateRenderer();
  const huge = certificate({ subject: name(['email', text('x'.repeat(MAX_LEAF_TEXT_BYTES / 4))]) });
  new CertificateBatch(batchOf([entry(huge)], { url: 'https://one.example' }), renderer).texts('full');
  const small = Array.from({ length: 250 }, () => entry(certificate()));
  const texts = new CertificateBatch(batchOf(small, { url: 'https://two.example' }), renderer).texts('full');
  expect(texts.count).toBe(250);
  expect(texts.buffer.buffer.byteLength).toBeLessThan(4 * MB);
  // They do not affect the next batch of the same log either.
  const again = new CertificateBatch(batchOf(small, { url: 'https://one.example' }), renderer).texts('full');
  expect(again.count).toBe(250);
});
