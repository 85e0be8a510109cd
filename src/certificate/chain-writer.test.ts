import { describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import type { LeafCert } from './certificate-message.js';
import { CertificateRenderer } from './certificate-renderer.js';
import type { CertificateStats } from './certificate-stats.js';
import { certificate, hex } from './testing/der-builder.js';
import { batchOf, chainOf, issuersByOctet, type TestEntry, type TestHead } from './testing/log-entries.js';

const root = certificate();

function entry(parts: Partial<TestEntry>): TestEntry {
  return { timestamp: 0, submitted: certificate(), chain: Buffer.alloc(0), ...parts };
}

function chainOfMessage(chain: Buffer, head: TestHead = {}): LeafCert[] {
  const batch = new CertificateBatch(batchOf([entry({ chain })], head), new CertificateRenderer());
  return batch.entry(0).full().data.chain!;
}

describe('a chain', () => {
  it('ends where a certificate has length zero or exceeds the list', () => {
    for (const rest of ['000000 000001ff', '000002ff', '0000']) {
      expect(chainOfMessage(Buffer.concat([chainOf(root), hex(rest)]))).toHaveLength(1);
    }
  });

  it('does not become gigabytes if it consists of tiny certificates', () => {
    const tiny = chainOf(...Array.from({ length: 5000 }, () => hex('30')));
    expect(chainOfMessage(tiny)).toHaveLength(100);
    const issuers = issuersByOctet({ 0: root });
    expect(chainOfMessage(Buffer.alloc(32 * 2000), { type: 'tiled', issuers })).toHaveLength(100);
  });
});

describe('a defect of a chain', () => {
  function statsOf(entries: TestEntry[], head: TestHead = {}): CertificateStats {
    const renderer = new CertificateRenderer();
    for (let batches = 0; batches < 2; batches++) {
      const certificates = new CertificateBatch(batchOf(entries, head), renderer);
      certificates.texts('full');
      certificates.texts('full', 'calidog');
      certificates.text('full', 0);
    }
    return renderer.stats;
  }

  it('is counted once per entry: lists that are cut', () => {
    const tooLong = chainOf(...Array.from({ length: 101 }, () => root));
    const fits = chainOf(...Array.from({ length: 100 }, () => root));
    for (const [chain, cuts] of [
      [chainOf(root), 0],
      [fits, 0],
      [tooLong, 1],
      [Buffer.concat([chainOf(root), hex('000000')]), 1],
      [Buffer.concat([chainOf(root), hex('0000')]), 1],
    ] as const) {
      expect(statsOf([entry({ chain })])).toMatchObject({
        chainCuts: 2 * cuts,
        malformedChainCertificates: 0,
      });
    }
    const issuers = issuersByOctet({ 0: root });
    const tiled = { type: 'tiled', issuers } as const;
    expect(statsOf([entry({ chain: Buffer.alloc(32 * 100) })], tiled).chainCuts).toBe(0);
    expect(statsOf([entry({ chain: Buffer.alloc(32 * 101) })], tiled).chainCuts).toBe(2);
  });

  it('is counted once per entry: certificates that cannot be read', () => {
    const damaged = root.subarray(0, 40);
    expect(statsOf([entry({ chain: chainOf(root, damaged, damaged) })])).toMatchObject({
      chainCuts: 0,
      malformedChainCertificates: 4,
    });
    const issuers = issuersByOctet({ 0: damaged });
    const tiled = statsOf([entry({ chain: Buffer.alloc(32) })], { type: 'tiled', issuers });
    expect(tiled.malformedChainCertificates).toBe(2);
  });
});

describe('chains of a batch', () => {
  /** Two certificates of the same length with different keys. */
  const issuers = [1, 2].map((value) =>
    certificate({ serial: hex(`0201${value.toString(16).padStart(2, '0')}`) }),
  );

  function serialsOf(batch: CertificateBatch): string[][] {
    return Array.from(batch, (one) => one.full().data.chain!.map((issuer) => issuer.serial_number));
  }

  it('belong to the entry even if the previous batch had another chain at the same offset', () => {
    const renderer = new CertificateRenderer();
    for (const [i, issuer] of [...issuers, ...issuers].entries()) {
      const chain = chainOf(issuer);
      const batch = new CertificateBatch(batchOf([entry({ chain }), entry({ chain })]), renderer);
      batch.texts('full');
      expect(serialsOf(batch)).toEqual([[`0${1 + (i % 2)}`], [`0${1 + (i % 2)}`]]);
    }
  });

  it('are fingerprints in every data tile, regardless of the log', () => {
    const found = issuersByOctet(issuers);
    const chain = Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32, 0)]);
    for (const type of ['rfc6962', 'tiled'] as const) {
      const batch = batchOf([entry({ chain })], { type, encoding: 'data-tile', issuers: found });
      expect(serialsOf(new CertificateBatch(batch, new CertificateRenderer()))).toEqual([['02', '01']]);
    }
  });
});
