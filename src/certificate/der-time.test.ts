import { describe, expect, it } from 'vitest';
import { readTime } from './der-time.js';

function utc(text: string): number {
  return readTime(Buffer.from(text), 0, text.length, false);
}

function generalized(text: string): number {
  return readTime(Buffer.from(text), 0, text.length, true);
}

describe(readTime.name, () => {
  it('agrees with Date on days of every century', () => {
    for (let year = 100; year < 10_000; year += 73) {
      for (const [month, day] of [
        [1, 1],
        [2, 28],
        [3, 1],
        [12, 31],
      ] as const) {
        const text = [year, month, day]
          .map((part, i) => String(part).padStart(i === 0 ? 4 : 2, '0'))
          .join('');
        expect(generalized(`${text}123456Z`), text).toBe(Date.UTC(year, month - 1, day, 12, 34, 56) / 1000);
      }
    }
  });

  it.each([
    ['500101000000Z', -631152000],
    ['491231235959Z', 2524607999],
    ['700101000000Z', 0],
    ['2501010000Z', 1735689600],
    ['250101010000+0100', 1735689600],
    ['241231233000-0030', 1735689600],
    ['161231235960Z', 1483228800],
    ['250101000000', 1735689600],
    ['240229000000Z', 1709164800],
  ])('reads the UTCTime %s', (text, seconds) => expect(utc(text)).toBe(seconds));

  it.each([
    ['20551231235959Z', 2713910399],
    ['99991231235959Z', 253402300799],
    ['20250101000000.999Z', 1735689600],
    ['20250101000000,5+0000', 1735689600],
    ['2025010100Z', 1735689600],
    ['00010101000000Z', -62135596800],
    ['20000229000000Z', 951782400],
  ])('reads the GeneralizedTime %s', (text, seconds) => expect(generalized(text)).toBe(seconds));

  it.each([
    '',
    '2',
    '25',
    '250230000000Z',
    '250101240000Z',
    '250101006000Z',
    '250101000061Z',
    '251301000000Z',
    '250001000000Z',
    '250100000000Z',
    '250101000000ZZ',
    '250101000000Zx',
    '2501010000000Z',
    '25010100000Z',
    'x50101000000Z',
    '250101000000+2400',
    '250101000000+01000',
    '250101000000+',
    '230229000000Z',
    '2501 1000000Z',
    '25010100Z',
  ])('finds no date in %j', (text) => expect(utc(text)).toBeNaN());

  it('knows that 1900 was not a leap year', () => expect(generalized('19000229000000Z')).toBeNaN());
});
