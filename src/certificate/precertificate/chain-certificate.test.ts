import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../test/support/ct-log-bytes.js';
import { certificate, name, tlv } from '../testing/der-builder.js';
import { ChainCertificates } from './chain-certificate.js';
import { CA, PRECERTIFICATE_SIGNING } from './testing/precertificate-samples.js';

describe(ChainCertificates.name, () => {
  it('parses each certificate once, and removes the oldest when there are too many', () => {
    const certificates = new ChainCertificates();
    const first = certificates.of(CA);
    expect(certificates.of(Buffer.from(CA))).toBe(first);
    expect(certificates.get(sha256(CA).toString('latin1'))).toBe(first);
    for (let i = 0; i < 1024; i++) certificates.of(tlv(0x04, Buffer.from(String(i))));
    expect(certificates.get(sha256(CA).toString('latin1'))).toBeUndefined();
  });

  it('does not keep a signing certificate with large names', () => {
    const certificates = new ChainCertificates();
    const issuer = name(['CN', 'a'.repeat(5000)]);
    const der = certificate({ issuer, extensions: [PRECERTIFICATE_SIGNING] });
    expect(certificates.of(der).signer?.issuer).toEqual(issuer);
    expect(certificates.get(sha256(der).toString('latin1'))).toBeUndefined();
  });
});
