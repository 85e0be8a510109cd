import { describe, expect, it } from 'vitest';
import { Revalidation, type ValidatorFields } from './revalidation.js';

const body = Buffer.from('head');
const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 29, 11, 12, seconds)).toUTCString();

function after(fields: ValidatorFields, ms = 0): Record<string, string> {
  let now = 1000;
  const revalidation = new Revalidation(() => now);
  expect(revalidation.conditions()).toEqual({});
  revalidation.received(body, fields);
  expect(revalidation.body).toBe(body);
  now += ms;
  return revalidation.conditions();
}

describe(Revalidation.name, () => {
  it.each<[string, ValidatorFields, Record<string, string>]>([
    ['no validator', { date: at(30) }, {}],
    ['an ETag that is not of a file', { etag: '"1"' }, { 'if-none-match': '"1"' }],
    ['an old file', { 'last-modified': at(27), date: at(29) }, { 'if-modified-since': at(27) }],
    [
      'an old file with an ETag',
      { etag: '"6b0c086b-117"', 'last-modified': at(27), date: at(40) },
      { 'if-none-match': '"6b0c086b-117"', 'if-modified-since': at(27) },
    ],
    ['a file of this second', { etag: '"6b0c086b-117"', 'last-modified': at(27), date: at(27) }, {}],
    ['a file of the last second', { etag: '"6b0c086b-117"', 'last-modified': at(27), date: at(28) }, {}],
    ['a file of the future', { etag: 'W/"1"', 'last-modified': at(59), date: at(27) }, {}],
    ['a file without Date', { etag: '"1"', 'last-modified': at(27) }, {}],
    ['a file with an unreadable Date', { 'last-modified': at(27), date: 'now' }, {}],
    ['a file with an unreadable time', { etag: '"1"', 'last-modified': 'now', date: at(27) }, {}],
  ])('sends the validators of %s only if they are strong', (_what, fields, expected) => {
    expect(after(fields)).toEqual(expected);
    expect(after(fields, 59_999)).toEqual(expected);
  });

  it('requests the whole body once a minute, from the log and not from a cache', () => {
    expect(after({ etag: '"1"' }, 60_000)).toEqual({ 'cache-control': 'no-cache' });
    expect(after({ etag: '"1"', 'last-modified': at(27), date: at(40) }, 60_000)).toEqual({
      'cache-control': 'no-cache',
    });
  });

  it('requests the whole body after an unusable one', () => {
    const revalidation = new Revalidation();
    revalidation.received(body, { etag: '"1"' });
    revalidation.forget();
    expect([revalidation.body, revalidation.conditions()]).toEqual([undefined, {}]);
  });
});
