import { describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import { CertificateEntry } from './certificate-entry.js';
import { CertificateRenderer } from './certificate-renderer.js';
import {
  certificate,
  extension,
  hex,
  oid,
  sequence,
  subjectAltName,
  tbsCertificate,
  tlv,
} from './testing/der-builder.js';
import { batchOf, chainOf } from './testing/log-entries.js';

const publicKey = sequence(
  sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')),
  tlv(0x03, hex('0004'), Buffer.alloc(64, 1)),
);
const der = certificate({ publicKey, extensions: [subjectAltName([0x82, 'a.example'])] });
const pre = certificate({ publicKey, extensions: [extension('1.3.6.1.4.1.11129.2.4.3', hex('0500'), true)] });

function batch(): CertificateBatch {
  const entries = [
    { timestamp: 1763795400123, submitted: der, chain: chainOf(der) },
    { timestamp: 1763795400456, tbs: tbsCertificate(), submitted: pre, chain: Buffer.alloc(0) },
  ];
  return new CertificateBatch(batchOf(entries, { firstIndex: 99 }), new CertificateRenderer());
}

describe(CertificateEntry.name, () => {
  it('returns the data of the log without parsing the certificate', () => {
    const [x509, precert] = [...batch()];
    expect(x509).toMatchObject({
      index: 99,
      timestamp: 1763795400123,
      type: 'x509',
      updateType: 'X509LogEntry',
    });
    expect(precert).toMatchObject({
      index: 100,
      timestamp: 1763795400456,
      type: 'precert',
      updateType: 'PrecertLogEntry',
    });
    expect(x509.source.name).toBe('Log');
    expect(x509.der.equals(der)).toBe(true);
    expect(precert.der.equals(pre)).toBe(true);
  });

  it('agrees with the messages', () => {
    for (const entry of batch()) {
      const { data } = entry.message();
      expect(entry.allDomains()).toEqual(data.leaf_cert.all_domains);
      expect(entry.sha256()).toBe(data.leaf_cert.sha256);
      expect(data.update_type).toBe(entry.updateType);
      expect(data.cert_index).toBe(entry.index);
      expect(entry.message()).toBe(entry.message());
      expect(entry.full().data.leaf_cert.as_der).toBe(entry.der.toString('base64'));
      expect(JSON.parse(entry.json('lite'))).toEqual(entry.message());
    }
  });

  it('parses the certificate with @peculiar/x509', async () => {
    const x509 = await batch().entry(0).x509();
    expect(x509.serialNumber).toBe('0abc');
    expect(x509.subject).toBe('CN=example.com');
  });

  it('rejects if @peculiar/x509 cannot parse the certificate', async () => {
    const entries = batchOf([{ timestamp: 0, submitted: hex('3000'), chain: Buffer.alloc(0) }]);
    const entry = new CertificateBatch(entries, new CertificateRenderer()).entry(0);
    await expect(entry.x509()).rejects.toThrow();
    expect(entry.message().data.parse_error).toBe('malformed_tbs_certificate');
  });
});
