import { expect, it } from 'vitest';
import { CtHttpStatusError } from './ct-log-error.js';

it.each([
  [
    'https://new.example/log/',
    /status 301 and redirects to https:\/\/new\.example\/log\/; .* set its new URL$/,
  ],
  ['/elsewhere', /redirects to https:\/\/ct\.example\/elsewhere;/],
  ['http://', /redirects to http:\/\/;/],
  [`/${'a'.repeat(5000)}`, /^.{300,500}$/],
])('says where a redirect leads: %s', (location, expected) => {
  const error = new CtHttpStatusError('https://ct.example/log', 301, undefined, { location });
  expect(error.message).toMatch(expected);
});
