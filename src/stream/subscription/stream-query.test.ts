import { describe, expect, it } from 'vitest';
import { queryOf, requestedDialect } from './stream-query.js';

describe(requestedDialect, () => {
  it.each([
    ['/', 'go'],
    ['/?', 'go'],
    ['/?format=calidog', 'calidog'],
    ['/full-stream/?a=b&format=calidog&c', 'calidog'],
    ['http://host/?format=calidog#format=x', 'calidog'],
    ['/?format=%63alidog', 'calidog'],
    ['/format=calidog', 'go'],
    ['/?Format=calidog', 'go'],
    ['/?format=', undefined],
    ['/?format=CaliDog', undefined],
    ['/?format=elixir', undefined],
    ['/?format=go&format=calidog', undefined],
    ['/?format=constructor', undefined],
    ['/?format=%ff', undefined],
  ])('reads %s as %s', (url, dialect) => {
    expect(requestedDialect(queryOf({ url }), 'go')).toBe(dialect);
  });

  it('falls back to the configured dialect', () => {
    expect(requestedDialect(queryOf({ url: '/' }), 'calidog')).toBe('calidog');
    expect(requestedDialect(queryOf({}), 'calidog')).toBe('calidog');
    expect(requestedDialect(queryOf({ url: '/?format=go' }), 'calidog')).toBe('go');
  });
});
