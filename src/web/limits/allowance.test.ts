import { expect, it } from 'vitest';
import { Allowance } from './allowance.js';

it('permits the units of ten seconds and the extra units at once, then as many as the rate allows', () => {
  const allowance = new Allowance(20, 5, 1000);
  expect(allowance.take(205, 1000)).toBe(true);
  expect(allowance.take(1, 1000)).toBe(false);
  expect(allowance.take(19, 2000)).toBe(true);
  expect(allowance.take(2, 2000)).toBe(false);
  expect(allowance.take(205, 3_600_000)).toBe(true);
  expect(allowance.take(1, 3_600_000)).toBe(false);
});

it('permits one unit at any rate', () => {
  const allowance = new Allowance(0.05, 0, 0);
  expect([allowance.take(1, 0), allowance.take(1, 0), allowance.take(1, 40_000)]).toEqual([
    true,
    false,
    true,
  ]);
});

it('has no limit if the rate is 0', () => {
  const allowance = new Allowance(0, 5, 0);
  for (let i = 0; i < 3; i++) expect(allowance.take(1e12, i)).toBe(true);
});
