import { describe, expect, it } from 'vitest';
import { finish } from './bounded-steps.js';
import { both, withoutTermsSteps, withTermsSteps } from './filter-changes.js';
import { filterFromJson } from './filter-input.js';

const BOUNDS = { terms: 3, expressions: 2, bytes: 1000 };
const withTerms = (...values: Parameters<typeof withTermsSteps>) => finish(withTermsSteps(...values));
const withoutTerms = (...values: Parameters<typeof withoutTermsSteps>) =>
  finish(withoutTermsSteps(...values));
const filterOf = (fields: unknown) => filterFromJson(fields, BOUNDS)!;

describe(withTermsSteps.name, () => {
  it.each([
    [{ domain: ['b.com'] }, { domain: ['a.com', 'c.com'] }, { domain: ['a.com', 'b.com', 'c.com'] }],
    [{ domain: ['b.com'] }, { domain: ['b.com'], issuer: 'x' }, { domain: ['b.com'], issuer: ['x'] }],
    [{ ca: true, issuer: 'x' }, { ca: false }, { issuer: ['x'] }],
  ])('adds to %j', (old, added, result) => {
    expect(withTerms(filterOf(old), filterOf(added), BOUNDS)).toEqual(filterOf(result));
  });

  it('is the added filter if there was none, and none if the two values of ca are all', () => {
    expect(withTerms(undefined, filterOf({ issuer: 'x' }), BOUNDS)).toEqual(filterOf({ issuer: 'x' }));
    expect(withTerms(filterOf({ ca: true }), filterOf({ ca: false }), BOUNDS)).toBeUndefined();
  });

  it('keeps the bounds', () => {
    const old = filterOf({ domain: ['a.com', 'b.com'], regex: ['x'] });
    expect(() => withTerms(old, filterOf({ domain: ['c.com', 'd.com'] }), BOUNDS)).toThrow('has 4 terms');
    expect(() => withTerms(old, filterOf({ exclude_regex: ['y', 'z'] }), BOUNDS)).toThrow(
      'has 3 expressions',
    );
  });
});

describe(withoutTermsSteps.name, () => {
  it('removes terms, and ignores those that the filter does not have', () => {
    const old = filterOf({ domain: ['a.com', 'b.com'], keyword: ['abc'], exclude_domain: ['x.b.com'] });
    expect(withoutTerms(old, filterOf({ domain: ['A.com', 'c.com'], issuer: 'y' }))?.fields).toEqual({
      domain: ['b.com'],
      keyword: ['abc'],
      exclude_domain: ['x.b.com'],
    });
    expect(
      withoutTerms(old, filterOf({ domain: ['a.com', 'b.com'], exclude_domain: 'x.b.com' }))?.fields,
    ).toEqual({
      keyword: ['abc'],
    });
    expect(
      withoutTerms(filterOf({ exclude_issuer: 'x' }), filterOf({ exclude_issuer: 'x' })),
    ).toBeUndefined();
  });

  it.each([
    [{ domain: ['a.com'] }, { domain: ['a.com'] }],
    [
      { domain: ['a.com'], keyword: ['abc'] },
      { domain: ['a.com'], keyword: ['abc'] },
    ],
    [{ domain: ['a.com'], issuer: 'x' }, { issuer: 'x' }],
    [{ ca: true, domain: ['a.com'] }, { ca: true }],
  ])('refuses to let everything pass: %j', (old, removed) => {
    expect(() => withoutTerms(filterOf(old), filterOf(removed))).toThrow(
      expect.objectContaining({ code: 'FILTER_LAST_TERM' }),
    );
  });
});

describe(both.name, () => {
  const [a, b, c] = ['a.com', 'b.com', 'c.com'].map((domain) => filterOf({ domain }));

  it('applies each filter by itself', () => {
    expect(both(a, b)).toMatchObject({
      fields: { domain: ['a.com'] },
      within: { fields: { domain: ['b.com'] } },
    });
    expect(both(both(a, b), c).within?.within).toBe(c);
    expect(both(a, undefined)).toBe(a);
    expect(both(undefined, b)).toBe(b);
    expect(both(undefined, undefined)).toBeUndefined();
    expect(both(a, filterOf({ domain: 'A.com.' }))).toBe(a);
    expect(both(a, b).key).not.toBe(a.key);
    expect(both(a, filterOf({ type: 'cert' })).isAboutSighting).toBe(true);
  });

  it('stays while terms are added and removed', () => {
    const inside = both(a, b);
    expect(withTerms(inside, c, BOUNDS)?.within).toBe(b);
    expect(withoutTerms(both(filterOf({ exclude_issuer: 'x' }), b), filterOf({ exclude_issuer: 'x' }))).toBe(
      b,
    );
  });
});
