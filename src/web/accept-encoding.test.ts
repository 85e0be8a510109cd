import { describe, expect, it } from 'vitest';
import { acceptsCoding } from './accept-encoding.js';

describe(acceptsCoding, () => {
  it.each([
    ['gzip', true],
    ['gzip, deflate, br, zstd', true],
    ['br;q=1.0, GZIP;q=0.8, *;q=0.1', true],
    ['x-gzip', true],
    ['*', true],
    ['gzip ; q=0.001', true],
    ['identity', false],
    ['gzip;q=0', false],
    ['gzip; q=0.000', false],
    ['gzip;q=0.0, *', false],
    ['*;q=0', false],
    ['br', false],
    ['gzipped', false],
    [';;,,q=', false],
    ['', false],
    [undefined, false],
  ])('of gzip in %j is %s', (header, accepts) => {
    expect(acceptsCoding(header, 'gzip')).toBe(accepts);
  });

  it.each([
    ['gzip, br', true],
    ['br;q=0, *', false],
    ['gzip', false],
  ])('of br in %j is %s', (header, accepts) => {
    expect(acceptsCoding(header, 'br')).toBe(accepts);
  });
});
