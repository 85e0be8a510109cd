import { describe, expect, it } from 'vitest';
import { growthOf } from './sparkline-path.js';

describe(growthOf, () => {
  it('compares what was published with what was ingested, from the first index on', () => {
    const growth = growthOf([1000, 1100, 1200], [1000, 1050, 1100], 100, 20);
    expect(growth).toEqual({
      published: 200,
      ingested: 100,
      publishedPath: 'M0 20L50 10L100 0',
      ingestedPath: 'M0 20L50 15L100 10',
    });
  });

  it('counts what was published before the server had read it', () => {
    expect(growthOf([1000, 1000], [400, 1000], 10, 10)).toMatchObject({ published: 600, ingested: 600 });
  });

  it('leaves a gap where nothing was measured', () => {
    expect(growthOf([null, 5, null, 15, 25], [null, 5, null, 15, 25], 40, 20).publishedPath).toBe(
      'M10 20M30 10L40 0',
    );
  });

  it('draws a flat line at the bottom for a log that does not grow', () => {
    expect(growthOf([5, 5], [5, 5], 10, 10)).toMatchObject({
      published: 0,
      ingested: 0,
      publishedPath: 'M0 10L10 10',
    });
  });

  it('draws nothing without two samples', () => {
    expect(growthOf([5], [5], 10, 10).publishedPath).toBe('');
    expect(growthOf([], [], 10, 10)).toMatchObject({ published: 0, ingested: 0, publishedPath: '' });
  });
});
