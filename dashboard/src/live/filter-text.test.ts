import { describe, expect, it } from 'vitest';
import {
  addToQuery,
  fieldsOfAnswer,
  FilterTextError,
  readFilterText,
  writeFilterText,
} from './filter-text.js';

describe(readFilterText, () => {
  it.each([
    ['', {}],
    ['  \n ', {}],
    ['domain=example.com,example.net', { domain: ['example.com', 'example.net'] }],
    ['domain:example.com', { domain: ['example.com'] }],
    ['paypal', { keyword: ['paypal'] }],
    ['paypal.com', { domain: ['paypal.com'] }],
    ['paypal -paypal.com', { keyword: ['paypal'], exclude_domain: ['paypal.com'] }],
    ['-test', { exclude_keyword: ['test'] }],
    ['-issuer=acme', { exclude_issuer: ['acme'] }],
    [`issuer="let's encrypt" type=precert`, { issuer: ["let's encrypt"], type: ['precert'] }],
    ['domain=a.com domain=b.com', { domain: ['a.com', 'b.com'] }],
    ['regex=^a{2,3}$ regex=b', { regex: ['^a{2,3}$', 'b'] }],
    ['regex="a b,c"', { regex: ['a b,c'] }],
    ['ip=2001:db8::/32', { ip: ['2001:db8::/32'] }],
    ['constructor=x __proto__=y', JSON.parse('{"constructor":["x"],"__proto__":["y"]}')],
    ['domain=a.com,,b.com', { domain: ['a.com', '', 'b.com'] }],
  ])('reads %j', (text, fields) => {
    expect(readFilterText(text)).toEqual(fields);
  });

  it.each(['issuer="let', 'domain=', 'domain=""', 'issuer=" "'])('refuses %j', (text) => {
    expect(() => readFilterText(text)).toThrow(FilterTextError);
  });
});

describe(writeFilterText, () => {
  it.each([
    '',
    'domain=a.com,b.com',
    'issuer="let\'s encrypt" type=precert',
    'regex=a,b regex="c d"',
    'ca=true',
  ])('writes %j as it was read', (text) => {
    expect(writeFilterText(readFilterText(text))).toBe(text);
  });
});

describe(fieldsOfAnswer, () => {
  it('reads the filter as the server understood it', () => {
    expect(fieldsOfAnswer({ domain: ['a.com'], ca: false })).toEqual({ domain: ['a.com'], ca: ['false'] });
    expect(fieldsOfAnswer(null)).toEqual({});
  });
});

describe(addToQuery, () => {
  it('joins terms with commas, except expressions', () => {
    const query = new URLSearchParams({ events: '1' });
    addToQuery(query, { domain: ['a.com', 'b.com'], regex: ['a,b', 'c'] });
    expect([...query]).toEqual([
      ['events', '1'],
      ['domain', 'a.com,b.com'],
      ['regex', 'a,b'],
      ['regex', 'c'],
    ]);
  });
});
