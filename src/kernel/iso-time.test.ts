import { expect, it } from 'vitest';
import { isoTime, millisecondsOf } from './iso-time.js';

it('a time becomes ISO 8601 and is read back', () => {
  for (const ms of [1, 1_796_055_702_123, 8.64e15]) expect(millisecondsOf(isoTime(ms))).toBe(ms);
  expect(isoTime(1_796_055_702_123)).toBe('2026-11-30T16:21:42.123Z');
});

it.each([[undefined], [0], [NaN], [Infinity], [8.64e15 + 1], [2 ** 60]])('%s is no time', (ms) => {
  expect(isoTime(ms)).toBeNull();
});

it.each([[undefined], [null], [''], ['yesterday']])('the text %s is no time', (text) => {
  expect(millisecondsOf(text)).toBeNull();
});
