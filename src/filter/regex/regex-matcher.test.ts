import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../simulator/pki/seeded-random.js';
import { automatonOf, compileExpression, ExpressionError, isFoundIn } from './expression.js';
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
  '[^a-z.]-',
  '\\x{0}',
  'a.*b.*c',
];

describe('RegexMatcher', () => {
  it('finds the expressions that match by themselves', () => {
    const random = new SeededRandom(3);
    const matcher = new RegexMatcher();
    const terms = EXPRESSIONS.map((text) => ({ id: matcher.add(text), alone: compileExpression(text) }));
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
      const expected = terms.filter(({ alone }) => isFoundIn(alone, name)).map(({ id }) => id);
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

describe('expressions', () => {
  it('that are no RE2 syntax are refused with the reason', () => {
    const wrong = ['(', 'a**', '(?=a)', '\\1', '[z-a]', 'x{1001}', 'x{1000}{1000}', '((a{100}){100}){100}'];
    for (const text of wrong) expect(() => compileExpression(text), text).toThrow(ExpressionError);
    expect(() => compileExpression('a(')).toThrow(
      'the expression is not in RE2 syntax: missing closing ): `a(`',
    );
    expect(() => compileExpression('a(')).toThrow(expect.objectContaining({ code: 'FILTER_REGEX' }));
  });

  it('are bounded in length, instructions and states', () => {
    expect(() => compileExpression('ä'.repeat(257))).toThrow('longer than 512 octets');
    expect(() => compileExpression('(a{600}|b{600})')).toThrow('instructions');
    expect(() => compileExpression('[a-m].{100}[n-z]')).toThrow('too many states');
    expect(() => compileExpression('(x|y|[a-z0-9]{3}){50}.{30}q')).not.toThrow();
  });

  it('ignore the case of their letters, but not that of classes', () => {
    const matches = (text: string, name: string) => isFoundIn(compileExpression(text), name);
    expect(matches('PayPal', 'paypal.com')).toBe(true);
    expect(matches('(?i)PAYPAL', 'paypal.com')).toBe(true);
    expect(matches('^\\D+$', 'paypal.com')).toBe(true);
    expect(matches('^\\D+$', 'paypal1.com')).toBe(false);
    expect(matches('^\\W', 'paypal.com')).toBe(false);
    expect(matches('[A-Z]{6}', 'paypal.com')).toBe(true);
  });
});

describe('the time of a search', () => {
  it.each(['(a+)+$', '(.*)*x', '(a|aa)*$', '(a?){50}a{50}$', '(.*a){5}$'])(
    'is linear for %s: every octet costs one of few states',
    (text) => {
      const automaton = automatonOf([compileExpression(text)], 1 << 20);
      automaton.match(`${'a'.repeat(100_000)}!`);
      expect(automaton.dfa.failed).toBe(false);
      expect(automaton.dfa.stateCount).toBeLessThan(200);
    },
  );
});

describe('changes', () => {
  it('count references and give the id of a removed expression to another one', () => {
    const matcher = new RegexMatcher();
    const ids = ['paypal', '^[a-z]+$', '(paypal|amazon)'].map((text) => matcher.add(text));
    expect(matcher.add('paypal')).toBe(ids[0]);
    expect(matchesOf(matcher, 'paypal')).toEqual(ids);
    for (const text of ['paypal', 'paypal', '^[a-z]+$', 'unknown']) matcher.remove(text);
    expect(matchesOf(matcher, 'paypal')).toEqual([ids[2]]);
    expect(ids.slice(0, 2)).toContain(matcher.add('^paypal$'));
    matcher.remove('(paypal|amazon)');
    expect(matchesOf(matcher, 'paypal')).toHaveLength(1);
  });

  it('keep results when a literal turns out to be in most names', () => {
    const matcher = new RegexMatcher();
    const id = matcher.add('^[a-z]+\\.com$');
    const other = matcher.add('^x.*\\.com$');
    for (let i = 0; i < 300; i++) {
      expect(matchesOf(matcher, 'example.com')).toEqual([id]);
      expect(matchesOf(matcher, `x${i}.com`)).toEqual([other]);
    }
    matcher.remove('^[a-z]+\\.com$');
    expect(matchesOf(matcher, 'example.com')).toEqual([]);
    expect(matchesOf(matcher, 'xyz.com')).toEqual([other]);
  });

  it('leave many expressions without literal in right order', () => {
    const matcher = new RegexMatcher();
    const ids = Array.from({ length: 300 }, (_, i) => matcher.add(`^[a-z]{${i},}[0-9]{3}$`));
    for (let i = 0; i < 300; i += 2) matcher.remove(`^[a-z]{${i},}[0-9]{3}$`);
    const expected = ids.filter((_, i) => i % 2 === 1 && i <= 100).sort((a, b) => a - b);
    expect(matchesOf(matcher, `${'a'.repeat(100)}123`)).toEqual(expected);
  });
});

describe('odd names', () => {
  it.each([
    ['of 1 MB', `paypal${'a'.repeat(1 << 20)}`, 2],
    ['of 1,024 octets', `${'a'.repeat(1018)}paypal`, 2],
    ['with a match after 1,024 octets', `${'a'.repeat(1019)}paypal`, 1],
    ['with NUL', '\0paypal\0', 2],
    ['with lone surrogates', '\ud800paypal', 2],
    ['without characters', '', 1],
  ])('%s do no harm', (_, name, count) => {
    const matcher = new RegexMatcher();
    matcher.add('paypal');
    matcher.add('.*');
    expect(matchesOf(matcher, name)).toHaveLength(count);
  });

  it('that are not UTF-8 are searched', () => {
    const matcher = new RegexMatcher();
    const id = matcher.add('paypal');
    const octets = Buffer.from([0xff, 0xc3, ...Buffer.from('paypal'), 0xe2, 0x82]);
    const found: number[] = [];
    matcher.match(octets, 0, octets.length, false, (each) => found.push(each));
    expect(found).toEqual([id]);
  });
});
