import { describe, expect, it } from 'vitest';
import { dataTilePath, hashTilePath } from './tile-path.js';

describe('tile paths', () => {
  it.each([
    [0, '000'],
    [999, '999'],
    [1000, 'x001/000'],
    [1_234_067, 'x001/x234/067'],
    [1_000_000, 'x001/x000/000'],
    [24_023_437_500, 'x024/x023/x437/500'],
  ])('writes tile %i as %s', (index, path) => {
    expect(dataTilePath(index)).toBe(`tile/data/${path}`);
  });

  it('contains the width of partial tiles only', () => {
    expect(dataTilePath(1000, 7)).toBe('tile/data/x001/000.p/7');
    expect(dataTilePath(3)).toBe('tile/data/003');
    expect(hashTilePath(2, 3, 255)).toBe('tile/2/003.p/255');
    expect(hashTilePath(0, 3, 256)).toBe('tile/0/003');
  });

  it.each([0, 257, -1, 1.5])('rejects the width %d', (width) => {
    expect(() => dataTilePath(0, width)).toThrow(RangeError);
  });
});
