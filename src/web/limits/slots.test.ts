import { expect, it } from 'vitest';
import { isFull, Slots } from './slots.js';

it('Slots counts per key and together, and a slot is given back once', () => {
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

it('isFull takes 0 for no limit', () => {
  expect([isFull(0, 0), isFull(1000, 0), isFull(1, 2), isFull(2, 2)]).toEqual([false, false, false, true]);
});
