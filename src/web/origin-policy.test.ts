import { expect, it } from 'vitest';
import { configSchema } from '../config/config-schema.js';
import { isOwnOrigin, OriginPolicy } from './origin-policy.js';

const configured = (allowed_origins: string[]) =>
  new OriginPolicy(configSchema.parse({ webserver: { allowed_origins } }).webserver.allowed_origins);

it.each([
  [[], 'https://evil.example', true],
  [['https://app.example'], undefined, true],
  [['https://app.example'], 'https://app.example', true],
  [['https://App.Example:443/'], 'https://app.example', true],
  [['https://app.example'], 'HTTPS://APP.EXAMPLE', true],
  [['https://app.example'], 'http://app.example', false],
  [['https://app.example'], 'https://app.example:8443', false],
  [['https://app.example'], 'https://app.example.evil.example', false],
  [['https://app.example'], 'null', false],
  [['https://app.example'], '', false],
  [['null'], 'null', true],
  [['http://localhost:3000'], 'http://localhost:3000', true],
  [['https://*.example'], 'https://app.example', true],
  [['https://*.example'], 'https://a.b.example', true],
  [['https://*.example'], 'https://example', false],
  [['https://*.example'], 'https://evilexample', false],
  [['https://*.example'], 'https://evil.test/.example', false],
  [['https://*.example'], 'https://evil.test@.example', false],
  [['https://*.example:8443'], 'https://app.example:8443', true],
  [['https://*.example:8443'], 'https://app.example', false],
])('if %j are allowed, the origin %j may connect: %j', (origins, origin, expected) => {
  expect(configured(origins).allows({ headers: { origin } })).toBe(expected);
});

it.each(['app.example', 'https://', 'https://app.example/path', 'https://a*.example', '*', 'https://a b'])(
  '%j is not a valid origin in the configuration',
  (origin) => {
    expect(() => configured([origin])).toThrow(/is not an origin/);
  },
);

const OWN = ['ct.example', 'CT.example:8443', '[::1]:8080'];
it.each([
  ['http://ct.example', OWN, true],
  ['https://ct.example', OWN, true],
  ['wss://ct.example', OWN, true],
  ['https://ct.example:443', OWN, true],
  ['HTTPS://Ct.Example:8443/', OWN, true],
  ['http://ct.example:8443', OWN, true],
  ['http://ct.example.', OWN, true],
  ['http://[0:0:0:0:0:0:0:1]:8080', OWN, true],
  ['http://[::1]', OWN, false],
  ['http://ct.example:8080', OWN, false],
  ['http://ct.example:80', ['ct.example:443'], false],
  ['https://ct.example', ['ct.example:443'], true],
  ['http://a.ct.example', OWN, false],
  ['http://ct.example.evil.example', OWN, false],
  ['http://ct.example@evil.example', OWN, false],
  ['http://evil.example/ct.example', OWN, false],
  ['http://ct.example/page', OWN, false],
  ['file://ct.example', OWN, false],
  ['null', OWN, false],
  ['null', ['null'], false],
  ['', [''], false],
  ['http://', [''], false],
  [undefined, OWN, false],
])('the origin %j is that of a server that was asked as %j: %j', (origin, hosts, expected) => {
  expect(isOwnOrigin(origin, hosts)).toBe(expected);
});
