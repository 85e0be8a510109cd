import { describe, expect, it } from 'vitest';
import { FilterError } from './filter-error.js';
import {
  checkParameterNames,
  type FilterBounds,
  filterFromJson,
  filterFromJsonSteps,
  filterFromQuery,
} from './filter-input.js';
import { FILTER_FIELDS } from './filter-terms.js';

const BOUNDS: FilterBounds = { terms: 5, expressions: 2, bytes: 2000 };

function fromQuery(query: string, bounds = BOUNDS): unknown {
  return filterFromQuery(new URLSearchParams(query), bounds)?.fields;
}

/** Returns code and message of the error that a call throws. */
function mistakeOf(call: () => unknown): [code: string, message: string] {
  try {
    call();
  } catch (error) {
    if (error instanceof FilterError) return [error.code, error.message];
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe(filterFromQuery.name, () => {
  it('bounds the instructions of all expressions together', () => {
    const query = new URLSearchParams();
    for (let i = 0; i < 20; i++) query.append('regex', `a{200}${i}`);
    const bounds = { ...BOUNDS, terms: 100, expressions: 20 };
    const [code, message] = mistakeOf(() => filterFromQuery(query, bounds));
    expect(code).toBe('FILTER_TOO_MANY_EXPRESSIONS');
    expect(message).toContain('2000 instructions together');
    for (const each of query.getAll('regex').slice(9)) query.delete('regex', each);
    expect(filterFromQuery(query, bounds)?.termCount).toBe(9);
  });

  it('takes terms separated by commas, and repeated parameters, as alternatives', () => {
    expect(fromQuery('domain=b.com,%20A.com%20&domain=c.com&x=1&issuer=R3')).toEqual({
      domain: ['a.com', 'b.com', 'c.com'],
      issuer: ['r3'],
    });
  });

  it('does not split expressions, and leaves them as they are', () => {
    const expression = encodeURIComponent('^a{1,3} B');
    expect(fromQuery(`regex=${expression}&exclude_regex=x,y`)).toEqual({
      regex: ['^a{1,3} B'],
      exclude_regex: ['x,y'],
    });
  });

  it.each(['', 'domain=', 'domain=&keyword=%20', 'unknown=1', 'ca=true,false'])(
    'filters nothing: %j',
    (query) => {
      expect(fromQuery(query)).toBeUndefined();
    },
  );

  it.each([
    ['domain=Example.COM.', { domain: ['example.com'] }],
    ['domain=*.example.com', { domain: ['example.com'] }],
    ['domain=m%C3%BCnchen.de', { domain: ['xn--mnchen-3ya.de'] }],
    ['domain=de', { domain: ['de'] }],
    ['domain=_dmarc.a-b.com', { domain: ['_dmarc.a-b.com'] }],
    ['keyword=PayPal,M%C3%9CNCHEN', { keyword: ['münchen', 'paypal'] }],
    ['similar=WWW.paypal.com', { similar: ['www.paypal.com'] }],
    ['issuer=Let%27s+Encrypt,%C3%89cole', { issuer: ["let's encrypt", 'École'] }],
    ['operator=Google', { operator: ['google'] }],
    ['log=https://CT.example/2026/,ct.example/2026', { log: ['ct.example/2026'] }],
    ['type=PRECERT', { type: ['precert'] }],
    ['ca=False', { ca: false }],
    [
      'ip=10.1.2.3/8,::1,::FFFF:1.2.3.4,2001:db8:0:0::/32',
      { ip: ['1.2.3.4', '10.0.0.0/8', '2001:db8::/32', '::1'] },
    ],
    ['ip=10.1.2.3/32', { ip: ['10.1.2.3'] }],
  ])('reads %s', (query, fields) => {
    expect(fromQuery(query)).toEqual(fields);
  });

  it.each([
    ['domain=a.com,,b.com', 'FILTER_EMPTY_TERM', '`domain` contains an empty term'],
    ['issuer=,a', 'FILTER_EMPTY_TERM', '`issuer` contains an empty term'],
    ['domain=https://example.com/', 'FILTER_VALUE', '`domain` "https://example.com/" is not a domain name'],
    ['domain=a..com', 'FILTER_VALUE', '"a..com"'],
    ['domain=*', 'FILTER_VALUE', '"*"'],
    ['domain=foo%20bar.com', 'FILTER_VALUE', '"foo bar.com"'],
    ['exclude_domain=a@b.com', 'FILTER_VALUE', '`exclude_domain` "a@b.com"'],
    ['similar=paypal', 'FILTER_VALUE', '`similar` "paypal"'],
    ['similar=co.uk', 'FILTER_VALUE', '`similar` "co.uk"'],
    ['keyword=ab', 'FILTER_KEYWORD_TOO_SHORT', '`keyword` "ab" is shorter than 3 characters'],
    ['keyword=%F0%9F%98%80%F0%9F%98%80', 'FILTER_KEYWORD_TOO_SHORT', '"😀😀"'],
    ['regex=(', 'FILTER_REGEX', '`regex` "("'],
    ['regex=(%3F%3C!a)b', 'FILTER_REGEX', '"(?<!a)b"'],
    [`regex=${'a'.repeat(513)}`, 'FILTER_REGEX', '512 octets'],
    ['regex=a&regex=b&exclude_regex=c', 'FILTER_TOO_MANY_EXPRESSIONS', 'has 3 expressions; at most 2'],
    ['type=final', 'FILTER_VALUE', '`type` "final" is not known; use precert or cert'],
    ['ca=yes', 'FILTER_VALUE', '`ca` "yes" is not known; use true or false'],
    ['ip=10.0.0.0/33', 'FILTER_VALUE', '`ip` "10.0.0.0/33"'],
    ['ip=fe80::1%25eth0', 'FILTER_VALUE', '"fe80::1%eth0"'],
    ['domain=a,b,c,d,e,f', 'FILTER_TOO_MANY_TERMS', '`domain` has 6 terms; at most 5'],
    [`domain=${'a'.repeat(300)}`, 'FILTER_VALUE', 'is longer than 255 octets'],
    [`issuer=${'a'.repeat(1000)}&operator=${'b'.repeat(1000)}`, 'FILTER_TOO_LARGE', 'at most 2000'],
  ])('refuses %s', (query, code, part) => {
    const [found, message] = mistakeOf(() => fromQuery(query));
    expect(found).toBe(code);
    expect(message).toContain(part);
    expect(message).not.toContain('\n');
  });

  it('has the same key for filters that have the same terms', () => {
    const keyOf = (query: string) => filterFromQuery(new URLSearchParams(query), BOUNDS)!.key;
    expect(keyOf('domain=b.com,A.com&issuer=x')).toBe(keyOf('issuer=X&domain=*.a.com.&domain=b.com,b.com'));
    expect(keyOf('domain=a.com')).not.toBe(keyOf('exclude_domain=a.com'));
    expect(keyOf('domain=a.com,b.com')).not.toBe(keyOf('domain=a.com'));
  });
});

describe(filterFromJson.name, () => {
  it('takes lists and single terms, and does not split them', () => {
    const written = {
      domain: ['b.com', 'a.com'],
      issuer: 'DigiCert, Inc.',
      ca: true,
      keyword: [],
      regex: null,
    };
    expect(filterFromJson(written, BOUNDS)?.fields).toEqual({
      domain: ['a.com', 'b.com'],
      issuer: ['digicert, inc.'],
      ca: true,
    });
  });

  it.each([{}, { domain: [] }, { domain: null }, { domain: '' }, { ca: [true, 'false'] }])(
    'filters nothing: %j',
    (written) => {
      expect(filterFromJson(written, BOUNDS)).toBeUndefined();
    },
  );

  it.each([
    [[], 'FILTER_VALUE', 'not an object'],
    [null, 'FILTER_VALUE', 'not an object'],
    ['domain=a.com', 'FILTER_VALUE', 'not an object'],
    [{ domian: ['a.com'] }, 'FILTER_UNKNOWN_FIELD', 'did you mean `domain`?'],
    [{ '\u001b[2J': ['a.com'] }, 'FILTER_UNKNOWN_FIELD', '"\\u001b[2J"'],
    [JSON.parse('{"__proto__":["a.com"]}'), 'FILTER_UNKNOWN_FIELD', '"__proto__"'],
    [{ domain: [''] }, 'FILTER_EMPTY_TERM', '`domain`'],
    [{ domain: [7] }, 'FILTER_VALUE', 'not a text'],
    [{ domain: { a: 1 } }, 'FILTER_VALUE', 'not a text'],
    [{ issuer: ['\ud800'] }, 'FILTER_VALUE', 'unpaired surrogate'],
    [{ keyword: ['abc\udc00'] }, 'FILTER_VALUE', 'unpaired surrogate'],
    [{ domain: 'a.com,b.com' }, 'FILTER_VALUE', '"a.com,b.com"'],
    [{ regex: Array.from({ length: 5 }, () => '(') }, 'FILTER_TOO_MANY_EXPRESSIONS', 'has 5 expressions'],
  ] as [unknown, string, string][])('refuses %j', (written, code, part) => {
    const [found, message] = mistakeOf(() => filterFromJson(written, BOUNDS));
    expect(found).toBe(code);
    expect(message).toContain(part);
  });

  it('reads many terms in steps', () => {
    const domain = Array.from({ length: 100_000 }, (_, i) => `watched-${(i * 7919) % 100_003}.com`);
    const steps = filterFromJsonSteps(
      { domain: [...domain, ...domain] },
      { terms: 1e6, expressions: 0, bytes: 1e8 },
    );
    let count = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) count++;
    expect(count).toBeGreaterThan(200);
    expect(step.value?.terms.domain).toEqual([...domain].sort());
  });
});

describe('EntryFilter.isAboutSighting', () => {
  it.each(FILTER_FIELDS)('%s', (field) => {
    const values: Partial<Record<string, string>> = { type: 'cert', ca: 'true', ip: '::1' };
    const filter = filterFromJson({ [field]: values[field] ?? 'example.com' }, BOUNDS)!;
    expect(filter.isAboutSighting).toBe(['operator', 'log', 'type'].includes(field));
  });
});

describe(checkParameterNames.name, () => {
  const known = ['domain', 'format', 'ip', 'ca', 'log', 'since'];

  it.each(['domian', 'fromat', 'formatt', 'ormat', 'Domain', 'domaim', 'logs', 'ips'])(
    'refuses %s',
    (name) => {
      const [code, message] = mistakeOf(() =>
        checkParameterNames(new URLSearchParams({ [name]: '1' }), known),
      );
      expect(code).toBe('FILTER_UNKNOWN_PARAMETER');
      expect(message).toContain(JSON.stringify(name));
    },
  );

  it('ignores other unknown parameters', () => {
    const query = `domain=a&_=1&t=2&cb=3&id=4&nocache=5&subdomains=6&${'x'.repeat(10_000)}=7&=8`;
    expect(() => checkParameterNames(new URLSearchParams(query), known)).not.toThrow();
  });
});
