import { expect, it } from 'vitest';
import { BodyBuffers } from './body-buffers.js';

const KIB = 1024;

it('returns the smallest kept buffer that is large enough', () => {
  const buffers = new BodyBuffers(1024 * KIB);
  const [small, large] = [buffers.take(100 * KIB), buffers.take(300 * KIB)];
  buffers.give(large);
  buffers.give(small);
  expect(buffers.take(90 * KIB)).toBe(small);
  expect(buffers.take(90 * KIB)).toBe(large);
  expect(buffers.take(90 * KIB)).not.toBe(large);
});

it('uses the same buffer for bodies of similar length', () => {
  const buffers = new BodyBuffers(1024 * KIB);
  const first = buffers.take(300 * KIB);
  expect(first.length).toBeLessThan(1.25 * 300 * KIB);
  buffers.give(first);
  expect(buffers.take(303 * KIB)).toBe(first);
});

it('keeps neither too many buffers nor too large ones', () => {
  const buffers = new BodyBuffers(256 * KIB);
  const many = Array.from({ length: 8 }, () => buffers.take(64 * KIB));
  for (const buffer of many) buffers.give(buffer);
  buffers.give(Buffer.alloc(512 * KIB));
  const again = Array.from({ length: 8 }, () => buffers.take(64 * KIB));
  expect(again.filter((buffer) => many.includes(buffer))).toHaveLength(4);
});

it('does not keep small buffers', () => {
  const buffers = new BodyBuffers(256 * KIB);
  const small = buffers.take(KIB);
  buffers.give(small);
  expect(buffers.take(KIB)).not.toBe(small);
});
