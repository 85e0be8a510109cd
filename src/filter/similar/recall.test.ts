import { domainToASCII } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { SimilarMatcher } from './similar-matcher.js';
import { imitationsOf } from './testing/imitations.js';

const BRANDS = [
  'paypal.com',
  'amazon.com',
  'google.com',
  'apple.com',
  'microsoft.com',
  'facebook.com',
  'netflix.com',
  'coinbase.com',
  'wellsfargo.com',
  'linkedin.com',
];

const imitations = new Map(BRANDS.map((brand) => [brand, imitationsOf(brand)]));
const kinds = Object.keys(imitations.get('paypal.com')!);
const results: Record<string, { names: number; recall: string }> = {};

/** Returns how many names of a kind are found, as A-labels and as U-labels. */
function recallOf(kind: string): { found: number; all: number } {
  let found = 0;
  let all = 0;
  for (const [brand, byKind] of imitations) {
    const matcher = new SimilarMatcher();
    matcher.add(brand);
    for (const name of byKind[kind].flatMap((each) => [each, domainToASCII(each)])) {
      const octets = Buffer.from(name);
      all++;
      matcher.match(octets, 0, octets.length, octets.length === name.length, () => found++);
    }
  }
  return { found, all };
}

describe('imitations of ten brands', () => {
  afterAll(() => console.table(results));

  it.each(kinds)('by %s are found', (kind) => {
    const { found, all } = recallOf(kind);
    results[kind] = { names: all, recall: (found / all).toFixed(4) };
    expect(all).toBeGreaterThan(90);
    expect(found / all).toBeGreaterThanOrEqual(0.99);
    expect(found).toBeLessThanOrEqual(all);
  });
});
