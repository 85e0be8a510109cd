import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import type { CertificateUpdate } from './certificate-message.js';
import { CertificateRenderer } from './certificate-renderer.js';
import {
  certificate,
  extension,
  generalizedTime,
  generalNames,
  hex,
  name,
  octets,
  oid,
  sequence,
  subjectAltName,
  text,
  tlv,
  utcTime,
} from './testing/der-builder.js';
import { batchOf, chainOf, type TestEntry } from './testing/log-entries.js';

/** A certificate with every field that has a reader, so that damage anywhere affects a reader. */
const sample = certificate({
  serial: tlv(0x02, hex('ff0102')),
  signature: sequence(
    oid('1.2.840.113549.1.1.10'),
    sequence(tlv(0xa0, sequence(oid('2.16.840.1.101.3.4.2.1')))),
  ),
  issuer: name(['C', 'US'], ['O', text('Caf\xe9', 0x14)], ['CN', text(hex('0043 d83d'), 0x1e)]),
  validity: sequence(utcTime('250101000000Z'), generalizedTime('20550101000000.5+0100')),
  subject: name(
    [
      ['CN', 'a.example'],
      ['OU', 'x'],
    ],
    ['OU', text(hex('00000041'), 0x1c)],
    ['email', 'e@x'],
  ),
  extensions: [
    subjectAltName(
      [0x82, 'a.example'],
      [0x82, hex('c3a9ff22')],
      [0x87, Buffer.alloc(16)],
      [0x86, 'http://u'],
      [0x81, 'e@x'],
    ),
    extension(
      '1.3.6.1.5.5.7.1.1',
      sequence(sequence(oid('1.3.6.1.5.5.7.48.1'), tlv(0x86, Buffer.from('http://o')))),
    ),
    extension('2.5.29.35', sequence(tlv(0x80, hex('0102')))),
    extension('2.5.29.19', sequence(hex('0101ff')), true),
    extension('2.5.29.32', sequence(sequence(oid('2.23.140.1.2.1')))),
    extension('1.3.6.1.4.1.11129.2.4.2', octets(hex('00000000'))),
    extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.2.3'))),
    extension('2.5.29.15', hex('030205a0')),
    extension('2.5.29.14', octets(hex('0102'))),
    extension('2.5.29.31', sequence(sequence(tlv(0xa0, tlv(0xa0, tlv(0x86, Buffer.from('http://c'))))))),
    extension('2.5.29.18', generalNames([0x82, 'i'])),
    extension('1.2.3.4', hex('0500')),
  ],
});

/** Renders every blob as certificate, as TBSCertificate and as chain, and parses the texts. */
function renderAll(blobs: Buffer[]): CertificateUpdate[] {
  const asLeaf = blobs.map((blob): TestEntry => ({ timestamp: 0, submitted: blob, chain: chainOf(blob) }));
  const asTbs = blobs.map((blob): TestEntry => ({ timestamp: 0, submitted: blob, tbs: blob, chain: blob }));
  const batch = new CertificateBatch(batchOf([...asLeaf, ...asTbs]), new CertificateRenderer());
  const messages: CertificateUpdate[] = [];
  for (const kind of ['domains', 'lite', 'full'] as const) {
    const { buffer, count, textStart, frameStart } = batch.texts(kind);
    expect(isUtf8(buffer)).toBe(true);
    for (let i = 0; i < count; i++) {
      const message = JSON.parse(
        buffer.toString('utf8', textStart[i], frameStart[i + 1]),
      ) as CertificateUpdate;
      if (kind === 'full') messages.push(message);
    }
  }
  return messages;
}

/** Returns a generator of deterministic numbers in [0, limit). */
function generator(seed: number): (limit: number) => number {
  return (limit) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
}

describe('rendering damaged certificates', () => {
  it('reads the undamaged sample entirely', () => {
    const [message] = renderAll([sample]);
    expect(message.data).not.toHaveProperty('parse_error');
    expect(Object.keys(message.data.leaf_cert.extensions)).toHaveLength(12);
  });

  it('adds a parse_error to every truncation and keeps its bytes', () => {
    const truncations = Array.from({ length: sample.length }, (_, size) => sample.subarray(0, size));
    const messages = renderAll(truncations);
    for (let size = 0; size < sample.length; size++) {
      expect(messages[size].data.parse_error, `truncated to ${size}`).toMatch(/^malformed_/);
      expect(messages[size].data.leaf_cert.as_der).toBe(truncations[size].toString('base64'));
      const asChain = messages[size].data.chain?.map((link) => link.as_der);
      expect(asChain).toEqual(size === 0 ? [] : [truncations[size].toString('base64')]);
      const asTbs = messages[sample.length + size].data;
      expect(asTbs.parse_error).toMatch(/^malformed_/);
      expect(asTbs.leaf_cert.as_der).toBe(truncations[size].toString('base64'));
    }
  });

  it.each([0x00, 0x30, 0x80, 0xff])('produces JSON with any byte changed to %d', (value) => {
    const blobs = Array.from({ length: sample.length }, (_, at) => {
      const blob = Buffer.from(sample);
      blob[at] = value;
      return blob;
    });
    expect(renderAll(blobs)).toHaveLength(2 * sample.length);
  });

  it('produces JSON for random changes and random bytes', () => {
    const random = generator(20260105);
    const blobs = Array.from({ length: 500 }, () => {
      const blob = Buffer.from(sample);
      for (let changes = 1 + random(6); changes > 0; changes--) blob[random(blob.length)] = random(256);
      return random(10) === 0 ? Buffer.from(blob.map(() => random(256))) : blob;
    });
    expect(renderAll(blobs)).toHaveLength(1000);
  });

  it('survives deep nesting', () => {
    let nested: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 3000; depth++) nested = tlv(depth % 2 === 0 ? 0x30 : 0xa0, nested);
    const [, inside] = renderAll([
      nested,
      certificate({
        extensions: ['2.5.29.17', '2.5.29.31', '2.5.29.35', '2.5.29.32', '1.3.6.1.5.5.7.1.1'].map((id) =>
          extension(id, nested),
        ),
        subject: sequence(nested),
      }),
    ]);
    expect(inside.data.parse_error).toBe('malformed_subject');
  });

  it('renders huge lists completely', () => {
    const names = name(
      ...Array.from({ length: 5000 }, (_, i): [string, string] => [i % 2 === 0 ? 'O' : 'email', `v${i}`]),
    );
    const many = Array.from({ length: 5000 }, (_, i) =>
      extension(i % 2 === 0 ? '2.5.29.17' : '1.2.3', generalNames([0x82, `h${i}`])),
    );
    const [message] = renderAll([certificate({ subject: names, issuer: names, extensions: many })]);
    expect(message.data.leaf_cert.all_domains).toHaveLength(2500);
    expect(message.data.leaf_cert.extensions.extra).toHaveLength(2500);
    expect(message.data.leaf_cert.subject.O!.split(',')).toHaveLength(2500);
  });
});
