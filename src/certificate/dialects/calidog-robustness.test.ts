import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { CertificateBatch } from '../certificate-batch.js';
import type { CertificateUpdate } from '../certificate-message.js';
import { CertificateRenderer } from '../certificate-renderer.js';
import {
  certificate,
  extension,
  generalNames,
  hex,
  name,
  octets,
  oid,
  sequence,
  subjectAltName,
  text,
  tlv,
} from '../testing/der-builder.js';
import { batchOf, chainOf } from '../testing/log-entries.js';

const uri = (method: string, location: string) => sequence(oid(method), tlv(0x86, Buffer.from(location)));

const SAMPLE = certificate({
  subject: name(['O', 'Org'], ['CN', 'cn.example'], ['email', text('a@b.c', 0x16)]),
  extensions: [
    extension(
      '1.3.6.1.5.5.7.1.1',
      sequence(uri('1.3.6.1.5.5.7.48.1', 'http://o'), uri('1.3.6.1.5.5.7.48.9', 'http://x')),
    ),
    extension('2.5.29.35', sequence(tlv(0x80, hex('abcd')))),
    extension('2.5.29.14', octets(hex('abcd'))),
    extension('2.5.29.15', tlv(0x03, hex('0780'))),
    extension(
      '2.5.29.32',
      sequence(
        sequence(
          oid('1.2.3'),
          sequence(
            sequence(oid('1.3.6.1.5.5.7.2.1'), text('http://cps', 0x16)),
            sequence(oid('1.3.6.1.5.5.7.2.2'), sequence(sequence(text('Org')), text('n', 0x1e))),
          ),
        ),
        sequence(oid('2.23.140.1.2.1')),
      ),
    ),
    subjectAltName([0x82, 'a'], [0x87, hex('c0000201')], [0x81, 'e@x'], [0x86, 'u:']),
    extension('2.5.29.18', generalNames([0x82, 'i'])),
  ],
});

/** Renders each certificate as leaf and as chain certificate in both dialects. */
function check(ders: Buffer[]): void {
  const entries = batchOf(
    ders.map((der) => ({ timestamp: 1763795400123, submitted: der, chain: chainOf(der) })),
  );
  const batch = new CertificateBatch(entries, new CertificateRenderer());
  const { buffer, textStart, frameStart } = batch.texts('full', 'calidog');
  expect(isUtf8(buffer)).toBe(true);
  for (let i = 0; i < ders.length; i++) {
    const calidog = JSON.parse(buffer.toString('utf8', textStart[i], frameStart[i + 1])) as CertificateUpdate;
    const go = batch.entry(i).full();
    expect(calidog.data.parse_error).toBe(go.data.parse_error);
    expect(calidog.data.leaf_cert.all_domains).toEqual(go.data.leaf_cert.all_domains);
    expect(calidog.data.leaf_cert.sha256).toBe(go.data.leaf_cert.sha256);
  }
}

describe('a damaged certificate in the calidog dialect', () => {
  it('is rendered as JSON after every truncation', () => {
    check(Array.from({ length: SAMPLE.length }, (_, size) => SAMPLE.subarray(0, size)).slice(1));
  });

  it.each([0x00, 0x30, 0x80, 0xff])('is rendered as JSON with any byte changed to %d', (value) => {
    check(
      Array.from(SAMPLE, (_, i) => {
        const damaged = Buffer.from(SAMPLE);
        damaged[i] = value;
        return damaged;
      }),
    );
  });
});
