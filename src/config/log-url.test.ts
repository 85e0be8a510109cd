import { describe, expect, it } from 'vitest';

import { logUrl } from './field-types.js';
import { normalizeLogUrl } from './log-url.js';

const FORMS = [
  ['https://CT.Log.net/A/', 'https://ct.log.net/A'],
  ['ct.log.net', 'https://ct.log.net'],
  ['http://127.0.0.1:8080/x//', 'http://127.0.0.1:8080/x'],
  ['https://ct.log.net:443/', 'https://ct.log.net'],
  ['[2001:DB8::1]:8080/x', 'https://[2001:db8::1]:8080/x'],
] as const;

describe(normalizeLogUrl.name, () => {
  it('reads a megabyte of slashes in linear time', () => {
    const path = `${'/'.repeat(2 ** 20)}a`;
    expect(normalizeLogUrl(`ct.log.net${path}`)).toBe(`https://ct.log.net${path}`);
  });

  it.each<readonly [string, string | undefined]>([
    ...FORMS,
    ['https://ct.log.net:443/?q#f', 'https://ct.log.net'],
    ['ftp://ct.log.net', undefined],
    ['https://', undefined],
    ['', undefined],
  ])('%s is %s', (text, expected) => {
    expect(normalizeLogUrl(text)).toBe(expected);
  });

  it.each(FORMS)('returns the same form for %s as the configuration', (text, expected) => {
    expect(logUrl().parse(text)).toBe(expected);
  });
});
