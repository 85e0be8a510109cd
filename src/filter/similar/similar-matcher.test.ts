import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../simulator/pki/seeded-random.js';
import { SimilarMatcher } from './similar-matcher.js';
import { isSimilar } from './similarity.js';

const BRANDS = [
  'paypal.com',
  'paypal.de',
  'amazon.co.uk',
  'apple.com',
  'ebay.com',
  'hp.com',
  'x.com',
  'barnes.com',
  'klarna.com',
  'twitter.com',
  'n26.com',
  'wellsfargo.com',
  't-online.de',
  'xn--bcher-kva.de',
  'xn--80ak6aa92e.com',
  'co.uk',
  'rnrnrn.com',
  'clvvrn.net',
  'microsoft.github.io',
];

function matchesOf(matcher: SimilarMatcher, name: string): number[] {
  const ids: number[] = [];
  const octets = Buffer.from(`..${name}..`);
  matcher.match(octets, 2, octets.length - 2, !/[^\0-\x7f]/.test(name), (id) => ids.push(id));
  return ids.sort((a, b) => a - b);
}

/** Makes names that are like the brands: their labels with edits, look-alikes, parts around them, and other suffixes. */
class OddNames {
  private readonly labels = BRANDS.map((brand) => brand.split('.')[0]);
  private readonly suffixes = [
    'com',
    'de',
    'co.uk',
    'github.io',
    'net',
    'xn--p1ai',
    'b',
    'com.'.repeat(3) + 'x',
  ];

  constructor(private readonly random: SeededRandom) {}

  next(): string {
    if (this.random.below(20) === 0) return this.pick(BRANDS);
    const labels = Array.from({ length: 1 + this.random.below(3) }, () => this.label());
    return [...labels, this.pick([...this.suffixes, ...BRANDS])].join('.');
  }

  private label(): string {
    let label = this.pick([...this.labels, 'www', 'mail', '*', '', '6db7', 'x'.repeat(60)]);
    for (let edits = this.random.below(4); edits > 0; edits--) label = this.edited(label);
    switch (this.random.below(6)) {
      case 0:
        return `${label}-${this.pick(this.labels)}`;
      case 1:
        return `${this.random.below(10)}${label}${this.random.below(10)}`;
      case 2:
        return this.pick(this.labels) + label;
      default:
        return label;
    }
  }

  private edited(label: string): string {
    const at = this.random.below(label.length + 1);
    const letter = this.pick([
      'a',
      'e',
      'l',
      'i',
      '1',
      '0',
      'o',
      'r',
      'n',
      'm',
      'v',
      'c',
      'd',
      '-',
      '.',
      'а',
      'é',
      '\u0301',
      'æ',
      'ł',
      '\0',
    ]);
    switch (this.random.below(4)) {
      case 0:
        return label.slice(0, at) + letter + label.slice(at);
      case 1:
        return label.slice(0, at) + label.slice(at + 1);
      case 2:
        return label.slice(0, at) + letter + label.slice(at + 1);
      default:
        return (
          label.slice(0, at) +
          label
            .slice(at, at + 2)
            .split('')
            .toReversed()
            .join('') +
          label.slice(at + 2)
        );
    }
  }

  private pick<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)];
  }
}

describe('SimilarMatcher', () => {
  it('finds the terms that the plain definition finds', () => {
    const matcher = new SimilarMatcher();
    const terms = new Map(BRANDS.map((term) => [matcher.add(term), term]));
    const names = new OddNames(new SeededRandom(7));
    let matches = 0;
    for (let i = 0; i < 1500; i++) {
      const name = names.next();
      const expected = [...terms].filter(([, term]) => isSimilar(term, name)).map(([id]) => id);
      matches += expected.length;
      expect(matchesOf(matcher, name), name).toEqual(expected.sort((a, b) => a - b));
    }
    expect(matches).toBeGreaterThan(500);
  });

  it('finds the same after terms were added and removed in any order', () => {
    const random = new SeededRandom(8);
    const names = new OddNames(random);
    const matcher = new SimilarMatcher();
    const references = new Map<string, number>();
    for (let i = 0; i < 1000; i++) {
      const term = BRANDS[random.below(BRANDS.length)];
      const count = references.get(term) ?? 0;
      if (count > 0 && random.next() < 0.6) {
        matcher.remove(term);
        references.set(term, count - 1);
      } else {
        matcher.add(term);
        references.set(term, count + 1);
      }
      const name = names.next();
      const present = BRANDS.filter((each) => (references.get(each) ?? 0) > 0);
      expect(matchesOf(matcher, name)).toHaveLength(present.filter((each) => isSimilar(each, name)).length);
    }
  });

  it('counts references and gives the id of a removed term to another one', () => {
    const matcher = new SimilarMatcher();
    const id = matcher.add('paypal.com');
    expect(matcher.add('paypal.com')).toBe(id);
    expect(matcher.add('ebay.com')).not.toBe(id);
    matcher.remove('paypal.com');
    expect(matchesOf(matcher, 'paypal.net')).toEqual([id]);
    matcher.remove('paypal.com');
    expect(matchesOf(matcher, 'paypal.net')).toEqual([]);
    matcher.remove('paypal.com');
    expect(matcher.add('apple.com')).toBe(id);
  });

  it('reports a term once for a name with several imitations', () => {
    const matcher = new SimilarMatcher();
    const id = matcher.add('paypal.com');
    expect(matchesOf(matcher, 'paypal.paypa1.xn--pypal-4ve.pay.pal.paypal.net')).toEqual([id]);
  });

  it.each([
    ['a label of 1 MB', `${'paypal'.repeat(180_000)}.paypal.net`],
    ['1 MB of labels', `${'a.'.repeat(500_000)}paypal.net`],
    ['NUL', 'paypal.\0.net'],
    ['a broken A-label', 'xn--\x80\xff.paypal.xn--0.net'],
  ])('finds an imitation in a name with %s', (_, name) => {
    const matcher = new SimilarMatcher();
    const id = matcher.add('paypal.com');
    expect(matchesOf(matcher, name)).toEqual([id]);
  });

  it('reads names that are not UTF-8', () => {
    const matcher = new SimilarMatcher();
    const id = matcher.add('paypal.com');
    const found: number[] = [];
    const octets = Buffer.from([0xff, 0xc0, 0x2e, ...Buffer.from('paypal.net')]);
    matcher.match(octets, 0, octets.length, false, (each) => found.push(each));
    expect(found).toEqual([id]);
  });
});
