import { expect, it } from 'vitest';
import { fairShare } from './fair-share.js';

it.each<[number[], number, number]>([
  [[], 10, Infinity],
  [[3, 4], 10, Infinity],
  [[5, 5], 10, Infinity],
  [[100], 10, 10],
  [[100, 2], 10, 8],
  [[100, 2, 90], 11, 4],
  [[1, 100, 1, 1], 10, 7],
  [[7, 7, 7], 10, 3],
  [[7, 7, 7], 0, 0],
  [[7, 7, 7], 2, 0],
])('of %j within %d is %d', (wanted, most, share) => {
  expect(fairShare(Float64Array.from(wanted), most)).toBe(share);
  const given = wanted.reduce((sum, amount) => sum + Math.min(amount, share), 0);
  expect(given).toBeLessThanOrEqual(most);
});
