import { afterEach, describe, expect, it, vi } from 'vitest';
import { emptyEntries } from '../../../test/support/stream-app.js';
import { publishTimed, sliceEnd, slicesOf } from './slices.js';

afterEach(() => void vi.restoreAllMocks());

describe('pieces of a batch', () => {
  it('become smaller while the outputs take long for them, also where they were waited for before', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const batch = emptyEntries(0, 1000);
    const sizes: number[] = [];
    let cost = 1;
    for await (const piece of slicesOf(batch)) {
      // Clients let the log wait: that is no work.
      now += 5000;
      sizes.push(piece.count);
      if (sizes.length === 2) cost = 200;
      if (sizes.length === 4) cost = 1;
      publishTimed(piece, () => (now += cost));
    }
    expect(sizes).toEqual([256, 256, 128, 64, 128, 168]);
    expect(sliceEnd(emptyEntries(0, 1000), 0)).toBe(256);
  });
});
