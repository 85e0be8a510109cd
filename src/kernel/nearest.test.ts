import { describe, expect, it } from 'vitest';

import { editDistance, nearest } from './nearest.js';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['listne', 'listen', 1],
    ['url', 'uri', 1],
  ])('%j, %j: %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe('nearest', () => {
  const names = ['listen_addr', 'listen_port', 'real_ip', 'warn'];

  it.each([
    ['listenPort', 'listen_port'],
    ['LISTEN-ADDR', 'listen_addr'],
    ['real-ip', 'real_ip'],
    ['warning', 'warn'],
    ['frobnicate', undefined],
    ['x', undefined],
  ])('%s means %s', (word, meant) => {
    expect(nearest(word, names)).toBe(meant);
  });
});
