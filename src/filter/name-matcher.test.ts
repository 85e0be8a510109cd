import { describe, expect, it } from 'vitest';
import { SeededNumbers } from '../certificate/testing/seeded-numbers.js';
import { comparedName, decodeALabels, toALabels } from './domain-labels.js';
import { DomainMatcher } from './domain-matcher.js';
import { filterFromQuery } from './filter-input.js';
import { KeywordMatcher } from './keyword-matcher.js';
import type { NameMatcher } from './name-matcher.js';
import { RegexMatcher } from './regex/regex-matcher.js';
import { referenceMatches } from './reference-match.js';
import { SimilarMatcher } from './similar/similar-matcher.js';
import { ODD_NAMES, RandomEntries } from './testing/random-entries.js';

/** Returns the terms that match a name as `all_domains` prints it. */
function matching(matcher: NameMatcher, terms: readonly string[], printed: string): string[] {
  const name = comparedName(printed);
  // Octets before and after the name must have no effect.
  const bytes = Buffer.from(`www.${name}.com`);
  const end = bytes.length - 4;
  const byId = new Map<number, string>();
  for (const term of terms) byId.set(matcher.add(term), term);
  const found: string[] = [];
  // oxlint-disable-next-line no-control-regex
  matcher.match(bytes, 4, end, /^[\0-\x7f]*$/.test(name), (id) => found.push(byId.get(id)!));
  for (const term of terms) matcher.remove(term);
  return found.sort();
}

/** The rule of certstream-server-rust 1.7.2 for a domain term and a name in ASCII. */
function rustMatchesDomain(term: string, name: string): boolean {
  const plain = name.toLowerCase().replace(/\.$/, '').replace(/^\*\./, '');
  const wanted = term.trim().toLowerCase().replace(/\.$/, '');
  if (plain === wanted) return true;
  const cut = plain.length - wanted.length;
  return cut > 0 && plain.slice(cut) === wanted && plain[cut - 1] === '.';
}

/** The rule of certstream-server-rust 1.7.2 for an issuer term. */
function rustMatchesIssuer(term: string, issuer: { CN: string | null; O: string | null }): boolean {
  const lower = (text: string) => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  return [issuer.CN, issuer.O].some((text) => text !== null && lower(text).includes(lower(term.trim())));
}

const BOUNDS = { terms: 1000, expressions: 20, bytes: 100_000 };
const NO_FACTS = {
  names: [],
  issuer: { CN: null, O: null },
  source: { name: '', url: '', operator: '' },
  type: 'cert',
  isCa: false,
  addresses: [],
} as const;

describe('the rules of certstream-server-rust', () => {
  it('for domain', () => {
    const random = new SeededNumbers(5);
    const entries = new RandomEntries(random);
    const matcher = new DomainMatcher();
    let matches = 0;
    for (let i = 0; i < 20_000; i++) {
      const name = entries.name().toString();
      const term = random.pick([
        entries.name().toString(),
        'com',
        'example.com',
        'EXAMPLE.com.',
        'co.uk',
        'uk',
      ]);
      // oxlint-disable-next-line no-control-regex
      if (
        /[^\0-\x7f]/.test(name + term) ||
        term.length > 255 ||
        !/^([\w-]+\.)+[\w-]+\.?$/.test(term) ||
        name.endsWith('..')
      )
        continue;
      const query = new URLSearchParams({ domain: term });
      const filter = filterFromQuery(query, BOUNDS)!;
      const expected = rustMatchesDomain(term, name);
      if (expected) matches++;
      expect([term, name, referenceMatches(filter, { ...NO_FACTS, names: [name] })]).toEqual([
        term,
        name,
        expected,
      ]);
      expect([term, name, matching(matcher, filter.terms.domain!, name).length > 0]).toEqual([
        term,
        name,
        expected,
      ]);
    }
    expect(matches).toBeGreaterThan(200);
  });

  it.each([
    ["let's encrypt", { CN: 'R10', O: "Let's Encrypt" }],
    ['r1', { CN: 'R10', O: null }],
    ['r10let', { CN: 'R10', O: "Let's Encrypt" }],
    ['École', { CN: 'École', O: null }],
    ['école', { CN: 'École', O: null }],
    [' digicert ', { CN: 'DigiCert Global', O: 'x' }],
    ['a', { CN: null, O: null }],
  ])('for issuer: %j in %j', (term, issuer) => {
    const filter = filterFromQuery(new URLSearchParams({ issuer: term }), BOUNDS)!;
    expect(referenceMatches(filter, { ...NO_FACTS, issuer })).toBe(rustMatchesIssuer(term, issuer));
  });
});

