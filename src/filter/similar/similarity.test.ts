import { describe, expect, it } from 'vitest';
import { brandOf, isSimilar } from './similarity.js';

function matching(term: string, names: readonly string[]): string[] {
  return names.filter((name) => isSimilar(term, name));
}

describe('the brand of a term', () => {
  it('is the registrable domain with the label before the public suffix', () => {
    expect(brandOf('paypal.com')).toEqual({ label: 'paypal', domains: ['paypal.com'] });
    expect(brandOf('www.amazon.co.uk')).toEqual({ label: 'amazon', domains: ['amazon.co.uk'] });
    expect(brandOf('xn--bcher-kva.de')?.domains).toEqual(['xn--bcher-kva.de', 'bücher.de']);
  });

  it.each(['com', 'co.uk', '192.0.2.1', '', 'not a name.com', '\u0301.com'])('does not exist: %j', (term) => {
    expect(brandOf(term)).toBeUndefined();
    expect(isSimilar(term, 'paypal.example.net')).toBe(false);
  });
});

describe('an imitation of paypal.com', () => {
  it('is neither the domain nor below it', () => {
    const own = [
      'paypal.com',
      'www.paypal.com',
      '*.paypal.com',
      'paypa1.paypal.com',
      'xn--pypal-4ve.paypal.com',
    ];
    expect(matching('paypal.com', own)).toEqual([]);
    expect(isSimilar('www.paypal.com', 'api.paypal.com')).toBe(false);
    expect(isSimilar('paypal.com', 'paypal.com.example.net')).toBe(true);
  });

  it.each([
    ['0, 1 and capital I', ['paypa1.com', 'paypai.net']],
    ['Cyrillic letters', ['xn--pypal-4ve.com', 'рауԥal.com'.replace('ԥ', 'p')]],
    ['accents', ['xn--pypl-0nao.com', 'pàypâl.com', 'páỳpál.com']],
    ['the label on another suffix', ['paypal.de', 'paypal.co.uk', 'paypal.github.io']],
    ['a part', ['paypal-login.com', 'secure-paypal.net', 'www.my-paypal-2.example.org', 'paypal2.com']],
    ['anywhere', ['paypallogin.com', 'mypaypal.example.com', 'paypalpaypal.net']],
    ['the suffix as a label', ['paypal.com.example.net', 'paypal-com.example.net', 'paypalcom.example.net']],
    ['one edit', ['papal.com', 'payypal.com', 'paypsl.com', 'apypal.com', 'pay-pal.com', 'paypalx.com']],
    ['two labels', ['pay.pal.com', 'www.payp.al.net']],
  ])('has %s', (_, names) => {
    expect(matching('paypal.com', names)).toEqual(names);
  });

  it('has at most one edit, because the label has six letters', () => {
    expect(matching('paypal.com', ['pypl.com', 'pappal.com', 'paqqal.com', 'yappal.com'])).toEqual([
      'pappal.com',
    ]);
  });

  it('is not in the public suffix', () => {
    expect(isSimilar('github.com', 'someone.github.io')).toBe(false);
    expect(isSimilar('github.com', 'github.io')).toBe(false);
    expect(isSimilar('github.com', 'github.someone.github.io')).toBe(true);
  });
});

describe('the length of the brand label', () => {
  it('from 7 on permits two edits', () => {
    const names = ['faceboko.com', 'facebok.com', 'fcebok.com', 'facebooxx.com', 'ebookfac.com', 'fcebk.com'];
    expect(matching('facebook.com', names)).toEqual(names.slice(0, 4));
  });

  it('below 5 permits none, and below 6 the label must be a part', () => {
    expect(
      matching('ebay.com', ['ebay.de', 'ebay-login.com', '1ebay2.com', 'ebya.com', 'ebays.com']),
    ).toEqual(['ebay.de', 'ebay-login.com', '1ebay2.com']);
    expect(matching('apple.com', ['apple-id.com', 'appel.com', 'pineapplepie.com'])).toEqual([
      'apple-id.com',
      'appel.com',
    ]);
  });
});

describe('pairs of letters', () => {
  it('look like one letter', () => {
    expect(isSimilar('amazon.com', 'arnazon.com')).toBe(true);
    expect(isSimilar('twitter.com', 'tvvitter.com')).toBe(true);
    expect(isSimilar('barnes.com', 'bames.net')).toBe(true);
  });

  it('do not hide an edit of the brand', () => {
    expect(matching('barnes.com', ['banes.com', 'bares.com', 'barmes.com', 'brnes.com'])).toHaveLength(4);
    expect(matching('amazon.com', ['aazon.com', 'anazon.com', 'ammazon.com', 'maazon.com'])).toHaveLength(4);
  });
});

describe('odd names', () => {
  it.each([
    '',
    '.',
    '..com',
    'com',
    '\0.com',
    'xn--.com',
    'xn--99999999.com',
    'xn--\u0000.com',
    '\ud800\udc00\ud800.com',
    `${'paypal'.repeat(200_000)}.com`,
    'a.'.repeat(50_000),
    `${'\u0301'.repeat(300)}.com`,
    '192.0.2.1',
  ])('are no imitation (%#)', (name) => {
    expect(isSimilar('paypal.com', name)).toBe(false);
  });

  it('are searched label by label', () => {
    expect(isSimilar('paypal.com', `${'x'.repeat(100)}.paypal.\0.example.com`)).toBe(true);
    expect(isSimilar('paypal.com', `${'x.'.repeat(10_000)}paypal.de`)).toBe(true);
  });
});
