import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../simulator/pki/seeded-random.js';
import { compileExpression } from './expression.js';
import { RegexMatcher } from './regex-matcher.js';

function matchesOf(matcher: RegexMatcher, name: string): number[] {
  const ids: number[] = [];
  const octets = Buffer.from(`..${name}..`);
  matcher.match(octets, 2, octets.length - 2, !/[^\0-\x7f]/.test(name), (id) => ids.push(id));
  return ids.sort((a, b) => a - b);
}

const EXPRESSIONS = [
  'paypal',
  '^secure-.*login[0-9]',
  '(a|b)cde',
  '(paypal|amazon)\\.(com|de)$',
  '(?i)PayPal',
  'Login',
  '[A-Z]{20}',
  '\\D\\d\\W',
  '\\Qa.b\\E',
  '(foo|bar)+baz',
  '(a+)+$',
  '(.*)*x',
  '.*',
  '^$',
  '',
  '^[a-z]{20,}$',
  '\\bcom\\b',
  'p[aа]ypal',
  'пример',
  'Ü',
  '(?-i)A',
  'x{1000}|yyy',
  '[^a-z.]-',
  '\\x{0}',
  'a.*b.*c',
];

describe('RegexMatcher', () => {
  it('finds what re2js finds with every expression by itself', () => {
    const random = new SeededRandom(3);
    const matcher = new RegexMatcher();
    const terms = EXPRESSIONS.filter((text) => text !== 'x{1000}|yyy').map((text) => {
      const flags = /\p{Lu}/u.test(text) ? RE2JS.CASE_INSENSITIVE : 0;
      return { id: matcher.add(text), alone: RE2JS.compile(text, flags) };
    });
    const pieces = [
      'paypal',
      'secure-',
      'login7',
      'cde',
      'amazon',
      '.com',
      '.de',
      'foo',
      'bar',
      'baz',
      'a',
      'b',
      'x',
      '-',
      '.',
      '4',
      'ü',
      'пример',
      'pаypal',
      '\0',
      ' ',
      '\ufffd',
      'aaaaaaaaaaaaaaaaaaaaaaa',
    ] as const;
    let matches = 0;
    for (let i = 0; i < 5000; i++) {
      const name = Array.from({ length: random.below(6) }, () => random.pick(pieces)).join('');
      const expected = terms.filter(({ alone }) => alone.test(name)).map(({ id }) => id);
      matches += expected.length;
      expect(matchesOf(matcher, name), name).toEqual(expected);
    }
    expect(matches).toBeGreaterThan(10_000);
  });
});

describe('the literals of an expression', () => {
  it.each([
    ['paypal', ['paypal']],
    ['^secure-.*login[0-9]', ['secure-']],
    ['(paypal|amazon)\\.(com|de)', ['paypal', 'amazon']],
    ['(?i)PayPal', ['paypal']],
    ['ab.*cd', undefined],
    ['(a+)+$', undefined],
    ['(paypal)?', undefined],
    ['paypalпример', ['paypal']],
  ])('%s: %j', (text, literals) => {
    expect(compileExpression(text).literals).toEqual(literals);
  });
});
