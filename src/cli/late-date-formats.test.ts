import { afterEach, describe, expect, it } from 'vitest';
import { withLateDateFormats } from './late-date-formats.js';

const { DateTimeFormat } = Intl;
const NOON = Date.UTC(2026, 10, 22, 12);

describe('withLateDateFormats', () => {
  afterEach(() => {
    Intl.DateTimeFormat = DateTimeFormat;
  });

  it('creates a format when it is first used', async () => {
    const options = { timeZone: 'No/Where' };
    const [wrong] = await withLateDateFormats(async () => [new Intl.DateTimeFormat('en', options)]);
    expect(() => wrong.format(NOON)).toThrow(RangeError);
  });

  it('creates formats that behave like usual formats', async () => {
    const options = { dateStyle: 'short', timeStyle: 'short', timeZone: 'UTC' } as const;
    const [late] = await withLateDateFormats(async () => [new Intl.DateTimeFormat('en-GB', options)]);
    expect(late.format(NOON)).toBe('22/11/2026, 12:00');
    const formatted = [NOON].map(Reflect.get(late, 'format'));
    expect(formatted).toEqual(['22/11/2026, 12:00']);
    expect(late.resolvedOptions().timeZone).toBe('UTC');
    expect(late).toBeInstanceOf(DateTimeFormat);
  });

  it('restores Intl.DateTimeFormat, also after an error', async () => {
    await withLateDateFormats(async () => expect(Intl.DateTimeFormat).not.toBe(DateTimeFormat));
    expect(Intl.DateTimeFormat).toBe(DateTimeFormat);
    await expect(withLateDateFormats(() => Promise.reject(new Error('not found')))).rejects.toThrow(
      'not found',
    );
    expect(Intl.DateTimeFormat).toBe(DateTimeFormat);
  });
});
