import { describe, expect, it } from 'vitest';
import { dataTileLink, safeLink } from './safe-link.js';

describe(safeLink, () => {
  it.each(['https://log.example/ct/v1/get-entries?start=1&end=1', 'http://127.0.0.1:8080/'])(
    'accepts %s',
    (url) => {
      expect(safeLink(url)).toBe(url);
    },
  );

  it.each([
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    'blob:https://log.example/1',
    'file:///etc/passwd',
    '//log.example/',
    '/logs',
    'https://user@log.example/',
    '',
  ])('refuses %j', (url) => {
    expect(safeLink(url)).toBeUndefined();
  });
});

describe(dataTileLink, () => {
  // The second example is that of static-ct-api: tile 1234067.
  it.each([
    [0, 'https://log.example/2026/tile/data/000'],
    [1234067 * 256 + 5, 'https://log.example/2026/tile/data/x001/x234/067'],
    [256_000, 'https://log.example/2026/tile/data/x001/000'],
  ])('returns the tile of entry %d', (index, url) => {
    expect(dataTileLink('https://log.example/2026', index)).toBe(url);
  });

  it('refuses a log whose URL is no http URL', () => {
    expect(dataTileLink('javascript:alert(1)', 1)).toBeUndefined();
  });
});
