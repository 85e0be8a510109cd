import { describe, expect, it } from 'vitest';
import { withoutSpace, withoutTrailingSlashes } from './trim.js';

describe(withoutSpace.name, () => {
  it.each([
    ['', ''],
    [' \t ', ''],
    [' a b\t', 'a b'],
    ['\u00a0a', '\u00a0a'],
  ])('%j is %j', (text, expected) => {
    expect(withoutSpace(text)).toBe(expected);
  });

  it('reads a megabyte of spaces in linear time', () => {
    const text = `a${' '.repeat(2 ** 20)}b`;
    expect(withoutSpace(text)).toBe(text);
  });
});

describe(withoutTrailingSlashes.name, () => {
  it.each([
    ['', ''],
    ['///', ''],
    ['/a//', '/a'],
    ['a/b', 'a/b'],
  ])('%j is %j', (text, expected) => {
    expect(withoutTrailingSlashes(text)).toBe(expected);
  });
});
