import { describe, expect, it } from 'vitest';
import { CertificateBatch } from '../certificate-batch.js';
import { CertificateRenderer } from '../certificate-renderer.js';
import { certificate, hex, subjectAltName } from '../testing/der-builder.js';
import { batchOf } from '../testing/log-entries.js';

const PRESENT = 1763795400123;

function entries(): CertificateBatch {
  const named = certificate({ extensions: [subjectAltName([0x82, 'a'])] });
  return new CertificateBatch(
    batchOf(
      [named, hex('3000')].map((submitted) => ({ timestamp: PRESENT, submitted, chain: Buffer.alloc(0) })),
    ),
    new CertificateRenderer(),
  );
}

describe('both dialects of one batch', () => {
  it('are written once each', () => {
    const both = entries();
    for (const kind of ['lite', 'full'] as const) {
      const [go, calidog] = [both.texts(kind), both.texts(kind, 'calidog')];
      expect(both.texts(kind, 'go')).toBe(go);
      expect(both.texts(kind, 'calidog')).toBe(calidog);
      expect(calidog.buffer.equals(go.buffer)).toBe(false);
      expect(calidog.buffer.toString()).toBe([0, 1].map((i) => entries().text(kind, i, 'calidog')).join(''));
      expect(both.text(kind, 1, 'calidog').toString()).toBe(entries().text(kind, 1, 'calidog').toString());
    }
  });

  it('share the domains-only texts, regardless of what is rendered first', () => {
    const alone = entries().texts('domains');
    for (const first of ['go', 'calidog'] as const) {
      const both = entries();
      both.texts('lite', first);
      const domains = both.texts('domains', 'calidog');
      expect(both.texts('domains', 'go')).toBe(domains);
      expect(domains.buffer.equals(alone.buffer)).toBe(true);
    }
  });

  it('count the defects of an entry once', () => {
    const renderer = new CertificateRenderer();
    const both = new CertificateBatch(entries().entries, renderer);
    both.texts('domains');
    for (const dialect of ['calidog', 'go'] as const) {
      both.texts('full', dialect);
      both.texts('lite', dialect);
    }
    expect([...renderer.stats.parseErrors]).toEqual([['malformed_tbs_certificate', 1]]);
  });

  it('count the gaps of a chain once', () => {
    const renderer = new CertificateRenderer();
    const tile = batchOf([{ timestamp: PRESENT, submitted: certificate(), chain: Buffer.alloc(32, 1) }], {
      type: 'tiled',
    });
    const both = new CertificateBatch(tile, renderer);
    both.texts('full', 'calidog');
    both.texts('full', 'go');
    expect(renderer.stats.chainGaps).toBe(1);
  });
});
