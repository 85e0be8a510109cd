import { describe, expect, it } from 'vitest';

import { headerText, httpUrl, logUrl, publicKey, urlPath } from './field-types.js';
import { ipAddress, isAddressRange } from './listener-fields.js';

describe('isAddressRange', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1/8',
    '0.0.0.0/0',
    '10.0.0.1/32',
    '::1',
    'fd00::/8',
    '::ffff:10.0.0.1',
    '::/128',
  ])('accepts %s', (value) => expect(isAddressRange(value)).toBe(true));

  it.each([
    '',
    ' ',
    'localhost',
    '10.0.0',
    '10.0.0.1/',
    '10.0.0.1/33',
    '10.0.0.1/-1',
    '10.0.0.1/8/8',
    '::/129',
    '010.0.0.1',
    'fe80::1%eth0',
    '10.0.0.1 ',
  ])('refuses %j', (value) => expect(isAddressRange(value)).toBe(false));
});

const accepts = (type: { safeParse(value: unknown): { success: boolean } }, value: string) =>
  type.safeParse(value).success;

describe('urlPath', () => {
  it.each([
    ['/', '/'],
    ['/a', '/a'],
    ['/a/', '/a'],
    ['/a/b-c_d.e~f//', '/a/b-c_d.e~f'],
  ])('%s is %s', (value, parsed) => expect(urlPath().parse(value)).toBe(parsed));

  it.each([
    'a',
    '/a//b',
    '/a?b',
    '/a#b',
    '/a b',
    '/../a',
    '/a/..',
    '/./a',
    '/a%2fb',
    '/:id',
    '/*',
    'http://x/a',
  ])('%s is refused', (value) => expect(accepts(urlPath(), value)).toBe(false));
});

describe('logUrl', () => {
  it.each([
    ['ct.example/log', 'https://ct.example/log'],
    ['HTTPS://CT.Example:443/Log/', 'https://ct.example/Log'],
    ['http://127.0.0.1:8099/', 'http://127.0.0.1:8099'],
    ['localhost:8099/log', 'https://localhost:8099/log'],
    ['https://[::1]:8099/log', 'https://[::1]:8099/log'],
  ])('%s is %s', (value, parsed) => expect(logUrl().parse(value)).toBe(parsed));

  it.each([
    '',
    'https://',
    'https:///log',
    'ftp://ct.example',
    'https://u:p@ct.example',
    'ct.example/a?b=c',
    'ct.example/a#b',
    'a b',
    'https://ct..example/',
    'https://ct_\u0000.example',
  ])('%j is refused', (value) => expect(accepts(logUrl(), value)).toBe(false));

  it('may be empty where it is optional', () => expect(logUrl(true).parse('')).toBe(''));
});

describe('other fields', () => {
  it.each([
    [ipAddress(), '::1', '::1/128'],
    [ipAddress(), '192.0.2.1', '192.0.2.1:80'],
    [httpUrl(), 'http://127.0.0.1:1/a.json?x=1', 'file:///etc/passwd'],
    [headerText(), 'Mozilla/5.0 (x)', 'a\nb'],
    [headerText(), '', 'ü'],
    [publicKey(), '', 'AAAA'],
  ])('%#', (type, good, bad) => {
    expect(accepts(type, good)).toBe(true);
    expect(accepts(type, bad)).toBe(false);
  });
});