describe(DomainMatcher.name, () => {
  const matcher = new DomainMatcher();

  it.each([
    ['www.example.com', ['com', 'example.com']],
    ['EXAMPLE.com.', ['com', 'example.com']],
    ['*.example.com', ['com', 'example.com']],
    ['notexample.com', ['com']],
    ['example.com.evil.net', ['net']],
    ['a.münchen.de', ['xn--mnchen-3ya.de']],
    ['XN--MNCHEN-3YA.de', ['xn--mnchen-3ya.de']],
    ['', []],
    ['.', []],
    ['com', ['com']],
  ])('finds the terms above %j', (name, terms) => {
    expect(matching(matcher, ['com', 'example.com', 'net', 'xn--mnchen-3ya.de'], name)).toEqual(terms);
  });
});

describe(KeywordMatcher.name, () => {
  it('finds other than ASCII characters in A-labels and in UTF-8, once each', () => {
    const matcher = new KeywordMatcher();
    const terms = ['münch', 'mnch', 'nchen', 'xn--', 'http'];
    expect(matching(matcher, terms, 'xn--mnchen-3ya.de')).toEqual(['mnch', 'münch', 'nchen', 'xn--']);
    expect(matching(matcher, terms, 'MÜNCHEN.xn--mnchen-3ya')).toEqual(['mnch', 'münch', 'nchen', 'xn--']);
    expect(matching(matcher, terms, 'münchen')).toEqual(['münch', 'nchen']);
    expect(matching(matcher, terms, 'xn--99999')).toEqual(['xn--']);
  });
});

describe('decodeALabels', () => {
  // RFC 3492, 7.1, examples A, B, I and L, in lower case.
  it.each([
    ['xn--egbpdaj6bu4bxfgehfvwxn', 'ليهمابتكلموشعربي؟'],
    ['xn--ihqwcrb4cv8a8dqg056pqjye', '他们为什么不说中文'],
    ['a.xn--b1abfaaepdrnnbgefbadotcwatmq2g4l.ru', 'a.почемужеонинеговорятпорусски.ru'],
    ['xn--3b-ww4c5e180e575a65lsy2b', '3年b組金八先生'],
    ['xn--a', '\u0080'],
    ['xn--', ''],
    ['xn--99999999', 'xn--99999999'],
    [`xn--${'a'.repeat(60)}`, `xn--${'a'.repeat(60)}`],
  ])('decodes %s', (encoded, decoded) => {
    expect(decodeALabels(encoded)).toBe(decoded);
  });

  it('is undone by toALabels', () => {
    for (const name of ['münchen.de', 'почемужеонинеговорятпорусски.рф', 'www.例え.テスト'])
      expect(decodeALabels(toALabels(name))).toBe(name);
  });
});

describe('names that no host has', () => {
  const names = [...ODD_NAMES.map(String), ...ODD_NAMES.map((name) => `${String(name)}.paypal.com`)];
  const long = [
    'a'.repeat(65_536),
    'a.'.repeat(32_768),
    'é.'.repeat(21_845),
    'xn--é'.repeat(10_000),
    '-'.repeat(65_536),
  ];

  it.each([
    ['domain', new DomainMatcher(), ['com', 'example.com']],
    ['keyword', new KeywordMatcher(), ['aaa', 'ééé', 'xn--', '式会社']],
    ['regex', new RegexMatcher(), ['(a+)+$', '(.*)*x', '\\x00', 'é|ß']],
    ['similar', new SimilarMatcher(), ['paypal.com', 'example.com']],
  ])('%s: throw nothing', (_, matcher, terms) => {
    for (const name of [...names, ...long, 'www.example.com'])
      expect(() => matching(matcher, terms, name)).not.toThrow();
  });
});
