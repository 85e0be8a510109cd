import { describe, expect, it } from 'vitest';
import { CertificateIssuer } from '../simulator/pki/certificate-issuer.js';

import { createServerCertificate } from '../simulator/server-certificate.js';
import { batchOf, submissionOf } from './submissions.js';

const issuer = await CertificateIssuer.create({ seed: 7 });
const SIGNED_BY_SIGNER = 'precert-signing-certificate';

describe(submissionOf.name, () => {
  it.each(['dv', 'wildcard', 'empty-subject', 'many-names', 'ov', 'mixed-names', SIGNED_BY_SIGNER] as const)(
    'returns the submission of a CA: %s',
    (profile) => {
      const pair = issuer.issue(profile);
      for (const { type, signedEntry, submittedDer, chain, domains } of [
        pair.certificate,
        pair.precertificate,
      ]) {
        const read = () => submissionOf(submittedDer, ...chain);
        if (type === 'precert_entry' && profile === SIGNED_BY_SIGNER) expect(read).toThrow(TypeError);
        else expect(read()).toEqual({ type, signedEntry, submittedDer, chain, domains });
      }
    },
  );

  it('reads a PEM file: first the certificate, then its issuers', () => {
    const { certPem, caPem, ca } = createServerCertificate(['a.example', '192.0.2.1', 'b.example']);
    const { type, chain, domains } = submissionOf(`some text\n${certPem}${caPem}`);
    expect({ type, chain, domains }).toEqual({
      type: 'x509_entry',
      chain: [ca.der],
      domains: ['a.example', 'b.example'],
    });
  });

  it('refuses text without a certificate, and a precertificate without issuer', () => {
    expect(() => submissionOf('')).toThrow('there is no certificate');
    const { submittedDer } = issuer.issue().precertificate;
    expect(() => submissionOf(submittedDer)).toThrow('needs its issuer');
  });
});

it('batchOf returns the entries with their indices', () => {
  const pair = issuer.issue('dv');
  const batch = batchOf([pair.certificate, pair.precertificate], {
    firstIndex: 40,
    timestamp: 1_767_225_600_000,
    source: { name: 'A log' },
  });
  const entries = [...batch].map((entry) => {
    const { index, type, timestamp, der, source } = entry;
    return { index, type, timestamp, der, log: source.name, domains: entry.allDomains() };
  });
  const common = { timestamp: 1_767_225_600_000, log: 'A log', domains: pair.certificate.domains };
  expect(entries).toEqual([
    { ...common, index: 40, type: 'x509', der: pair.certificate.submittedDer },
    { ...common, index: 41, type: 'precert', der: pair.precertificate.submittedDer },
  ]);
});
