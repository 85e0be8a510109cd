import { expect, it } from 'vitest';
import { isFull, Slots } from './slots.js';

it('Slots counts slots per key and in total, and takes back each slot once', () => {
  const slots = new Slots();
  const [a1, a2, b] = [slots.take('a'), slots.take('a'), slots.take('b')];
  expect([slots.of('a'), slots.of('b'), slots.total]).toEqual([2, 1, 3]);
  a1();
  a1();
  expect([slots.of('a'), slots.total]).toEqual([1, 2]);
  a2();
  b();
  expect([slots.of('a'), slots.of('b'), slots.total]).toEqual([0, 0, 0]);
});

it('isFull treats the limit 0 as no limit', () => {
  expect([isFull(0, 0), isFull(1000, 0), isFull(1, 2), isFull(2, 2)]).toEqual([false, false, false, true]);
});
