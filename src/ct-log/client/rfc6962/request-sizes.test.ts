import { describe, expect, it } from 'vitest';
import { CtHttpStatusError, CtNoRoomError } from '../ct-log-error.js';
import { RequestSizes } from './request-sizes.js';

const PAGE = 256;
const refused = new CtHttpStatusError('u', 500);

/** Sends one request like the client, to a log with pages of 256 entries. @returns the start of the next request. */
function ask(sizes: RequestSizes, start: number, wanted: number, fails = false): number {
  const to = sizes.cut(start, start + wanted);
  if (fails) {
    if (sizes.withoutTry(start, to - start, refused) === undefined) sizes.failed(start, to - start, refused);
    return start;
  }
  const end = Math.min(to, start - (start % PAGE) + PAGE);
  sizes.succeeded(start, to - start, end - start);
  return end;
}

describe(RequestSizes.name, () => {
  it.each([PAGE, 1000, 2048])(
    'removes a limit when the log serves all wanted entries, even if callers want only %d entries',
    (most) => {
      const sizes = new RequestSizes();
      // Concurrent pages failed in one short outage and were then served in pieces.
      for (const start of [0, PAGE]) sizes.failed(start, PAGE, refused);
      let at = 0;
      while (at < 2 * PAGE) at = ask(sizes, at, PAGE);
      expect(sizes.limit).toBe(128);
      for (let i = 1; i < 2000; i++) at = ask(sizes, at, i % 64 === 0 ? most : PAGE);
      expect(sizes.limit).toBeUndefined();
    },
  );

  describe('if ranges are refused with 429', () => {
    const limited = new CtHttpStatusError('u', 429);

    it('divides a range that is refused again and again, but not a single entry', () => {
      const sizes = new RequestSizes();
      expect([1, 2, 3].map(() => sizes.failed(0, 1000, limited))).toEqual(['same', 'same', 'less']);
      expect(sizes.cut(0, 1000)).toBe(128);
      for (let i = 0; i < 5; i++) expect(sizes.failed(0, 1, limited)).toBe('same');
      expect(sizes.cut(0, 1000)).toBe(128);
    });

    it.each([5, 48, 100, 700])('finds a limit of %d entries with few refusals', (most) => {
      const sizes = new RequestSizes();
      let refusals = 0;
      for (let at = 0; at < 40 * most;) {
        const to = sizes.cut(at, at + 2000);
        if (to - at <= most) {
          sizes.succeeded(at, to - at, to - at);
          at = to;
        } else {
          refusals++;
          if (sizes.withoutTry(at, to - at, limited) === undefined) sizes.failed(at, to - at, limited);
        }
      }
      expect(refusals).toBeLessThan(16);
    });

    it('keeps requests large if one request in four is refused, whatever its size', () => {
      const sizes = new RequestSizes();
      let at = 0;
      let served = 0;
      for (let i = 0; i < 4000; i++) {
        const to = sizes.cut(at, at + 1000);
        // A sequence without a pattern that always is the same.
        if (((i + 1) * 2654435761) % 2 ** 32 < 2 ** 30) {
          if (sizes.withoutTry(at, to - at, limited) === undefined) sizes.failed(at, to - at, limited);
        } else {
          sizes.succeeded(at, to - at, to - at);
          served++;
          at = to;
        }
      }
      expect(at / served).toBeGreaterThan(500);
    });

    it('requests full ranges again after the rate was the reason', () => {
      const sizes = new RequestSizes();
      for (let i = 0; i < 3; i++) sizes.failed(0, PAGE, limited);
      let at = 0;
      while (at < 4 * PAGE) at = ask(sizes, at, PAGE);
      expect(sizes.cut(at, at + PAGE)).toBe(at + PAGE);
      expect(sizes.failed(at, PAGE, limited)).toBe('same');
    });
  });

  it('does not count a lack of room as a limit of the log', () => {
    const sizes = new RequestSizes();
    for (const start of [0, PAGE]) expect(sizes.failed(start, PAGE, new CtNoRoomError('u'))).toBe('less');
    let at = 0;
    while (at < 2 * PAGE) at = ask(sizes, at, PAGE);
    expect(sizes.limit).toBeUndefined();
  });
});
