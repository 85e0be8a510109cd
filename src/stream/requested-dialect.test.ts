import { expect, it } from 'vitest';
import { requestedDialect } from './requested-dialect.js';

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
  expect(requestedDialect({ url }, 'go')).toBe(dialect);
});

it('falls back on what is configured', () => {
  expect(requestedDialect({ url: '/' }, 'calidog')).toBe('calidog');
  expect(requestedDialect({}, 'calidog')).toBe('calidog');
  expect(requestedDialect({ url: '/?format=go' }, 'calidog')).toBe('go');
});
