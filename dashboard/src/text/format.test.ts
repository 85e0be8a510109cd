import { describe, expect, it } from 'vitest';
import { ago, bytes, count, duration, percent, rate, timeOfDay, utcTime } from './format.js';

describe('texts of figures', () => {
  it.each([
    [count(1_234_567), '1,234,567'],
    [count(null), '–'],
    [rate(0.44), '0.4'],
    [rate(1234.5), '1,235'],
    [percent(0.374), '37 %'],
    [percent(0.031), '3.1 %'],
    [percent(0), '0 %'],
    [percent(null), '–'],
    [bytes(812), '812 B'],
    [bytes(999_600), '1.0 MB'],
    [bytes(1_400_000), '1.4 MB'],
    [bytes(412_000_000), '412 MB'],
    [bytes(5e16), '50,000 TB'],
  ])('prints %s', (text, expected) => {
    expect(text).toBe(expected);
  });

  it.each([
    [0, '0 ms'],
    [0.0404, '40 ms'],
    [0.9999, '1.0 s'],
    [1.44, '1.4 s'],
    [9.96, '10 s'],
    [59.7, '1 min'],
    [720, '12 min'],
    [3599, '1 h'],
    [12_000, '3 h 20 min'],
    [86_390, '1 d'],
    [187_200, '2 d 4 h'],
    [null, '–'],
  ])('prints %s seconds as %s', (seconds, expected) => {
    expect(duration(seconds)).toBe(expected);
  });

  it('prints how long ago a time was', () => {
    expect(ago(1000, 5400)).toBe('4.0 s ago');
    expect(ago(10_000, 5400)).toBe('now');
    expect(ago(null, 5400)).toBe('–');
  });

  it('prints times that no calendar has', () => {
    expect(utcTime(0)).toBe('1970-01-01 00:00:00 UTC');
    expect(timeOfDay(Date.UTC(2026, 10, 30, 14, 2, 33))).toBe('14:02:33');
    expect(utcTime(253_402_300_799_000)).toBe('9999-12-31 23:59:59 UTC');
    expect(utcTime(-62_167_219_201_000)).toBe('-000001-12-31 23:59:59 UTC');
    expect(utcTime(1e20)).toBe('100000000000000000000');
  });
});
