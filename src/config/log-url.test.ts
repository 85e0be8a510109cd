import { describe, expect, it } from 'vitest';

import { logUrl } from './field-types.js';
import { logUrlMistake, normalizeLogUrl } from './log-url.js';

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

describe(logUrlMistake.name, () => {
  it.each([
    ['https://ct.example/log/ct/v1/', 'https://ct.example/log'],
    ['https://ct.example/log/ct/v1', 'https://ct.example/log'],
    ['ct.example/log/CT/v1/get-sth', 'ct.example/log'],
    ['https://ct.example/log/ct/v1/get-entries?start=0&end=1', 'https://ct.example/log'],
    ['https://ct.example/log/get-sth', 'https://ct.example/log'],
    ['https://ct.example/log/add-pre-chain/', 'https://ct.example/log'],
    ['https://ct.example/log/checkpoint', 'https://ct.example/log'],
    ['https://ct.example/log/tile/data/000', 'https://ct.example/log'],
    ['https://ct.example/tile/', 'https://ct.example'],
    ['https://ct.example/log/issuer/00ff', 'https://ct.example/log'],
    ['https://ct.example/log.v3.json', 'https://ct.example'],
    ['https:/ct.example/a', 'https://ct.example/a'],
    ['https:ct.example/a', 'https://ct.example/a'],
    ['https:///ct.example/a', 'https://ct.example/a'],
    ['https//ct.example/a', 'https://ct.example/a'],
    ['https://https://ct.example/a', 'https://ct.example/a'],
    ['https://http://ct.example/a', 'http://ct.example/a'],
    ['http:/ct.example/a', 'http://ct.example/a'],
    ['//ct.example/a', 'https://ct.example/a'],
    ['htps://ct.example/a', 'https://ct.example/a'],
    ['https:/ct.example/a/ct/v1/get-sth', 'https://ct.example/a'],
  ])('%s was meant as %s, and is refused with one line', (text, meant) => {
    expect(logUrlMistake(text)).toMatch(new RegExp(`did you mean ${meant.replaceAll('.', '[.]')}\\?$`));
    const result = logUrl().safeParse(text);
    expect(result.error?.issues.map(({ message }) => message)).toEqual([
      expect.stringContaining(`did you mean ${meant}?`),
    ]);
    expect(logUrl().safeParse(meant).success).toBe(true);
  });

  it.each([
    'https://ct.example',
    'https://ct.example:8443/log/',
    'ct.example/tiles/x',
    'http://localhost:8080/checkpoints',
    'https.example/a',
    'https://https.example/a',
    'http-log.example/x',
    'https://ct.example/ct/v2/',
    `https://ct.example/${'/ct/v1'.repeat(500)}x`,
  ])('%s is not a known mistake', (text) => {
    expect(logUrlMistake(text)).toBeUndefined();
  });
});
